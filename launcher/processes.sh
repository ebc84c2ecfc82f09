# shellcheck shell=bash
# The actors of a node as processes: which there are, whether one runs, what they are set to, how
# they are ended. Sourced by ./muster; uses DIR, RUN, BIN and ARGS.

now_ms() { # monotonic, without a fork; sets NOW
    local seconds rest
    IFS='. ' read -r seconds rest _ </proc/uptime
    NOW=$((10#$seconds * 1000 + 10#$rest * 10))
}

# 0 if pid is a running process whose command line is `*/muster-<actor> … <DIR>`.
is_actor() {
    local actor=$1 pid=$2 argv=() state
    [ -n "$pid" ] && [ -r "/proc/$pid/stat" ] || return 1
    state=$(<"/proc/$pid/stat") 2>/dev/null || return 1
    state=${state##*) }
    case $state in [ZX]*) return 1 ;; esac
    mapfile -d '' -t argv <"/proc/$pid/cmdline" 2>/dev/null || return 1
    [ ${#argv[@]} -gt 0 ] || return 1
    if [ "$actor" = launcher ]; then
        [[ " ${argv[*]} " == *" supervise "* && " ${argv[*]} " == *" $DIR "* ]]
        return
    fi
    [ "${argv[0]##*/}" = "muster-${actor%%.*}" ] || return 1
    [[ " ${argv[*]} " == *" --dir $DIR "* ]] || return 1
    [[ $actor != gateway.* || " ${argv[*]} " == *" --index ${actor#gateway.} "* ]]
}

# Prints the pid of an actor of this node that runs, whoever started it.
pid_of() {
    local pid=
    [ -r "$RUN/$1.pid" ] && read -r pid <"$RUN/$1.pid"
    is_actor "$1" "$pid" && printf '%s' "$pid"
}

# Sets SETTINGS to what the actors make of the flags; refuses wrong ones before anything starts.
read_settings() {
    SETTINGS=$("$BIN/muster-gateway" --dir "$DIR" "${ARGS[@]}" --check-config) ||
        die "the configuration is refused (see above)"
}

listens_here() { (exec 8<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A port nobody listens on, nor on that of the node's door a thousand above; below those the kernel
# gives to clients.
free_port() {
    local port
    while port=$((20000 + RANDOM % 11000)) && { listens_here "$port" || listens_here $((port + 1000)); }; do :; done
    echo "$port"
}

# Sets ARGS and SETTINGS as every process of this node takes them. A free port, asked for as port 0, is
# chosen once and kept over restarts: it is part of the node's own name and address.
node_settings() {
    local listen
    mapfile -t ARGS <"$RUN/args"
    read_settings
    listen=$(setting gateway.listen 127.0.0.1:7171)
    if [[ $listen == *:0 ]]; then
        [ -s "$RUN/http.port" ] || free_port >"$RUN/http.port"
        ARGS+=("--gateway.listen=${listen%:*}:$(<"$RUN/http.port")")
        read_settings
    fi
}

setting() { # section.key DEFAULT
    local value
    value=$(sed -n "/^\[${1%%.*}\]/,/^\[/s/^${1#*.} = \"\{0,1\}\([^\" #]*\).*/\1/p" <<<"$SETTINGS")
    printf '%s' "${value:-$2}"
}

duration_ms() {
    case $1 in
    *ms) echo $((${1%ms})) ;;
    *s) echo $((${1%s} * 1000)) ;;
    *m) echo $((${1%m} * 60000)) ;;
    *h) echo $((${1%h} * 3600000)) ;;
    *) echo $(($1)) ;;
    esac
}

is_actor_name() { [[ $1 =~ ^(registry|replicator|evictor|gateway(\.[0-9]{1,2})?)$ ]]; }

check_actors() {
    local name
    for name in "$@"; do
        is_actor_name "$name" ||
            die "no actor $name: registry, replicator, evictor, gateway (or gateway.0 …)"
    done
}

# Prints every actor that the names stand for, in starting order.
expand_actors() {
    local i processes name
    processes=$(setting gateway.processes 1)
    for name in registry replicator evictor; do
        [ $# -eq 0 ] || [[ " $* " == *" $name "* ]] && echo "$name"
    done
    for ((i = 0; i < processes; i++)); do
        [ $# -eq 0 ] || [[ " $* " == *" gateway "* || " $* " == *" gateway.$i "* ]] && echo "gateway.$i"
    done
    return 0
}

# Sets HOST and PORT.
address() { # HOST:PORT
    HOST=${1%:*}
    PORT=${1##*:}
    case $HOST in 0.0.0.0 | '*' | '') HOST=127.0.0.1 ;; '[::]') HOST='[::1]' ;; esac
}

http_address() { # of the HTTP edge
    address "$(setting gateway.listen 127.0.0.1:7171)"
}

unbracketed() { # [::1] as /dev/tcp takes it
    local host=${1#[}
    printf '%s' "${host%]}"
}

# 0 if GET /readyz answers 200. A subshell, so that a peer that hangs up ends nothing else.
readyz() {
    http_address
    (
        exec 8<>"/dev/tcp/$(unbracketed "$HOST")/$PORT" || exit 1
        printf 'GET /readyz HTTP/1.1\r\nHost: %s:%s\r\nConnection: close\r\n\r\n' "$HOST" "$PORT" >&8
        read -r -t 2 line <&8 && [[ $line == *" 200 "* ]]
    ) 2>/dev/null
}

ping_actor() { "$BIN/musterctl" ping "$1" --dir "$DIR" >/dev/null 2>&1; }

# ── stopping ─────────────────────────────────────────────────────────────────

# Waits up to the given time for the pid to be gone.
gone_within() { # ACTOR PID MS
    local until
    now_ms
    until=$((NOW + $3))
    while is_actor "$1" "$2"; do
        now_ms
        [ "$NOW" -lt "$until" ] || return 1
        sleep 0.05
    done
}

stop_actor() {
    local actor=$1 pid=$2 leave=()
    [ ! -e "$RUN/leave" ] || leave=(--leave)
    echo "muster: stopping $actor (pid $pid)"
    timeout -s KILL 5 "$BIN/musterctl" shutdown "$actor" "${leave[@]}" --dir "$DIR" >/dev/null 2>&1 &&
        gone_within "$actor" "$pid" $STOP_WAIT_MS && return
    kill -TERM "$pid" 2>/dev/null
    gone_within "$actor" "$pid" $((STOP_WAIT_MS / 2)) && return
    echo "muster: $actor (pid $pid) did not end: killed"
    kill -KILL "$pid" 2>/dev/null
    gone_within "$actor" "$pid" $STOP_WAIT_MS
}

# Ends every actor of this node, own children or not: gateways, evictor, replicator, registry.
stop_all() {
    local actor pid names
    names=$(cd "$RUN" 2>/dev/null && ls | sed -n 's/^\(gateway\.[0-9]*\)\.\(pid\|lock\|commands\)$/\1/p' | sort -u)
    for actor in $names evictor replicator registry; do
        pid=${PID[$actor]:-}
        is_actor "$actor" "$pid" || pid=$(pid_of "$actor") || continue
        stop_actor "$actor" "$pid"
        [ "${CHILD[$actor]:-0}" = 0 ] || wait "$pid" 2>/dev/null
    done
    rm -f "$RUN"/*.commands "$RUN"/*.facts "$RUN"/*.pid "$RUN"/*.port "$RUN"/gateway.*.toml "$RUN/status" "$RUN/leave"
}
