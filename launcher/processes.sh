# shellcheck shell=bash
# The actors of a node as processes: which there are, whether one runs, what they are set to, how
# they are ended. Sourced by ./muster; uses DIR, RUN, BIN, ARGS and place.sh.

now_ms() { # monotonic, without a fork; sets NOW
    local seconds rest
    IFS='. ' read -r seconds rest _ </proc/uptime
    NOW=$((10#$seconds * 1000 + 10#$rest * 10))
}

# Kinds of actors in starting order, and those of which there may be many: as `musterctl actors` says,
# which there may be no program for yet. tests/tidy.sh compares them with the table.
KINDS=(registry replicator evictor gateway store etcd)
MANY=(gateway etcd)

declare -A SETTINGS=()

# Sets SETTINGS to what the actors make of the flags; refuses wrong ones before anything starts.
read_settings() {
    local said line
    said=$("$BIN/muster-gateway" --dir "$DIR" "${ARGS[@]}" --settings) ||
        die "the configuration is refused (see above)"
    SETTINGS=()
    while IFS= read -r line; do SETTINGS[${line%%=*}]=${line#*=}; done <<<"$said"
}

# A port nobody listens on, nor on that of the node's door a thousand above; below those the kernel
# gives to clients. Nor one that this node has chosen for something else, and does not listen on yet.
free_port() { # [OTHER]
    local port other=${1:-0}
    while port=$((20000 + RANDOM % 11000)) &&
        { ((port == other || port + 1000 == other || port == other + 1000)) ||
            ! "$BIN/musterctl" launch bind "a=127.0.0.1:$port" "b=127.0.0.1:$((port + 1000))" >/dev/null 2>&1; }; do :; done
    echo "$port"
}

# Sets ARGS and SETTINGS as every process of this node takes them, from what is kept. A free port, asked
# for as port 0, is chosen once and kept over restarts: it is part of the node's own name and address.
node_settings() {
    local listen etcd
    ARGS=("${KEPT_FLAGS[@]}")
    read_settings
    listen=$(setting gateway.listen 127.0.0.1:7171)
    etcd=$(setting etcd.listen 127.0.0.1:2379)
    if [[ $listen == *:0 ]]; then
        [ -n "$KEPT_PORT" ] || KEPT_PORT=$(free_port "$KEPT_ETCD_PORT")
        ARGS+=("--gateway.listen=${listen%:*}:$KEPT_PORT")
    fi
    if [[ $etcd == *:0 ]]; then
        [ -n "$KEPT_ETCD_PORT" ] || KEPT_ETCD_PORT=$(free_port "$KEPT_PORT")
        ARGS+=("--etcd.listen=${etcd%:*}:$KEPT_ETCD_PORT")
    fi
    [[ $listen != *:0 && $etcd != *:0 ]] || read_settings
}

setting() { # section.key DEFAULT
    printf '%s' "${SETTINGS[$1]:-$2}"
}

# What comes from a configuration is data: a number is only calculated with once it is seen to be one,
# a host only connected to once it is seen to be no path.
number() { # TEXT OTHERWISE
    if [[ $1 =~ ^[0-9]{1,9}$ ]]; then echo "$((10#$1))"; else echo "$2"; fi
}

duration_ms() {
    [[ $1 =~ ^([0-9]{1,9})(ms|s|m|h)$ ]] || { number "$1" 0; return; }
    case ${BASH_REMATCH[2]} in
    ms) echo $((10#${BASH_REMATCH[1]})) ;;
    s) echo $((10#${BASH_REMATCH[1]} * 1000)) ;;
    m) echo $((10#${BASH_REMATCH[1]} * 60000)) ;;
    h) echo $((10#${BASH_REMATCH[1]} * 3600000)) ;;
    esac
}

is_many() { [[ " ${MANY[*]} " == *" $1 "* ]]; } # KIND

is_actor_name() {
    [[ " ${KINDS[*]} " == *" $1 "* ]] || { [[ $1 =~ ^([a-z]+)\.[0-9]{1,2}$ ]] && is_many "${BASH_REMATCH[1]}"; }
}

check_actors() {
    local name
    for name in "$@"; do
        is_actor_name "$name" || die "no actor $name: ${KINDS[*]} (or gateway.0, etcd.0 …)"
    done
}

# Whether it is one of the store and its gateway, which a node may be without.
is_of_store() { case ${1%%.*} in store | etcd) return 0 ;; esac; return 1; }

# Prints every actor that the names stand for, in starting order; without names all that the node has.
expand_actors() {
    local kind i processes
    for kind in "${KINDS[@]}"; do
        [ $# -gt 0 ] || ! is_of_store "$kind" || [ "$(setting store.enabled true)" = true ] || continue
        if ! is_many "$kind"; then
            [ $# -eq 0 ] || [[ " $* " == *" $kind "* ]] && echo "$kind"
            continue
        fi
        processes=$(number "$(setting "$kind.processes" 1)" 1)
        for ((i = 0; i < processes; i++)); do
            [ $# -eq 0 ] || [[ " $* " == *" $kind "* || " $* " == *" $kind.$i "* ]] && echo "$kind.$i"
        done
    done
    return 0
}

# The names given, in starting order, each once.
in_order() {
    local kind
    for kind in "${KINDS[@]}"; do
        printf '%s\n' "$@" | grep -E "^$kind(\.|\$)" | sort -t. -k2n -u
    done
}

# Sets HOST and PORT.
address() { # KEY LISTEN
    HOST=${2%:*}
    PORT=$(number "${2##*:}" 0)
    case $HOST in 0.0.0.0 | '*' | '') HOST=127.0.0.1 ;; '[::]') HOST='[::1]' ;; esac
    [[ $HOST =~ ^(\[[0-9a-fA-F:.%a-z]*\]|[A-Za-z0-9._-]+)$ ]] || die "$1: $(printf %q "$HOST") is no host"
}

# Of the HTTP edge: where a gateway, or that one, says it listens, whatever it was started with; before it
# does, where it is set to.
http_address() { # [ACTOR]
    local file listen=
    # shellcheck disable=SC2231 # a pattern
    for file in "$RUN"/${1:-gateway.*}.toml; do
        listen=$(sed -n '/^\[gateway\]$/,/^\[/s/^listen = "\(.*\)"$/\1/p' "$file" 2>/dev/null)
        [ -z "$listen" ] || break
    done
    address gateway.listen "${listen:-$(setting gateway.listen 127.0.0.1:7171)}"
}

etcd_address() {
    address etcd.listen "$(setting etcd.listen 127.0.0.1:2379)"
}

unbracketed() { # [::1] as /dev/tcp takes it
    local host=${1#[}
    printf '%s' "${host%]}"
}

# 0 if GET PATH at HOST and PORT answers 200. A subshell, so that a peer that hangs up ends nothing else.
answers_200() { # PATH
    (
        exec 8<>"/dev/tcp/$(unbracketed "$HOST")/$PORT" || exit 1
        printf 'GET %s HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$1" "$HOST" "$PORT" >&8
        read -r -t 2 line <&8 && [[ $line == *" 200 "* ]]
    ) 2>/dev/null
}

readyz() { # [ACTOR]
    http_address "$@"
    answers_200 /readyz
}

etcd_serves() { # the store is there, and has a leader
    etcd_address
    answers_200 /health
}

ping_actor() { "$BIN/musterctl" ping "$1" --dir "$DIR" >/dev/null 2>&1; }

# Whether it answers and the launcher knows it does: what says that it is up, and `status` after it, agree.
is_up() { # ACTOR [PID]
    ping_actor "$1" && grep -q "^$1 ${2:-[0-9]*} .* up$" "$RUN/status" 2>/dev/null
}

# ── saying ──

json_text() { # TEXT; sets QUOTED
    local text=${1//\\/\\\\}
    text=${text//\"/\\\"}
    text=${text//$'\n'/\\n}
    text=${text//$'\t'/\\t}
    QUOTED="\"${text//[[:cntrl:]]/ }\""
}

# A line of the launcher's log, in the form that the actors' have.
note() { # LEVEL EVENT TEXT [KEY VALUE]…
    local time ms line
    ms=${EPOCHREALTIME#*[.,]}
    TZ=UTC printf -v time '%(%Y-%m-%dT%H:%M:%S)T' "${EPOCHREALTIME%[.,]*}"
    json_text "${SETTINGS[node.name]:-}"
    line="{\"time\":\"$time.${ms:0:3}Z\",\"level\":\"$1\",\"node\":$QUOTED,\"actor\":\"launcher\",\"index\":0,\"event\":\"$2\""
    json_text "$3"
    line+=",\"text\":$QUOTED"
    shift 3
    while [ $# -gt 1 ]; do
        if [[ $2 =~ ^(0|[1-9][0-9]{0,14})$ ]]; then QUOTED=$2; else json_text "$2"; fi
        line+=",\"$1\":$QUOTED"
        shift 2
    done
    printf '%s}\n' "$line"
}

# To a person, or on the launcher's log.
tell() { # LEVEL EVENT TEXT ACTOR PID
    if [ -n "${SUPERVISES:-}" ]; then
        note "$1" "$2" "$3" of "$4" pid "$5"
    else
        echo "muster: $3 $4 (pid $5)"
    fi
}

# ── stopping ─────────────────────────────────────────────────────────────────

# Waits up to the given time for the process to be gone.
gone_within() { # PID MS
    local until
    now_ms
    until=$((NOW + $2))
    while lives "$1"; do
        now_ms
        [ "$NOW" -lt "$until" ] || return 1
        sleep 0.05
    done
}

stop_actor() { # ACTOR PID
    local actor=$1 pid=$2 leave=(--force) # who asks for the end has been told what is lost by it
    [ "$LEAVE" = 0 ] || leave+=(--leave)
    tell info stops "stopping" "$actor" "$pid"
    timeout -s KILL 5 "$BIN/musterctl" shutdown "$actor" "${leave[@]}" --dir "$DIR" >/dev/null 2>&1 &&
        gone_within "$pid" $STOP_WAIT_MS && return
    kill -TERM "$pid" 2>/dev/null
    gone_within "$pid" $((STOP_WAIT_MS / 2)) && return
    tell error killed "killed, as it did not end:" "$actor" "$pid"
    kill -KILL "$pid" 2>/dev/null
    gone_within "$pid" $STOP_WAIT_MS
}

# Ends every actor of this node, own children or not: in the reverse of the order they start in. What they
# leave is removed once nobody lives there any more, whatever the directory is called.
stop_all() {
    local actor pid
    look || if [ -n "${SUPERVISES:-}" ]; then note warn unseen "who runs cannot be told" reason "$WHY"; else echo "muster: $WHY"; fi
    for actor in $(in_order "${!LIVE[@]}" "${!PID[@]}" | tac); do
        pid=${PID[$actor]:-}
        lives "$pid" || pid=${LIVE[$actor]:-}
        lives "$pid" || continue
        stop_actor "$actor" "$pid"
        [ "${CHILD[$actor]:-0}" = 0 ] || wait "$pid" 2>/dev/null
    done
    look || return 1
    ! any_actor_lives || return 1
    [ ! -d "$RUN" ] || rm -f "$RUN"/*.commands "$RUN"/*.facts "$RUN"/*.pid "$RUN"/gateway.*.toml "$RUN/status"
}
