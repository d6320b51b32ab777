#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Vireo beside what people would otherwise use: sh tests/bench/peers.sh [OPTION...]
# Builds the program, fetches model and data, installs the peers' packages, measures both sides in turns,
# and writes the table of the driver at hand into docs/BENCHMARKS.md. README.md tells more.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
work=$root/build/release

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"

usage() {
    say "usage: sh tests/bench/peers.sh [OPTION...]"
    say "VK_DRIVER_FILES=FILE VK_ICD_FILENAMES=FILE before it choose the driver. --check: exit status 1"
    say "where a target is missed, a part is not run or the machine is busy. With --vireo nothing is built,"
    say "with --python nothing installed from PyPI, with --model and --items nothing fetched."
    say ""
    python3 "$here/peers.py" --help
}

given() { # OPTION ARGUMENT...: whether it is among the arguments
    option=$1
    shift
    for argument; do
        case $argument in
        "$option" | "$option"=*) return 0 ;;
        esac
    done
    return 1
}

if given --help "$@" || given -h "$@"; then
    usage
    exit 0
fi
if ! given --vireo "$@"; then
    mkdir -p "$work"
    install_packages build run fetch bench
    build "$work" vireo_cli -DCMAKE_BUILD_TYPE=Release -DVIREO_TESTS=OFF -DVIREO_WERROR=OFF ||
        die "the build failed"
fi
given --model "$@" || sh "$root/models/fetch.sh" minilm
given --items "$@" || sh "$root/models/fetch.sh" ml-100k
given --python "$@" || python3 "$here/peers.py" --setup
exec python3 "$here/peers.py" "$@"
