# shellcheck shell=bash
# What `up` does before and after the supervisor: looks whether it can succeed, keeps what it was told,
# waits, and says who failed. Sourced by ./muster.

# An address nobody can listen at is told at once; otherwise the actor would be tried again and again.
check_addresses() { # ACTOR…
    local actor key default addresses=() why
    for actor in "$@"; do
        case $actor in
        gateway.0 | gateway) key=gateway.listen default=127.0.0.1:7171 ;;
        etcd.0 | etcd) key=etcd.listen default=127.0.0.1:2379 ;;
        replicator) key=peers.listen default=127.0.0.1:0 ;;
        *) key= ;;
        esac
        [ -z "$key" ] || address_of "$actor" "$key" "$default"
        address_of "$actor" "endpoints.${actor%%.*}" ''
    done
    [ ${#addresses[@]} -gt 0 ] || return 0
    why=$("$BIN/musterctl" launch bind "${addresses[@]}" 2>&1) && return 0
    [[ $why != *etcd.listen* ]] ||
        why+=$'\n'"  An etcd may run there, which is left alone: --store.enabled=false starts the node without a store"
    die "nothing was started:"$'\n'"${why//musterctl: /  }"
}

address_of() { # ACTOR KEY DEFAULT; appends to addresses
    local value
    value=$(setting "$2" "$3")
    [ -z "$value" ] || [[ $value == *:0 ]] || addresses+=("$1: $2=$value")
}

# Everything before the supervisor starts: binaries, directories, flags, actors. Holds the directory's
# lock when it returns.
prepare() {
    local wanted actor to_start=()
    check_path
    find_binaries build
    check_place
    (umask 077 && mkdir -p "$DIR" && mkdir -p "$RUN" "$DIR/data" "$LOG") ||
        die "cannot make $DIR: give --dir a writable place"
    check_place
    lock_place
    look_around
    if [ ${#LIVE[@]} -gt 0 ]; then
        TRIES=3 # one that is about to end may still hold a lock
        join_running
    else
        TRIES=2
        start_afresh
    fi
    node_settings
    wanted=$(expand_actors "${NAMES[@]}") || exit 1
    [ -n "$wanted" ] || die "nothing to start: ${NAMES[*]}"
    wanted=$(startable "$wanted")
    for actor in $wanted; do
        is_expected "$actor" || to_start+=("$actor")
    done
    check_addresses "${to_start[@]}"
    # shellcheck disable=SC2086 # names, a line each
    mapfile -t KEPT_ACTORS < <(in_order $wanted "${KEPT_ACTORS[@]}")
    keep
}

# Those of the names that the launcher which runs can start: one that was begun by an earlier version goes
# on as it is.
startable() { # NAMES, a line each
    local actor left=
    for actor in $1; do
        if [ -z "${LIVE[launcher]:-}" ] || [[ " $KEPT_KINDS " == *" ${actor%%.*} "* ]]; then
            echo "$actor"
        else
            left+=" $actor"
        fi
    done
    [ -z "$left" ] || echo "muster: the launcher that runs is of an earlier version, without$left; $ME down, then up, starts all" >&2
}

# Whether its address may be held by this node itself: one of its kind runs, or is about to be started again.
is_expected() { # ACTOR
    local kind=${1%%.*}
    [[ " ${!LIVE[*]}" == *" $kind"* ]] || { [ -n "${LIVE[launcher]:-}" ] && [[ " ${KEPT_ACTORS[*]} " == *" $1 "* ]]; }
}

# It runs: its flags stay.
join_running() {
    if ! read_kept && [ -n "${LIVE[launcher]:-}" ]; then
        kill -USR1 "${LIVE[launcher]}" # which writes down what it knows
        sleep 0.5
        read_kept || recover_kept
    elif [ ! -e "$DIR/launch" ]; then
        recover_kept
    fi
    [ -n "${LIVE[launcher]:-}" ] || KEPT_KINDS=${KINDS[*]}
    if [ ${#NAMES[@]} -eq 0 ]; then KEPT_SOME=; fi
    [ ${#ARGS[@]} -eq 0 ] || [ "${ARGS[*]}" = "${KEPT_FLAGS[*]}" ] ||
        echo "muster: already running with other flags, which stay; $ME down, then up, changes them" >&2
}

# Nothing runs: other flags than those that are kept replace them; without any, those are meant.
start_afresh() {
    if [ ! -e "$DIR/launch" ] || { [ ${#ARGS[@]} -gt 0 ] && ! (read_kept) 2>/dev/null; }; then
        forget_kept
        KEPT_FLAGS=("${ARGS[@]}")
    else
        read_kept
        [ -z "$KEPT_PORT" ] || is_free "$KEPT_PORT" || KEPT_PORT=
        [ -z "$KEPT_ETCD_PORT" ] || is_free "$KEPT_ETCD_PORT" || KEPT_ETCD_PORT=
        if [ ${#ARGS[@]} -gt 0 ]; then
            [ "${ARGS[*]}" = "${KEPT_FLAGS[*]}" ] || KEPT_PORT= KEPT_ETCD_PORT=
            KEPT_FLAGS=("${ARGS[@]}")
        else
            [ ${#KEPT_FLAGS[@]} -eq 0 ] ||
                echo "muster: goes on with the flags it ended with: ${KEPT_FLAGS[*]} ($ME down forgets them)" >&2
            # only some actors: those again
            [ ${#NAMES[@]} -gt 0 ] || [ -z "$KEPT_SOME" ] || NAMES=("${KEPT_ACTORS[@]}")
        fi
    fi
    KEPT_ACTORS=() KEPT_KINDS=${KINDS[*]} KEPT_SOME=
    [ ${#NAMES[@]} -eq 0 ] || KEPT_SOME=1
}

is_free() { "$BIN/musterctl" launch bind "a=127.0.0.1:$1" >/dev/null 2>&1; } # PORT

# 0 once every actor is up, the HTTP edge is ready and etcd's API is served; else BLAME is the first that
# is not.
node_ready() {
    local actor
    for actor in "${KEPT_ACTORS[@]}"; do
        [ -z "${ANSWERED[$actor]:-}" ] || continue
        BLAME=$actor
        is_up "$actor" || return 1
        ANSWERED[$actor]=1
    done
    if BLAME=$(printf '%s\n' "${KEPT_ACTORS[@]}" | grep -m 1 '^gateway'); then readyz || return 1; fi
    if BLAME=$(printf '%s\n' "${KEPT_ACTORS[@]}" | grep -m 1 '^etcd'); then etcd_serves || return 1; fi
}

# Sets FAILED to the actors that have ended again and again since up began, STEADY to how many are up.
look_at_failures() {
    local actor restarts state
    FAILED=() STEADY=0
    while read -r actor _ restarts state; do
        if [ "$state" = refused ] || { [ "$state" != up ] && ((restarts - ${BEFORE[$actor]:-0} >= TRIES)); }; then
            FAILED+=("$actor")
        elif [ "$state" = up ]; then
            STEADY=$((STEADY + 1))
        fi
    done 2>/dev/null <"$RUN/status"
}

# What has died before this up began is not counted; what a launcher that runs is pausing over, is.
count_before() {
    local actor restarts state
    while read -r actor _ restarts state; do
        [ -n "${LIVE[launcher]:-}" ] && [ "$state" != up ] || BEFORE[$actor]=$restarts
    done 2>/dev/null <"$RUN/status"
}

# 0 when waiting longer is in vain: some end again and again. Gives the others a second to show whether
# they do, too.
hopeless() {
    look_at_failures
    [ ${#FAILED[@]} -gt 0 ] || return 1
    : "${FAILED_SINCE:=$NOW}"
    [ $((${#FAILED[@]} + STEADY)) -ge ${#KEPT_ACTORS[@]} ] || ((NOW - FAILED_SINCE > 800))
}

harmless() { LC_ALL=C tr -d '\000-\010\013-\037\177'; } # what others said, for a terminal

last_words() { # ACTOR LINES
    { "$BIN/musterctl" launch logs --dir "$DIR" actor="$1" last="$2" form=text 2>/dev/null ||
        tail -n "$2" "$LOG/$1.log" 2>/dev/null; } | harmless | sed 's/^/  /'
}

how_it_ended() { # ACTOR, as the launcher saw it
    sed -n "s/.*\"of\":\"$1\",\"pid\":[0-9]*,\"how\":\"\([^\"]*\)\".*/\1/p" "$LOG/launcher.log" 2>/dev/null | tail -n 1
}

# Whether the launcher has given this actor up until somebody asks for it.
is_refused() { grep -q "^$1 .* refused$" "$RUN/status" 2>/dev/null; }

# They are about to be tried again.
forget_refusals() { [ ! -s "$RUN/status" ] || sed -i 's/ refused$/ backoff/' "$RUN/status"; }

blame_failed() {
    local actor goes_on="it goes on trying"
    for actor in "${FAILED[@]}"; do
        ! is_refused "$actor" || goes_on="what refuses to start is tried again by $ME up"
        echo "muster: $actor $(is_refused "$actor" && echo "refuses to start" || echo "does not start") ($(how_it_ended "$actor")). The last lines of $LOG/$actor.log:"
        last_words "$actor" 3
    done >&2
    echo "muster: not ready: ${FAILED[*]}; $goes_on; $ME status tells, $ME down ends it" >&2
}

blame() {
    local why
    http_address
    echo "muster: not ready after $((READY_WAIT_MS / 1000)) s: $BLAME. The last lines of $LOG/$BLAME.log:" >&2
    last_words "$BLAME" 10 >&2
    why=$([ -n "${LIVE[$BLAME]:-}" ] && command -v curl >/dev/null &&
        curl -s -m 2 "http://$HOST:$PORT/readyz?verbose" | harmless | sed -n '/^\[-\]/p')
    [ -z "$why" ] || printf 'readyz says:\n%s\n' "$why" | sed 's/^/  /' >&2
    echo "muster: it goes on trying; $ME status tells, $ME down ends it" >&2
}

url_encoded() { # what stands in a line that is to be pasted into a shell
    local LC_ALL=C text=$1 i
    for ((i = 0; i < ${#text}; i++)); do
        case ${text:i:1} in
        [A-Za-z0-9._~-]) printf '%s' "${text:i:1}" ;;
        *) printf '%%%02X' "'${text:i:1}" ;;
        esac
    done
}

say_store() {
    [[ " ${KEPT_ACTORS[*]}" == *" etcd"* ]] || return 0
    etcd_address
    cat <<TXT
Put a key, get it, and watch it change:
  ETCDCTL_API=3 etcdctl --endpoints=$HOST:$PORT put greeting hello
  ETCDCTL_API=3 etcdctl --endpoints=$HOST:$PORT get greeting
  ETCDCTL_API=3 etcdctl --endpoints=$HOST:$PORT watch greeting
TXT
    command -v etcdctl >/dev/null || echo "  (there is no etcdctl here: on Debian it comes with etcd-client)"
    cat <<TXT
store http://$HOST:$PORT
TXT
}

say_ready() {
    local base env zone
    [[ " ${KEPT_ACTORS[*]}" == *" gateway"* ]] || { say_store; echo "ready ${KEPT_ACTORS[*]}"; return; }
    http_address
    base=http://$HOST:$PORT
    env=$(url_encoded "$(setting node.env dev)")
    zone=$(url_encoded "$(setting node.zone sh001)")
    cat <<TXT
Register an instance, fetch it, and watch it change:
  curl -s '$base/discovery/register' -d 'zone=$zone&env=$env&appid=demo.hello&hostname=host-1&status=1&addrs=http://127.0.0.1:8080'
  curl -s '$base/discovery/fetch?env=$env&appid=demo.hello&status=1'
  curl -sN '$base/discovery/stream?env=$env&appid=demo.hello'
TXT
    say_store
    echo "ready $base"
}

# What else the caller has open is not the node's: a lock of his would be held as long as it runs.
close_inherited() {
    local fd
    for fd in "/proc/$BASHPID/fd"/*; do
        fd=${fd##*/}
        ((fd <= 2 || fd == 255)) || exec {fd}<&- # 255: bash reads this script from it
    done
}

# Returns once the supervisor holds its lock, so that who comes next finds it.
start_supervisor() {
    local child
    (close_inherited && MUSTER_BIN=$BIN exec setsid bash "$SELF" supervise --dir "$DIR") \
        >>"$LOG/launcher.log" 2>&1 </dev/null &
    child=$!
    disown
    for _ in {1..100}; do
        look_around
        [ -z "${LIVE[launcher]:-}" ] && kill -0 "$child" 2>/dev/null || return 0
        sleep 0.05
    done
}
