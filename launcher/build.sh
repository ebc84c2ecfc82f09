# shellcheck shell=bash
# Packages and builds, for ./muster and the tests. Sourced; uses ROOT and die of ./muster.

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
    "${sudo[@]}" apt-get update -q || echo "muster: apt-get update failed, trying the lists at hand" >&2
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q -o Dpkg::Use-Pty=0 --no-install-recommends \
        "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}

build_preset() {
    local preset=$1
    shift
    if [ ! -f "$ROOT/build/$preset/build.ninja" ]; then
        (cd "$ROOT" && cmake --preset "$preset" >"$ROOT/build.$$.log" 2>&1) || {
            cat "$ROOT/build.$$.log" >&2
            rm -f "$ROOT/build.$$.log"
            die "cmake --preset $preset failed"
        }
        rm -f "$ROOT/build.$$.log"
    fi
    cmake --build "$ROOT/build/$preset" "$@" || die "the build of preset $preset failed"
}
