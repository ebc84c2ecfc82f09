# shellcheck shell=bash
# Packages and builds, for ./muster and the tests. Sourced; uses ROOT and die of ./muster.

# Who looks on sees it go on; else what it says is told only if it fails: of a hundred packages it is
# a thousand lines.
quietly() {
    local said
    [ ! -t 1 ] || { "$@"; return; }
    said=$("$@" 2>&1) || { printf '%s\n' "$said" >&2; return 1; }
}

# Installs those of the named Debian packages that are missing.
packages_install() {
    local have missing=() package
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        command -v cmake >/dev/null && command -v ninja >/dev/null && return 0
        die "no apt-get here: install the equivalents of these Debian packages: $*"
    fi
    have=$(dpkg-query -W -f='${binary:Package} ${db:Status-Status}\n' 2>/dev/null |
        sed -n 's/^\([^ :]*\)[^ ]* installed$/\1/p')
    for package in "$@"; do
        grep -qxF "$package" <<<"$have" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "missing packages, and neither root nor sudo: apt-get install ${missing[*]}"
        sudo=(sudo)
    fi
    echo "muster: installing ${missing[*]}"
    quietly "${sudo[@]}" apt-get update -q || echo "muster: apt-get update failed, trying the lists at hand" >&2
    quietly "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o Dpkg::Use-Pty=0 \
        --no-install-recommends "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

# Whether this tree can be built in: a shared one that is not ours, or is mounted read-only, can't. Sets
# CLOSED to what keeps from it.
can_build() { # PRESET
    for CLOSED in "$ROOT" "$ROOT/build" "$ROOT/build/$1"; do
        [ ! -e "$CLOSED" ] || [ -w "$CLOSED" ] || return 1
    done
}

# A tree that was copied or moved brings a build that names the old one, and would go on building that.
forget_foreign_build() { # PRESET
    local dir=$ROOT/build/$1 home
    home=$(sed -n 's/^CMAKE_HOME_DIRECTORY:INTERNAL=//p' "$dir/CMakeCache.txt" 2>/dev/null)
    [ -z "$home" ] || [ "$home" -ef "$ROOT" ] || {
        echo "muster: $dir is a build of $home: it is made afresh"
        rm -rf "$dir"
    }
}

build_failed() { # PRESET WHAT
    die "$2 failed (see above). Put right what it names, then again; to begin anew: rm -rf '$ROOT/build/$1'." \
        "A build from elsewhere runs with MUSTER_BIN=DIR"
}

# One build at a time: two would write the same files.
build_preset() {
    local preset=$1 lock log quiet=()
    shift
    mkdir -p "$ROOT/build" && exec {lock}<"$ROOT/build" && flock "$lock" || die "$ROOT/build cannot be made or locked"
    forget_foreign_build "$preset"
    if [ ! -f "$ROOT/build/$preset/build.ninja" ]; then
        echo "muster: building, which takes a minute or two the first time"
        log=$(cd "$ROOT" && cmake --preset "$preset" 2>&1) || {
            printf '%s\n' "$log" >&2
            build_failed "$preset" "cmake --preset $preset"
        }
    fi
    [ -t 1 ] || quiet=(-- --quiet)
    cmake --build "$ROOT/build/$preset" "$@" "${quiet[@]}" || build_failed "$preset" "the build of preset $preset"
    exec {lock}<&-
}
