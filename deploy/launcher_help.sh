#!/bin/sh
# All that the launcher says of itself and of each of its verbs, as a manual page.
# launcher_help.sh MUSTER MUSTERCTL FILE
set -eu
{
    "$1" help
    for verb in $("$1" help | sed -n 's/^  \([a-z][a-z]*\) .*/\1/p'); do
        "$1" help "$verb"
    done
} | sed 's,\./muster ,muster ,g' | "$2" pages muster.1 >"$3.new"
mv "$3.new" "$3"
