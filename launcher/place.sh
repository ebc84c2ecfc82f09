# shellcheck shell=bash
# The directory of a node: who lives in it, and what the last `up` was told. Sourced by ./muster; uses
# DIR, RUN, BIN, ME.
#
# What a directory is called says nothing, and the files in run/ may have been swept away: who lives there
# is who holds its locks, which musterctl finds out.

declare -A LIVE BORN # actor -> pid; pid -> when that process began
KEPT_ACTORS=() KEPT_FLAGS=() KEPT_PORT= KEPT_ETCD_PORT=
KEPT_KINDS= # that the launcher which wrote it can start
KEPT_SOME=  # not empty: only what was named is to run

began() { # PID; sets BEGAN. Fails when there is no such process, or it has ended
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    # shellcheck disable=SC2086 # the fields behind the name
    set -- ${stat##*) }
    case $1 in [ZX]) return 1 ;; esac
    BEGAN=${20}
}

# Remembers a process, so that another one that gets its number later is not taken for it.
remember() { began "$1" && BORN[$1]=$BEGAN; }

lives() { # PID
    [ -n "$1" ] && [ -n "${BORN[$1]:-}" ] && began "$1" && [ "$BEGAN" = "${BORN[$1]}" ]
}

# Sets LIVE. Fails when it cannot be told, which a supervisor lives through: LIVE stays what it was.
look() {
    local name pid lines
    if [ ! -x "$BIN/musterctl" ]; then
        look_at_files
        return
    fi
    lines=$("$BIN/musterctl" launch actors --dir "$DIR" 2>&1) || { WHY=${lines#musterctl: }; return 1; }
    LIVE=()
    while read -r name pid; do
        [ -z "$name" ] || ! remember "$pid" || LIVE[$name]=$pid
    done <<<"$lines"
}

# The same; ends with the truth when this user cannot be told.
look_around() { look || die "$WHY"; }

# Without a musterctl (the build was removed): what the files say, as far as processes agree.
look_at_files() {
    local file pid comm
    LIVE=()
    for file in "$RUN"/*.pid; do
        read -r pid 2>/dev/null <"$file" && read -r comm 2>/dev/null <"/proc/${pid:-none}/comm" || continue
        case $comm in muster* | bash) remember "$pid" && LIVE[$(basename "$file" .pid)]=$pid ;; esac
    done
}

any_actor_lives() { [ "${#LIVE[@]}" -gt "$([ -n "${LIVE[launcher]:-}" ] && echo 1 || echo 0)" ]; }

# One ./muster at a time decides about a directory. The lock is on the directory itself: no file to sweep.
lock_place() {
    exec 8<"$DIR" && flock -w 60 8 || die "another $ME works on $DIR and does not end"
}

unlock_place() { exec 8<&-; }

# Refuses a directory that is not this user's alone; nothing of it is changed before.
check_place() {
    local why
    [ ! -x "$BIN/musterctl" ] || why=$("$BIN/musterctl" launch check --dir "$DIR" 2>&1) || die "${why#musterctl: }"
}

# ── what up was told ──
#
# D/launch outlives run/, a crash and a power cut: an actor is never started again with less than it was
# told. Only `down` forgets it.

kept_text() {
    [ ${#KEPT_ACTORS[@]} -eq 0 ] || printf 'actor %s\n' "${KEPT_ACTORS[@]}"
    [ ${#KEPT_FLAGS[@]} -eq 0 ] || printf 'flag %s\n' "${KEPT_FLAGS[@]}"
    [ -z "$KEPT_PORT" ] || printf 'port %s\n' "$KEPT_PORT"
    [ -z "$KEPT_ETCD_PORT" ] || printf 'etcd_port %s\n' "$KEPT_ETCD_PORT"
    printf 'kinds %s\n' "$KEPT_KINDS"
    [ -z "$KEPT_SOME" ] || echo some
    echo end
}

forget_kept() {
    KEPT_ACTORS=() KEPT_FLAGS=() KEPT_PORT= KEPT_ETCD_PORT= KEPT_KINDS=${KINDS[*]} KEPT_SOME=
}

# Sets KEPT_*. Fails when nothing is kept; ends when what is kept is not whole.
read_kept() {
    local word rest whole=0
    forget_kept
    KEPT_KINDS=
    [ -e "$DIR/launch" ] || return 1
    while IFS=' ' read -r word rest; do
        case $word in
        actor) ! is_actor_name "$rest" || KEPT_ACTORS+=("$rest") ;;
        flag) KEPT_FLAGS+=("$rest") ;;
        port) [[ ! $rest =~ ^[0-9]{1,5}$ ]] || KEPT_PORT=$rest ;;
        etcd_port) [[ ! $rest =~ ^[0-9]{1,5}$ ]] || KEPT_ETCD_PORT=$rest ;;
        kinds) KEPT_KINDS=$rest ;;
        some) KEPT_SOME=1 ;;
        end) whole=1 ;;
        esac
    done <"$DIR/launch"
    [ $whole = 1 ] || die "$DIR/launch, which holds the flags of the last up, is not whole: remove it, and give them again"
    [ -n "$KEPT_KINDS" ] || { # of a version before there was a store
        KEPT_KINDS="registry replicator evictor gateway"
        [[ " ${KEPT_ACTORS[*]}" == " registry replicator evictor gateway."* ]] || KEPT_SOME=1
    }
}

# Writes it, synced and read back, or fails. What is there already is not written again: a full disk does not matter.
write_kept() {
    local text
    text=$(kept_text)
    [ "$text" != "$(cat "$DIR/launch" 2>/dev/null)" ] || return 0
    {
        printf '%s\n' "$text" >"$DIR/launch.new" && sync "$DIR/launch.new" &&
            [ "$text" = "$(cat "$DIR/launch.new")" ] && mv -f "$DIR/launch.new" "$DIR/launch" && sync "$DIR"
    } 2>/dev/null && return 0
    rm -f "$DIR/launch.new"
    return 1
}

keep() {
    write_kept && return 0
    if [ ${#KEPT_FLAGS[@]} -eq 0 ] && [ -z "$KEPT_PORT$KEPT_ETCD_PORT$KEPT_SOME" ] && [ "${KEPT_ACTORS[*]}" = "$(expand_actors | paste -sd ' ')" ]; then
        echo "muster: $DIR/launch cannot be written; as there are no flags to be kept, it goes on" >&2
        return 0
    fi
    die "the flags cannot be kept in $DIR/launch, and a restart would go on without them: make room, or the directory writable, then again"
}

# From the command line of an actor that runs, should the file have gone.
recover_kept() {
    local actor argv i=1
    forget_kept
    for actor in "${!LIVE[@]}"; do
        [ "$actor" != launcher ] || continue
        KEPT_ACTORS+=("$actor")
        mapfile -d '' -t argv <"/proc/${LIVE[$actor]}/cmdline"
    done
    while [ $i -lt ${#argv[@]} ]; do
        case ${argv[i]} in
        --dir | --index) i=$((i + 1)) ;;
        *) KEPT_FLAGS+=("${argv[i]}") ;;
        esac
        i=$((i + 1))
    done
    mapfile -t KEPT_ACTORS < <(in_order "${KEPT_ACTORS[@]}")
    [[ " ${KEPT_ACTORS[*]}" == " registry replicator evictor gateway."* ]] || KEPT_SOME=1
}
