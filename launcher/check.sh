# shellcheck shell=bash
# `./muster check`: whether a node could run here, or the one that does runs well. A line for each thing
# that was looked at; nothing is started or changed but a file in D that is removed again. Sourced by
# ./muster.

CHECK_BAD=0
FREE_BAD_MIB=256 FREE_WARN_MIB=1024 # on the node's disk
SYNC_WARN_US=10000                  # a change waits for one
DESCRIPTORS=65536                   # more an actor does not take

verdict() { # ok|warn|bad SUBJECT TEXT
    local colour='' end='' text
    if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
        case $1 in ok) colour=$'\e[32m' ;; warn) colour=$'\e[33m' ;; bad) colour=$'\e[31m' ;; esac
        end=$'\e[0m'
    fi
    [ "$1" != bad ] || CHECK_BAD=1
    text=$(harmless <<<"$3")
    printf '%s%-4s%s  %-13s %s\n' "$colour" "$1" "$end" "$2" "${text//$'\n'/ }"
}

check_programs() {
    local kind version first='' odd=''
    for kind in "${KINDS[@]}"; do
        version=$("$BIN/muster-$kind" --version 2>/dev/null)
        version=${version##* }
        [ -n "$version" ] || { verdict bad programs "$BIN/muster-$kind does not run: install again"; return; }
        : "${first:=$version}"
        [ "$version" = "$first" ] || odd+=" muster-$kind is $version"
    done
    if [ -z "$odd" ]; then
        verdict ok programs "version $first in $BIN"
    else
        verdict warn programs "not all of one version: the first is $first,$odd: install again"
    fi
}

check_configuration() {
    local said
    if said=$("$BIN/muster-gateway" --dir "$DIR" "${ARGS[@]}" --check-config 2>&1 </dev/null); then
        verdict ok configuration "${CONFIG_FROM:-the defaults}"
        return 0
    fi
    verdict bad configuration "$said"
    return 1
}

check_directory() {
    local why place=$DIR
    if ! why=$("$BIN/musterctl" launch check --dir "$DIR" 2>&1); then
        verdict bad directory "${why#musterctl: }"
        return
    fi
    while [ ! -e "$place" ] && [ "$place" != / ]; do place=$(dirname "$place"); done
    if [ ! -w "$place" ]; then
        verdict bad directory "$place is not to be written to: give --dir a place of this user's"
    elif [ "$(printf %s "$RUN/replicator.commands" | wc -c)" -gt "$IPC_PATH_MAX" ]; then
        verdict bad directory "$RUN is too long a path for a socket: choose a shorter one with --dir"
    else
        verdict ok directory "$DIR"
    fi
}

# ── ports ──

holder_of() { # KIND…; the first that runs here, with its pid
    local kind actor
    for kind in "$@"; do
        for actor in "${!LIVE[@]}"; do
            [ "${actor%%.*}" != "$kind" ] || { echo "$actor, pid ${LIVE[$actor]}"; return; }
        done
    done
    return 1
}

check_port() { # KEY ADDRESS KIND
    local key=$1 address=$2 kind=$3 why holder low high port=${2##*:}
    [ -n "$address" ] || return 0
    if [[ $address == *:0 ]]; then
        verdict ok ports "$key: a free one is chosen when it starts"
    elif holder=$(holder_of "$kind"); then
        verdict ok ports "$key $address is this node's ($holder)"
    elif ! why=$("$BIN/musterctl" launch bind "$key=$address" 2>&1); then
        verdict bad ports "${why#musterctl: }"
    elif read -r low high </proc/sys/net/ipv4/ip_local_port_range && ((port >= low && port <= high)) 2>/dev/null; then
        verdict warn ports "$key $address is free, but the kernel gives ports from $low to $high to clients: while the node is down one may get it; choose another, or keep it with net.ipv4.ip_local_reserved_ports=$port"
    else
        verdict ok ports "$key $address is free"
    fi
}

check_ports() {
    local kind
    check_port gateway.listen "$(setting gateway.listen 127.0.0.1:7171)" gateway
    [ "$(setting store.enabled true)" != true ] || check_port etcd.listen "$(setting etcd.listen 127.0.0.1:2379)" etcd
    check_port peers.listen "$(setting peers.listen '')" replicator
    for kind in "${KINDS[@]}"; do check_port "endpoints.$kind" "$(setting "endpoints.$kind" '')" "$kind"; done
}

# ── keys ──

check_keys() {
    local keys mode others
    keys=$(setting peers.keys '')
    if [ -z "$keys" ]; then
        if [ "$(setting security.insecure false)" = true ]; then
            verdict warn keys "none, and security.insecure: anybody on the network may speak as a node; musterctl keygen makes keys"
        else
            verdict ok keys "none: no link leaves this host"
        fi
    elif [ ! -r "$keys/node.key" ]; then
        verdict bad keys "$keys/node.key can't be read: musterctl keygen $keys makes one, or give it to this user"
    else
        mode=$(stat -c %a "$keys/node.key")
        others=$(find "$keys" -maxdepth 1 -name '*.pub' | wc -l)
        if ((8#$mode & 8#077)); then
            verdict bad keys "$keys/node.key can be read by others (mode $mode): chmod 600 $keys/node.key"
        elif [ "$others" -eq 0 ]; then
            verdict bad keys "no .pub is in $keys: copy there that of every host this one is to talk to, and its own"
        else
            verdict ok keys "$keys: node.key and $others .pub"
        fi
    fi
}

# ── this host ──

check_descriptors() {
    local hard
    hard=$(ulimit -Hn)
    if [ "$hard" = unlimited ] || [ "$hard" -ge $DESCRIPTORS ]; then
        verdict ok descriptors "$hard"
    elif [ "$hard" -ge 4096 ]; then
        verdict warn descriptors "$hard, which bounds connections: raise it to $DESCRIPTORS (ulimit -Hn, LimitNOFILE=)"
    else
        verdict bad descriptors "$hard is too few for a node with clients: raise it to $DESCRIPTORS (ulimit -Hn, LimitNOFILE=)"
    fi
}

clock_is_synchronised() { # prints yes, no, or nothing when it can't be told
    if command -v timedatectl >/dev/null && [ -S /run/dbus/system_bus_socket ]; then
        timeout 2 timedatectl show -p NTPSynchronized --value 2>/dev/null
    elif command -v chronyc >/dev/null; then
        timeout 2 chronyc tracking 2>/dev/null | sed -n 's/^Leap status *: Normal$/yes/p; s/^Leap status *: Not.*/no/p'
    fi
}

check_clock() {
    local now
    printf -v now '%(%Y-%m-%d %H:%M:%S%z)T' -1
    if [ "${now%%-*}" -lt 2025 ]; then
        verdict bad clock "$now: set it; dirty_timestamps that are made now lose against any made elsewhere"
        return
    fi
    case $(clock_is_synchronised) in
    yes) verdict ok clock "$now, synchronised" ;;
    no) verdict warn clock "$now, not synchronised: writes at different nodes are ordered by their clocks; run chrony or systemd-timesyncd" ;;
    *) verdict ok clock "$now; whether it is synchronised can't be told here" ;;
    esac
}

check_disk() {
    local place=$DIR free inodes file began us i
    while [ ! -d "$place" ] && [ "$place" != / ]; do place=$(dirname "$place"); done
    free=$(df -Pk "$place" 2>/dev/null | awk 'NR == 2 {print int($4 / 1024)}')
    inodes=$(df -Pi "$place" 2>/dev/null | awk 'NR == 2 && $2 > 0 {print $4}')
    if [ -z "$free" ]; then
        verdict warn disk "how much room there is below $place can't be told"
    elif [ "$free" -lt $FREE_BAD_MIB ] || { [ -n "$inodes" ] && [ "$inodes" -lt 100 ]; }; then
        verdict bad disk "$free MiB and ${inodes:-enough} inodes are free below $place: make room; a full disk keeps changes in memory only"
    elif [ "$free" -lt $FREE_WARN_MIB ]; then
        verdict warn disk "$free MiB are free below $place: make room before it is full"
    else
        verdict ok disk "$free MiB are free below $place"
    fi
    file=$(mktemp "$place/.muster-check.XXXXXX" 2>/dev/null) || return 0 # said of the directory
    began=${EPOCHREALTIME//[.,]/}
    for i in {1..10}; do
        dd if=/dev/zero of="$file" bs=4096 count=10 oflag=dsync conv=notrunc 2>/dev/null || i=failed
        [ "$i" != failed ] || break
    done
    us=$(((${EPOCHREALTIME//[.,]/} - began) / 100))
    rm -f "$file"
    if [ "$i" = failed ]; then
        verdict bad disk "nothing can be written and synced below $place: look at the disk"
    elif [ $us -gt $SYNC_WARN_US ]; then
        verdict warn disk "a sync takes $((us / 1000)) ms, and each write waits for one: use a faster disk, or registry.journal_sync=1s"
    else
        verdict ok disk "a sync takes $us us"
    fi
}

kernel_limit() { # FILE ATLEAST WHAT-FOR
    local value name=${1//\//.}
    read -r value 2>/dev/null <"/proc/sys/$1" || return 0
    if [ "$value" -ge "$2" ]; then
        verdict ok kernel "$name=$value"
    else
        verdict warn kernel "$name=$value: $3; sysctl -w $name=$2"
    fi
}

check_kernel() {
    kernel_limit net/core/somaxconn 1024 "connections that come at once are refused beyond so many"
    kernel_limit fs/inotify/max_user_instances 64 "files of schedules may not be watched"
    kernel_limit net/ipv4/tcp_max_syn_backlog 512 "clients that connect at once are made to try again"
}

verb_check() {
    find_binaries
    CONFIG_FROM=
    look || true
    if [ ${#ARGS[@]} -gt 0 ]; then
        CONFIG_FROM="the flags given"
    elif (read_kept) 2>/dev/null; then
        read_kept
        ARGS=("${KEPT_FLAGS[@]}")
        CONFIG_FROM="as the last up was told"
        [ -z "$KEPT_PORT$KEPT_ETCD_PORT" ] || (node_settings) >/dev/null 2>&1 && node_settings
    fi
    check_programs
    if check_configuration; then
        read_settings 2>/dev/null
        check_directory
        check_ports
        check_keys
    else
        check_directory
    fi
    check_descriptors
    check_clock
    check_disk
    check_kernel
    [ $CHECK_BAD = 0 ]
}
