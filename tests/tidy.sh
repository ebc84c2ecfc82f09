#!/usr/bin/env bash
# House rules that a compiler does not know. One line a rule: `ok NAME`, or `FAILED NAME` after what
# breaks it. exit 0: all hold.
set -u
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1

FAILED=0

verdict() { # NAME FINDINGS
    if [ -n "$2" ]; then
        printf '%s\nFAILED %s\n' "$2" "$1"
        FAILED=1
    else
        echo "ok $1"
    fi
}

# Tracked and new files of the tree that match the patterns.
files() {
    if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        git ls-files -co --exclude-standard -- "$@" | sort -u
    else
        local pattern
        for pattern in "$@"; do find . -path ./build -prune -o -path "./$pattern" -print; done | sed 's,^\./,,'
    fi | while IFS= read -r file; do [ ! -f "$file" ] || echo "$file"; done
}

# file: text, for every line of code, comments left out, that matches.
code_matches() { # REGEX FILE…
    local regex=$1 file
    shift
    for file in "$@"; do
        gcc -fpreprocessed -dD -E -P -x c "$file" 2>/dev/null | grep -nE "$regex" | sed "s,^[0-9]*,$file,"
    done
}

mapfile -t SOURCES < <(files '*.c' '*.h' '*.cc')
mapfile -t PRODUCT < <(printf '%s\n' "${SOURCES[@]}" | grep -E '^(common|actors|gateway)/')
mapfile -t UNIT < <(printf '%s\n' "${SOURCES[@]}" | grep -E '^tests/' | grep -vE '^tests/bench/')
mapfile -t SCRIPTS < <(files '*.py' '*.sh' 'muster' '.ci/run' 'tests/run' 'tests/mutants/run' 'tests/golden/*' 'tests/scenario/*' 'tests/docs/run' | grep -v '\.json')

too_long() {
    wc -l "${SOURCES[@]}" "${SCRIPTS[@]}" | awk '$1 > 1000 && $2 != "total" {print $2 ": " $1 " lines, at most 1000"}'
}
verdict "no file above 1000 lines" "$(too_long)"

mapfile -t TIMED < <(printf '%s\n' "${PRODUCT[@]}" "${UNIT[@]}" | grep -vE '^(common/base/clock|tests/base/clock_test)\.c$')
verdict "the time comes in as an argument; clocks are read in common/base/clock.c only" "$(code_matches \
    '\b(clock_gettime|gettimeofday|time|sleep|usleep|nanosleep|clock_nanosleep|zclock_[a-z]+)[[:space:]]*\(' "${TIMED[@]}")"
verdict "no unbounded string calls" \
    "$(code_matches '\b(strcpy|strcat|sprintf|vsprintf|atoi|atol|atoll|strtok|gets)[[:space:]]*\(' "${SOURCES[@]}")"
# The store's flusher is the one exception; it shares nothing that a lock would have to guard.
mapfile -t UNTHREADED < <(printf '%s\n' "${PRODUCT[@]}" | grep -v '^actors/store/flusher\.c$')
verdict "no threads or locks of ours" \
    "$(code_matches '\bpthread_create|thrd_create' "${UNTHREADED[@]}")$(code_matches \
        '\b(pthread_(mutex|cond|rwlock)|mtx_)' "${PRODUCT[@]}")"

# Who may include whom. A folder includes itself, and no other that does not stand here.
INCLUDES='
common/base:
common/container:   common/base
common/wire:        common/base
common/journal:     common/base common/wire
common/naming:      common/base common/container common/wire
common/config:      common/base
common/metrics:     common/base common/wire
common/runtime:     common/base common/wire common/config common/metrics
common/etcdapi:     common/base
gateway/http:       common/base
gateway/bus:        common/base common/wire common/runtime gateway/http common/metrics
gateway/web:        common/base gateway/http
gateway/operate:    common/base common/container common/wire common/naming common/config common/runtime gateway/http gateway/bus common/metrics
gateway/discovery:  common/base common/container common/wire common/naming common/config common/runtime gateway/http gateway/bus gateway/web gateway/operate common/metrics
gateway/etcd:       common/base common/container common/wire common/etcdapi common/runtime gateway/http common/metrics
actors/evictor:     common/base common/wire common/config common/runtime common/metrics
actors/registry:    common/base common/container common/wire common/journal common/naming common/config common/runtime actors/registry/storage common/metrics
actors/registry/storage:  common/base common/wire common/journal common/naming
actors/replicator:  common/base common/wire common/naming common/config common/runtime common/metrics
actors/store/raft:  common/base common/container
actors/store/mvcc:  common/base common/container common/etcdapi
actors/store/log:   common/base common/wire common/journal actors/store/raft
actors/store/node:  common/base common/wire actors/store/raft actors/store/log
actors/store:       common/base common/wire common/container common/etcdapi common/runtime actors/store/raft actors/store/log actors/store/node actors/store/mvcc actors/store/start common/metrics
actors/store/start: common/base common/wire common/journal common/config common/runtime actors/store actors/store/log actors/store/mvcc
actors/ctl:         common/base common/wire common/journal common/naming common/etcdapi common/config common/runtime common/metrics
'
wrong_includes() {
    grep -nE '#include "' "${PRODUCT[@]}" /dev/null | awk -v table="$INCLUDES" '
        BEGIN {
            lines = split(table, line, "\n")
            for (i = 1; i <= lines; i++) {
                words = split(line[i], word, /[: ]+/)
                for (k = 2; k <= words; k++) may[word[1], word[k]] = 1
                if (words > 0) known[word[1]] = 1
            }
        }
        {
            split($0, part, ":"); split($0, quoted, "\"")
            from = part[1]; to = quoted[2]
            sub("/[^/]*$", "", from); sub("/[^/]*$", "", to)
            if (!(from in known) || (from != to && !((from, to) in may))) print
        }'
    grep -nE '#include "' "${SOURCES[@]}" /dev/null | grep -vE '#include "(common|actors|gateway|tests)/'
}
printf 'who may include whom:%s' "$INCLUDES"
verdict "includes follow this table and start at the root" "$(wrong_includes)"

linked() { # NAME WHAT
    local findings status
    findings=$(tests/links.py "$2")
    status=$?
    if [ $status = 3 ]; then
        echo "skipped $1: nothing is built in build/dev"
    elif [ $status != 0 ] && [ -z "$findings" ]; then
        verdict "$1" "tests/links.py $2: exit $status"
    else
        verdict "$1" "$findings"
    fi
}
linked "no circle of files that call each other" circles
linked "external names unique" names

verdict "fields of a line of a log have no name that its head has" "$(grep -nE \
    '\<(log_(str|text|buf|int|uint|flag|strs|hex)|LOG_HEX)\("(time|level|node|actor|index|event|text|cut)"' \
    "${PRODUCT[@]}" /dev/null | grep -v '^common/base/log_line\.c:')"

verdict "nothing is left to do" \
    "$(grep -nwE 'TO[D]O|FIX[M]E|X[X]X' "${SOURCES[@]}" "${SCRIPTS[@]}" /dev/null)"
verdict "no paths of one machine" \
    "$(git grep -nIE '(^|[^a-z.$}])/(home|root|work|Users)/' -- . ':(exclude)*.jsonl' ':(exclude)tests/tidy.sh' 2>/dev/null)"
generated() {
    grep -nE '@generate[d]|DO NOT EDI[T]|[Gg]enerated (by|from) ' "${SOURCES[@]}" /dev/null
    files '*.pb-c.*' '*.pb.*'
}
verdict "no generated code" "$(generated)"

actors() {
    diff <(sed -n 's/^\(KINDS\|MANY\)=(\(.*\))$/\2/p' launcher/processes.sh) \
        <(sed -n 's/^    A([A-Z]*, *\([a-z]*\), *\(ONE\|MANY\),.*/\1/p' common/runtime/names.h | paste -sd ' '
            sed -n 's/^    A([A-Z]*, *\([a-z]*\), *MANY,.*/\1/p' common/runtime/names.h | paste -sd ' ')
}
verdict "the launcher has the actors of common/runtime/names.h, in their order" "$(actors)"

directories() {
    diff <(sed -n 's/^PATH_KEYS="\([^"]*\)".*/\1/p' muster | tr ' ' '\n' | sort) \
        <(sed -n 's/^ *K(\([a-z]*\), *\([a-z_]*\),.*"directory of.*/\1.\2/p' common/config/config.h | sort)
}
verdict "the launcher knows the keys of common/config/config.h that are directories" "$(directories)"

shebangs() {
    local file first
    for file in "${SCRIPTS[@]}"; do
        read -r first <"$file"
        case $first in *python*) [ "$first" = '#!/usr/bin/python3' ] || echo "$file: $first, must be #!/usr/bin/python3" ;; esac
    done
}
verdict "python scripts run Debian's python" "$(shebangs)"

# A file of the product that a script, a paper, a mutant or a comment names is there.
named() {
    local path
    git grep -IhoP '(?<![\w/])(actors|common|gateway)/[a-z_/]+\.[ch]\b' -- . ':!tests/fuzz/corpus' ':!tests/CMakeLists.txt' | sort -u |
        while read -r path; do
            [ -e "$path" ] || echo "$path, named in $(git grep -lF "$path" -- . | paste -sd ' '), is not there"
        done
}
verdict "files that are named are there" "$(named)"

seeds() {
    local fuzzer
    for fuzzer in $(files 'tests/fuzz/fuzz_*.c'); do
        fuzzer=$(basename "$fuzzer" .c)
        [ -n "$(files "tests/fuzz/corpus/$fuzzer/*")" ] || echo "tests/fuzz/corpus/$fuzzer: no seeds"
    done
}
verdict "every fuzzer has seeds" "$(seeds)"

if command -v clang-format-14 >/dev/null; then
    verdict "formatted as .clang-format says" \
        "$(clang-format-14 --dry-run "${SOURCES[@]}" 2>&1 | grep -E 'warning|error' | cut -d: -f1,2 | sort | uniq | head -n 20)"
else
    echo "skipped formatted as .clang-format says: no clang-format-14"
fi
exit $FAILED
