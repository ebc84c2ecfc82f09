# shellcheck shell=bash
# `restart`: some actors, or all of a node, one after the other, each only when the one before answers. Sourced
# by ./muster.

end_for_restart() { # ACTOR PID
    timeout -s KILL 5 "$BIN/musterctl" shutdown "$1" --force --dir "$DIR" >/dev/null 2>&1
    gone_within "$2" $STOP_WAIT_MS && return
    kill -TERM "$2" 2>/dev/null
    gone_within "$2" $((STOP_WAIT_MS / 2)) || kill -KILL "$2" 2>/dev/null
}

# An address that is not the one it listens at must be free: what runs is not ended for one that is not.
check_new_address() { # ACTOR
    local told why
    [[ $1 == gateway.* ]] && [ -n "${LIVE[$1]:-}" ] || return 0
    http_address
    told=$HOST:$PORT
    address gateway.listen "$(setting gateway.listen 127.0.0.1:7171)"
    [ "$told" = "$HOST:$PORT" ] || why=$("$BIN/musterctl" launch bind "gateway.listen=$HOST:$PORT" 2>&1) ||
        die "${why#musterctl: }; $1 goes on at $told"
}

restart_one() { # ACTOR
    local actor=$1 old new until
    old=${LIVE[$actor]:-}
    check_new_address "$actor"
    if [ -n "$old" ]; then
        [ "$actor" != registry ] || ! keeps_unsaved "restart registry" || exit 1
        end_for_restart "$actor" "$old"
    else
        # One that waits for its next try is tried at once.
        is_refused "$actor" || [[ " ${KEPT_ACTORS[*]} " == *" $actor "* ]] || die "$actor is not running: $ME status"
        forget_refusals
        kill -USR1 "${LIVE[launcher]}"
    fi
    now_ms
    until=$((NOW + READY_WAIT_MS))
    until look_around && new=${LIVE[$actor]:-} && [ -n "$new" ] && [ "$new" != "$old" ] && is_up "$actor" "$new" &&
        { [[ $actor != gateway.* ]] || readyz "$actor"; } && { [[ $actor != etcd.* ]] || etcd_serves; }; do
        now_ms
        BLAME=$actor
        ! is_refused "$actor" || { FAILED=("$actor"); blame_failed; exit 1; }
        [ "$NOW" -lt "$until" ] || { blame; exit 1; }
        sleep 0.1
    done
    echo "$actor restarted, pid ${old:-none} -> $new"
}

# Waits for the HTTP edge, if the node has one: what is restarted next would cut what it needs.
edge_ready() {
    local until
    [[ " ${KEPT_ACTORS[*]}" == *" gateway"* ]] || return 0
    now_ms
    until=$((NOW + READY_WAIT_MS))
    until readyz; do
        now_ms
        [ "$NOW" -lt "$until" ] || { BLAME=gateway.0; blame; return 1; }
        sleep 0.1
    done
}

# Sets actors to all, in the order in which they are restarted. To a replicator that is to be elsewhere a
# gateway at the old address is a copy of this node: gateways that move go first.
all_to_restart() {
    local told
    http_address
    told=$HOST:$PORT
    address gateway.listen "$(setting gateway.listen 127.0.0.1:7171)"
    actors=$(printf '%s\n' "${KEPT_ACTORS[@]}")
    [ "$told" = "$HOST:$PORT" ] || actors=$(grep '^gateway' <<<"$actors"; grep -v '^gateway' <<<"$actors")
}

verb_restart() {
    local actor actors all=0
    find_binaries
    look_around
    [ ! -d "$DIR" ] || check_place
    [ -n "${LIVE[launcher]:-}" ] || die "no launcher runs for $DIR: $ME up"
    read_kept || recover_kept
    node_settings
    if [ ${#NAMES[@]} -eq 0 ]; then
        all=1
        all_to_restart
    else
        actors=$(expand_actors "${NAMES[@]}") || exit 1
    fi
    for actor in $actors; do
        restart_one "$actor"
        [ $all = 0 ] || edge_ready || exit 1
    done
}
