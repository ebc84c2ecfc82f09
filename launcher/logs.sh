# shellcheck shell=bash
# What the node's processes have said, for a person or a program: musterctl reads and merges the files
# in D/log. Sourced by ./muster.

LOG_WORDS=() # of `musterctl launch logs`
LOG_FORM=    # text or json, if it was asked for
PRINTER=     # pid of the process that prints what is logged

# Fails when it has taken the value behind the option.
logs_option() { # OPTION NEXT-WORD
    case $1 in
    -f) LOG_WORDS+=(follow=0) ;;
    -n) LOG_WORDS+=("last=$2"); return 1 ;;
    --since) LOG_WORDS+=("since=$2"); return 1 ;;
    --since=*) LOG_WORDS+=("since=${1#*=}") ;;
    --level) LOG_WORDS+=("level=$2"); return 1 ;;
    --level=*) LOG_WORDS+=("level=${1#*=}") ;;
    -o) logs_form "$2"; return 1 ;;
    --output=*) logs_form "${1#*=}" ;;
    esac
}

logs_form() {
    case $1 in text | json) LOG_FORM=$1 ;; *) usage_error "-o $1: text or json" ;; esac
}

# Sets FORM: text with colour on a terminal, JSON otherwise, unless something else was asked for.
choose_form() {
    FORM=${LOG_FORM:-json}
    [ ! -t 1 ] || [ -n "$LOG_FORM" ] || FORM=text
    [ ! -t 1 ] || [ "$FORM" != text ] || [ -n "${NO_COLOR:-}" ] || [ "${TERM:-dumb}" = dumb ] || FORM=colour
}

verb_logs() {
    local name FORM
    for name in "${NAMES[@]}"; do
        [ "$name" = launcher ] || is_actor_name "$name" || die "no actor $name: ${KINDS[*]} (or gateway.0, etcd.0 …), launcher"
        LOG_WORDS+=("actor=$name")
    done
    find_binaries
    [ -x "$LOG" ] || look_around # tells whose it is
    choose_form
    exec "$BIN/musterctl" launch logs "${LOG_WORDS[@]}" form="$FORM" --dir "$DIR"
}

# ── run: what is logged goes to stdout as well ──

print_logs() {
    local FORM now
    choose_form
    TZ=UTC printf -v now '%(%Y-%m-%dT%H:%M:%SZ)T' -1
    # a signal to all that run in this terminal is first obeyed by those whose last words are to be printed
    (trap '' INT TERM && exec "$BIN/musterctl" launch logs last=1000000 since="$now" follow=$$ form="$FORM" --dir "$DIR" 8<&-) &
    PRINTER=$!
}

end_printing() {
    sleep 0.5 # it looks five times a second
    kill -KILL "$PRINTER" 2>/dev/null
    wait "$PRINTER" 2>/dev/null
}

# `ready …` once it is; whoever watches knows no other sign.
say_when_ready() {
    declare -A ANSWERED
    trap - USR1 USR2
    until node_ready; do
        kill -0 $$ 2>/dev/null || return 0
        sleep 0.2
    done
    say_ready | tail -n 1
}
