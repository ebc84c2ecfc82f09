# shellcheck shell=bash
# The background process that `./muster up` leaves behind: starts the actors, starts the dead ones
# again, kills those that answer no PING. Sourced by ./muster; one loop, all state in the arrays
# below, by actor.
#
#   starting ──answers PING──▶ up ──dies──▶ backoff ──due──▶ starting
#      └──ends with REFUSED_EXIT──▶ refused ──SIGUSR1 (up, restart)──▶ starting

BACKOFF_MAX_MS=30000
LOG_MAX_BYTES=16777216
REFUSED_EXIT=78         # a person must see to it: starting it again is no use
START_PING_MIN_MS=15000 # an actor may try for 10 s what the moment keeps it from, and says then why it can't

declare -A PID CHILD ORPHAN RESTARTS REASON STATE FAILS DEATHS DUE HEARD MISSED PING_PID PING_DUE ALONE WORKED
ACTORS=()
STOPPING=0
RELOAD=0
LEAVE=0 # the node is to leave its cluster
SUPERVISES= # not empty: what is said goes to a log
GROUP_PID=
GROUP_DUE=0
declare -A KILLED_FOR # why this process ended one
CANNOT_ASK= # not empty: the last ping could not be run
WRITTEN=

# Whole or not at all: where the disk takes none, what was told last stays, and the next turn tries again.
write_status() {
    local actor text=
    for actor in "${ACTORS[@]}"; do
        text+="$actor ${PID[$actor]:--} ${RESTARTS[$actor]} ${STATE[$actor]}"$'\n'
    done
    [ "$text" != "$WRITTEN" ] || return 0
    if { printf %s "$text" >"$RUN/status.new" && mv -f "$RUN/status.new" "$RUN/status"; } 2>/dev/null; then
        WRITTEN=$text
    else
        rm -f "$RUN/status.new"
    fi
}

# Takes the actors that are kept; adopts those that already run.
load_actors() {
    local actor restarts
    ACTORS=("${KEPT_ACTORS[@]}")
    look || note warn unseen "who runs already cannot be told" reason "$WHY"
    for actor in "${ACTORS[@]}"; do
        [[ ! ${STATE[$actor]:-} =~ ^(refused|backoff)$ ]] || STATE[$actor]=backoff DUE[$actor]=0
        [ -z "${STATE[$actor]:-}" ] || continue
        restarts=$(sed -n "s/^$actor [^ ]* \([0-9]*\) .*/\1/p" "$RUN/status" 2>/dev/null)
        RESTARTS[$actor]=${restarts:-0} REASON[$actor]='' FAILS[$actor]=0 DEATHS[$actor]='' DUE[$actor]=0
        PID[$actor]='' CHILD[$actor]=0 STATE[$actor]=backoff PING_PID[$actor]='' ALONE[$actor]=1
        adopt "$actor"
    done
}

adopt() { # ACTOR. Fails when none of the name lives here.
    [ -n "${LIVE[$1]:-}" ] || return 1
    note info adopts "" of "$1" pid "${LIVE[$1]}"
    actor_began "$1" "${LIVE[$1]}" 0
}

actor_began() { # ACTOR PID CHILD
    PID[$1]=$2 CHILD[$1]=$3 STATE[$1]=starting HEARD[$1]=$NOW MISSED[$1]=0 PING_DUE[$1]=$NOW ALONE[$1]=1 WORKED[$1]=0
}

can_append() { : >>"$1"; } 2>/dev/null # FILE

start_actor() {
    local actor=$1 extra=() log=$LOG/$1.log
    can_append "$log" || log=/dev/null # better one that nobody hears than none
    [[ $actor != *.* ]] || extra=(--index "${actor#*.}")
    LAUNCHER_RESTARTS=${RESTARTS[$actor]} LAUNCHER_RESTART_REASON=${REASON[$actor]} \
        "$BIN/muster-${actor%%.*}" --dir "$DIR" "${extra[@]}" "${ARGS[@]}" \
        >>"$log" 2>&1 </dev/null 9>&- 7>&- 8<&- &
    remember $!
    actor_began "$actor" $! 1
    note info starts "" of "$actor" pid $! restarts "${RESTARTS[$actor]}"
}

# Decides when a dead actor comes back. The first restart is immediate; the wait grows with every
# death before ready, and with deaths past ten in ten seconds.
actor_died() {
    local actor=$1 how=$2 at recent='' count=0 wait_ms=0
    if [ "$how" = "exit $REFUSED_EXIT" ]; then
        note error refused "not started again before $ME up: its log says why" of "$actor" pid "${PID[$actor]}" how "$how"
        PID[$actor]='' STATE[$actor]=refused FAILS[$actor]=0
        return
    fi
    for at in ${DEATHS[$actor]} $NOW; do
        ((NOW - at < 10000)) && recent+=" $at" && count=$((count + 1))
    done
    DEATHS[$actor]=$recent
    if [ "${STATE[$actor]}" = starting ] && [ -z "${ORPHAN[$actor]:-}" ] || [ $count -gt 10 ]; then
        FAILS[$actor]=$((FAILS[$actor] + 1))
    else
        FAILS[$actor]=0
    fi
    if [ "${FAILS[$actor]}" -gt 1 ]; then
        wait_ms=$((500 << (FAILS[$actor] > 8 ? 6 : FAILS[$actor] - 2)))
        [ $wait_ms -le $BACKOFF_MAX_MS ] || wait_ms=$BACKOFF_MAX_MS
    fi
    ORPHAN[$actor]=
    how=${KILLED_FOR[$actor]:-$how}
    unset "KILLED_FOR[$actor]"
    local level=warn why="its log says why"
    [ "$how" != "exit 0" ] || level=info why="as it was told to"
    note $level ended "$why" of "$actor" pid "${PID[$actor]}" how "$how" next_start_ms $wait_ms
    RESTARTS[$actor]=$((RESTARTS[$actor] + 1)) REASON[$actor]=$how
    PID[$actor]='' STATE[$actor]=backoff DUE[$actor]=$((NOW + wait_ms))
}

how_ended() { # exit status of a child, in words
    if [ "$1" -gt 128 ]; then echo "signal $(kill -l $(($1 - 128)))"; else echo "exit $1"; fi
}

# Whether its socket is gone, though it answered once, or, adopted, has had a second to make it; or it was
# starting when run/ was swept, and may have made it before.
is_unreachable() {
    [ -n "${PID[$1]}" ] && [ ! -S "$RUN/$1.commands" ] && [ -z "${ORPHAN[$1]:-}" ] || return 1
    [ "${STATE[$1]}" = up ] || { [ "${CHILD[$1]}" = 0 ] && ((NOW - HEARD[$1] > 1000)); } ||
        ((HEARD[$1] < SWEPT && NOW - SWEPT > 1000))
}

# Looks at one actor: dead, due, silent, answering.
look_at() {
    local actor=$1
    if [ -n "${PID[$actor]}" ] && ! lives "${PID[$actor]}"; then
        if [ "${CHILD[$actor]}" = 1 ]; then
            wait "${PID[$actor]}" 2>/dev/null
            actor_died "$actor" "$(how_ended $?)"
        else
            actor_died "$actor" "not seen, as an earlier launcher had started it"
        fi
    fi
    if is_unreachable "$actor" && lives "${PID[$actor]}"; then
        note warn unreachable "its socket was taken away, nobody can reach it: it is ended" of "$actor" pid "${PID[$actor]}"
        KILLED_FOR[$actor]="its socket was taken away"
        kill -TERM "${PID[$actor]}" 2>/dev/null
        STATE[$actor]=starting HEARD[$actor]=$NOW MISSED[$actor]=0 ALONE[$actor]=1 ORPHAN[$actor]=1
    fi
    if [ -z "${PID[$actor]}" ] && [ "${STATE[$actor]}" != refused ] && [ "$NOW" -ge "${DUE[$actor]}" ]; then
        if [ "${FAILS[$actor]}" -gt 0 ]; then # one that somebody else started is not fought
            look && adopt "$actor" && return 0
        fi
        start_actor "$actor"
    fi
}

# Whether a ping that has ended says anything of whom it asked: one that could not be run does not.
has_asked() { # EXIT STATUS
    if [ "$1" = 126 ] || [ "$1" = 127 ]; then
        [ -n "$CANNOT_ASK" ] || note error cannot_ask "no actor can be asked whether it answers, and none is killed for it: put the programs back, or end the node and start it with others" program "$BIN/musterctl"
        CANNOT_ASK=1
        return 1
    fi
    [ -z "$CANNOT_ASK" ] || note info asks_again "" program "$BIN/musterctl"
    CANNOT_ASK=
}

# One ping asks all that are up; only when it fails, or for those that start, each is asked alone.
look_at_pings() {
    local actor names=() rc
    if [ -n "$GROUP_PID" ] && ! kill -0 "$GROUP_PID" 2>/dev/null; then
        wait "$GROUP_PID" 2>/dev/null
        rc=$?
        if ! has_asked $rc || [ $rc = 0 ]; then
            for actor in "${ACTORS[@]}"; do
                [ "${ALONE[$actor]}" = 1 ] || HEARD[$actor]=$NOW
            done
        else
            for actor in "${ACTORS[@]}"; do ALONE[$actor]=1; done
        fi
        GROUP_PID='' GROUP_DUE=$((NOW + PING_EVERY_MS))
    fi
    for actor in "${ACTORS[@]}"; do
        [ -z "${PID[$actor]}" ] || look_at_ping "$actor"
        [ "${STATE[$actor]}" != up ] || [ "${ALONE[$actor]}" = 1 ] || names+=("$actor")
    done
    if [ -z "$GROUP_PID" ] && [ "$NOW" -ge "$GROUP_DUE" ] && [ ${#names[@]} -gt 0 ] && [ "$PING_TIMEOUT_MS" -gt 0 ]; then
        "$BIN/musterctl" ping "${names[@]}" --dir "$DIR" >/dev/null 2>&1 9>&- 7>&- 8<&- </dev/null &
        GROUP_PID=$!
    fi
}

# Whether an actor that has not answered yet used the CPU since the last call: one that reads back a
# large directory, or gets little of the machine, is not killed for it, else it would never be done.
still_starting() {
    local actor=$1 stat before=${WORKED[$1]}
    [ "${STATE[$actor]}" = starting ] && read -r stat <"/proc/${PID[$actor]}/stat" || return 1
    # shellcheck disable=SC2086 # the fields behind the name
    set -- ${stat##*) }
    WORKED[$actor]=$((${12} + ${13}))
    ((WORKED[$actor] > before))
} 2>/dev/null

look_at_ping() {
    local actor=$1 ping=${PING_PID[$1]} limit=$PING_TIMEOUT_MS rc
    [ "${STATE[$actor]}" != starting ] || [ "$limit" -gt $START_PING_MIN_MS ] || limit=$START_PING_MIN_MS
    if [ -n "$ping" ] && ! kill -0 "$ping" 2>/dev/null; then
        wait "$ping" 2>/dev/null
        rc=$?
        if ! has_asked $rc; then
            HEARD[$actor]=$NOW MISSED[$actor]=0 PING_DUE[$actor]=$((NOW + 1000))
        elif [ $rc = 0 ]; then
            HEARD[$actor]=$NOW MISSED[$actor]=0 STATE[$actor]=up ALONE[$actor]=0
        else
            MISSED[$actor]=$((MISSED[$actor] + 1))
            PING_DUE[$actor]=$((NOW + 200))
        fi
        PING_PID[$actor]=''
    fi
    if [ "$PING_TIMEOUT_MS" -gt 0 ] && [ "${MISSED[$actor]}" -ge 2 ] &&
        ((NOW - HEARD[$actor] > limit)); then
        if still_starting "$actor"; then
            note info starting "it has not answered yet, and works" of "$actor" pid "${PID[$actor]}"
            HEARD[$actor]=$NOW MISSED[$actor]=0
            return
        fi
        note error silent "it answers no PING: it is killed" of "$actor" pid "${PID[$actor]}" silent_ms $((NOW - HEARD[$actor]))
        KILLED_FOR[$actor]="it answered no PING"
        kill -KILL "${PID[$actor]}" 2>/dev/null
        MISSED[$actor]=0
        return
    fi
    [ -z "${PING_PID[$actor]}" ] && [ "${ALONE[$actor]}" = 1 ] && [ "$NOW" -ge "${PING_DUE[$actor]}" ] || return 0
    "$BIN/musterctl" ping "$actor" --dir "$DIR" >/dev/null 2>&1 9>&- 7>&- 8<&- </dev/null &
    PING_PID[$actor]=$!
}

# Returns once a child has ended, a signal has come, or UNTIL is reached. Looks twenty times a second,
# without a fork: `wait -n` would miss a child that ended just before it, and a trap that ran just before.
wait_until() { # UNTIL CHILD…
    local until=$1 pid line rounds=0
    shift
    while [ "$NOW" -lt "$until" ] && [ $STOPPING -eq 0 ] && [ "$RELOAD" -eq 0 ]; do
        for pid in "$@"; do
            kill -0 "$pid" || return 0
        done
        read -r -t 0.05 -u 7 line
        NOW=$((NOW + 50)) # to look at the clock costs as much as to wait
        ((++rounds % 8)) || now_ms
    done 2>/dev/null
}

# Sleeps until something is to be done.
pause() {
    local actor until=$((NOW + 5000)) due children=()
    [ -z "$GROUP_PID" ] || children+=("$GROUP_PID")
    [ -n "$GROUP_PID" ] || [ "$PING_TIMEOUT_MS" -eq 0 ] || ((GROUP_DUE >= until)) || until=$GROUP_DUE
    for actor in "${ACTORS[@]}"; do
        due=$until
        if [ "${STATE[$actor]}" = refused ]; then
            : # until somebody asks for it
        elif [ -z "${PID[$actor]}" ]; then
            due=${DUE[$actor]}
        elif [ "${CHILD[$actor]}" = 0 ]; then
            due=$((NOW + 500)) # an adopted one: a look at its pid alone may find somebody else
        else
            children+=("${PID[$actor]}")
        fi
        [ -z "${PING_PID[$actor]}" ] || children+=("${PING_PID[$actor]}")
        if [ -n "${PID[$actor]}" ] && [ "${ALONE[$actor]}" = 1 ] && [ -z "${PING_PID[$actor]}" ]; then
            due=${PING_DUE[$actor]}
        fi
        ((due >= until)) || until=$due
    done
    wait_until $((until - NOW > 20 ? until : NOW + 20)) "${children[@]}"
}

# Cuts logs that grew too big, once a minute; the last part is kept beside it.
trim_logs() {
    local file
    while IFS= read -r file; do
        rm -f "$file.1" # first: its room may be all there is
        cp "$file" "$file.1" 2>/dev/null || rm -f "$file.1" # no room: half of it is of no use
        : >"$file"
    done < <(find "$LOG/" -name '*.log' -size "+${LOG_MAX_BYTES}c" 2>/dev/null)
}

# The launcher's own log goes on under its name, should it or log/ have been taken away or moved aside.
mend_logs() {
    [ -d "$LOG" ] || (umask 077 && mkdir -p "$LOG") 2>/dev/null || return 0
    [ "$LOG/launcher.log" -ef "/proc/$$/fd/1" ] || ! can_append "$LOG/launcher.log" || exec >>"$LOG/launcher.log" 2>&1
}

# What is to last in run/ and was swept away, with run/ itself if need be, is made again; what is there is
# touched once an hour, so that it never looks old.
mend() {
    mend_logs
    [ -d "$RUN" ] || (umask 077 && mkdir -p "$RUN") || return 0
    if ! [ "$RUN/launcher.lock" -ef "/proc/$$/fd/9" ]; then
        note warn swept "the lock was taken away: made again" file "$RUN/launcher.lock"
        SWEPT=$NOW
        exec 9>>"$RUN/launcher.lock"
        flock -n 9 || { note error twice "another supervisor runs" dir "$DIR"; STOPPING=1; return 0; }
        rm -f "$RUN/launcher.pid"
    fi
    [ -s "$RUN/launcher.pid" ] || echo $$ 2>/dev/null >"$RUN/launcher.pid"
    [ -e "$RUN/status" ] || WRITTEN=
    [ -e "$DIR/launch" ] || write_kept || note error flags_not_kept "the flags of up cannot be written" file "$DIR/launch"
    if ((NOW >= TOUCH_DUE)); then
        TOUCH_DUE=$((NOW + 3600000))
        find "$RUN/" "$DIR/launch" -exec touch -c -h {} + 2>/dev/null
    fi
}

# Whether the whole directory is gone, and not only swept: nobody could tell us to stop any more.
taken_away() {
    [ ! -d "$RUN" ] || return 1
    read -r -t 1 -u 7 # it may be in the course of being removed
    [ ! -d "$DIR/data" ]
}

# Takes the lock; one more supervisor of a directory is refused. The traps come first: whoever sees the
# lock held may send a signal.
take_launcher_lock() {
    trap 'STOPPING=1' TERM INT
    trap 'RELOAD=1' USR1
    trap 'LEAVE=1 STOPPING=1' USR2
    exec 9>>"$RUN/launcher.lock"
    flock -n 9 || { note error twice "another supervisor runs" dir "$DIR"; return 1; }
    look_around
    [ -z "${LIVE[launcher]:-}" ] || [ "${LIVE[launcher]}" = $$ ] || { note error twice "another supervisor runs" dir "$DIR"; return 1; }
    echo $$ >"$RUN/launcher.pid"
}

reload() {
    RELOAD=0
    ! read_kept || node_settings
    load_actors
}

# The loop. Returns when told to stop and all actors have ended.
supervise() {
    local actor last trimmed
    SUPERVISES=1
    take_launcher_lock || return 1
    unlock_place
    rm -f "$RUN/launcher.fifo" # of one that was killed just here
    mkfifo -m 600 "$RUN/launcher.fifo" && exec 7<>"$RUN/launcher.fifo" # nobody writes: to wait on
    rm -f "$RUN/launcher.fifo"
    read_kept || recover_kept
    node_settings
    PING_TIMEOUT_MS=$(duration_ms "$(setting launcher.ping_timeout 10s)")
    PING_EVERY_MS=$((PING_TIMEOUT_MS / 2 > 5000 ? 5000 : PING_TIMEOUT_MS / 2))
    note info launcher_started "" pid $$ actors "${KEPT_ACTORS[*]}"
    now_ms
    SWEPT=0 # when run/ was last found swept
    last=$NOW trimmed=$NOW TOUCH_DUE=$((NOW + 3600000))
    load_actors
    while [ $STOPPING -eq 0 ]; do
        ! taken_away || break
        now_ms
        if ((NOW - last > 8000)); then # this process stood still: nobody could be heard
            for actor in "${ACTORS[@]}"; do HEARD[$actor]=$NOW MISSED[$actor]=0; done
        fi
        last=$NOW
        mend
        [ "$RELOAD" -eq 0 ] || reload
        for actor in "${ACTORS[@]}"; do look_at "$actor"; done
        look_at_pings
        write_status
        ((NOW - trimmed < 60000)) || { trimmed=$NOW; trim_logs; }
        [ $STOPPING -ne 0 ] || pause
    done
    stop_all
    rm -f "$RUN/launcher.pid"
    note info launcher_ended ""
}
