#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything from a bare Debian 12 to the tests' results: sh tests/run.sh [--fast | --full] [--label L]
# Installs what is missing, fetches SwiftShader, model and data, builds, runs CTest, prints a summary.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$root/build
results=$work/results
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/vireo
tier=default
label=
temporary=

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"

usage() {
    say "usage: sh tests/run.sh [--fast | --full] [--label L]"
    say "    default      at most 15 minutes on two cores"
    say "    --fast       at most 2 minutes: gcc only, no sanitizers, fewer cases"
    say "    --full       everything, without limit"
    say "    --label L    only tests of this label: unit script op device golden cli sample"
    say "                 lavapipe swiftshader validation, or asan clang"
}

bad_usage() {
    say "run.sh: $*" >&2
    usage >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --fast | --full) tier=${1#--} ;;
    --label=?*) label=${1#*=} ;;
    --label)
        [ -n "${2:-}" ] || bad_usage "--label needs a value"
        label=$2
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) bad_usage "unknown argument '$1'" ;;
    esac
    shift
done

clean_up() {
    if [ -n "$temporary" ]; then
        rm -rf -- "$temporary"
    fi
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Debian's Chromium holds SwiftShader. apt knows the mirrors and checks the hash; two files are kept.
download_swiftshader() {
    (cd "$temporary" && apt-get -q download chromium-common >>"$work/apt.log" 2>&1 </dev/null)
}

fetch_swiftshader() {
    folder=$cache/drivers/swiftshader
    if [ -f "$folder/libvk_swiftshader.so" ] && [ -f "$folder/vk_swiftshader_icd.json" ]; then
        return 0
    fi
    say "Fetching SwiftShader (from the package chromium-common) into $folder"
    mkdir -p "$cache/drivers"
    temporary=$(mktemp -d "$cache/drivers/.swiftshader.XXXXXX")
    chmod 755 "$temporary"
    download_swiftshader || {
        as_root apt-get -q update >>"$work/apt.log" 2>&1 </dev/null && download_swiftshader
    } || return 1
    files=./usr/lib/chromium
    dpkg-deb --fsys-tarfile "$temporary"/chromium-common_*.deb |
        tar -x -C "$temporary" "$files/libvk_swiftshader.so" "$files/vk_swiftshader_icd.json" ||
        return 1
    rm -rf -- "$folder"
    mv "$temporary/$files" "$folder"
    clean_up
    temporary=
}

wanted() { # LABEL: a check of the larger tiers that --label, if given, names
    [ "$tier" != fast ] && { [ -z "$label" ] || [ "$label" = "$1" ]; }
}

check() { # LABEL NAME COMMAND...: a check that is no CTest test, counted like one
    check_label=$1
    check_name=$2
    shift 2
    start=$(date +%s)
    outcome=passed
    "$@" || outcome=failed
    say "$check_label $check_name $outcome $(($(date +%s) - start))" >>"$results/checks.txt"
    [ "$outcome" = passed ]
}

run_ctest() { # NAME FOLDER CTEST-ARGUMENT...
    name=$1
    folder=$2
    shift 2
    ctest --test-dir "$folder" --show-only=json-v1 >"$results/$name.json"
    ctest --test-dir "$folder" --output-on-failure --no-tests=ignore -j "$(nproc)" \
        --output-junit "$results/$name.xml" "$@" </dev/null || :
}

mkdir -p "$work"
rm -rf -- "$results"
mkdir "$results"
VIREO_TIER=$tier
export VIREO_TIER

purposes="build run fetch test"
if [ "$tier" != fast ]; then
    purposes="$purposes lint"
fi
# shellcheck disable=SC2086 # a list
install_packages $purposes
fetch_swiftshader || say "SwiftShader could not be had (see $work/apt.log): its tests are skipped."
if ! sh "$root/models/fetch.sh" minilm ml-100k; then
    say "Model or data could not be fetched: tests that need them are skipped."
    if [ "${CI:-}" = true ]; then
        say "fetch models-fetch failed 0" >>"$results/checks.txt"
    fi
fi

case $label in
asan | clang) ;;
*)
    say "Building with gcc (Release) in $work/tests"
    if check build gcc build "$work/tests" "" -DCMAKE_BUILD_TYPE=Release -DVIREO_TESTS=ON \
        -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++; then
        run_ctest tests "$work/tests" -L "^${label:-.*}\$"
    fi
    ;;
esac
if wanted clang; then
    say "Building with clang (warnings are errors) in $work/clang"
    check clang clang-build build "$work/clang" "" -DCMAKE_BUILD_TYPE=Debug -DVIREO_TESTS=ON \
        -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++ || :
fi
if wanted asan; then
    say "Building with AddressSanitizer and UndefinedBehaviorSanitizer in $work/asan"
    if check asan asan-build build "$work/asan" vireo_host_tests -DCMAKE_BUILD_TYPE=Debug \
        -DVIREO_TESTS=ON -DVIREO_SANITIZE=address,undefined -DCMAKE_C_COMPILER=gcc \
        -DCMAKE_CXX_COMPILER=g++; then
        run_ctest asan "$work/asan" -L '^host$'
    fi
fi
python3 "$root/tests/summary.py" "$results"
