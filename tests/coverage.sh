#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh tests/coverage.sh [--label L | --fuzz]: builds with gcc --coverage, runs the tests of the labels host,
# lavapipe and cli in the default tier, prints the line coverage of each file, then what each fuzz target's
# committed corpus reaches of its parsers, and puts both tables into docs/TESTING.md. With --label it runs
# only tests of that label, with --fuzz only the corpora, and leaves the document alone. Exit status 1 also
# if a corpus reaches less than 90 % of a parser.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$root/build/coverage
labels='^(host|lavapipe|cli)$'
document=$root/docs/TESTING.md

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"

case ${1:-} in
'') ;;
--label)
    [ $# -eq 2 ] || die "--label needs a value"
    labels="^$2\$"
    document=
    ;;
--fuzz)
    labels=
    document=
    ;;
*) die "unknown argument '$1'; usage: sh tests/coverage.sh [--label L | --fuzz]" ;;
esac
programs=
if [ -z "$labels" ]; then
    programs=$(sh "$root/tests/fuzz.sh" --list | sed 's/^/replay_/' | tr '\n' ' ')
fi

VIREO_TIER=${VIREO_TIER:-default}
export VIREO_TIER
mkdir -p "$work"
install_packages build run test
build "$work" "${programs% }" -DCMAKE_BUILD_TYPE=Debug -DVIREO_TESTS=ON -DCMAKE_C_COMPILER=gcc \
    -DCMAKE_CXX_COMPILER=g++ "-DCMAKE_C_FLAGS=--coverage -DMEASURE_FACTOR=4" \
    -DCMAKE_EXE_LINKER_FLAGS=--coverage ||
    die "the build failed"
parsers() {
    python3 -B "$root/tests/parser_coverage.py" "$work" "$root" ${document:+"$document"} ||
        die "the committed corpora do not reach enough"
}
if [ -z "$labels" ]; then
    parsers
    exit
fi
find "$work" -name '*.gcda' -exec rm -f {} +
failed=0
ctest --test-dir "$work" -L "$labels" -j "$(nproc)" --output-on-failure --no-tests=error \
    >"$work/ctest.log" 2>&1 </dev/null || failed=1
python3 "$root/tests/coverage.py" "$work" "$root" ${document:+"$document"}
if [ "$failed" -ne 0 ]; then
    tail -n 20 "$work/ctest.log"
    die "tests failed; whole log: $work/ctest.log"
fi
if [ -n "$document" ]; then
    parsers
fi
