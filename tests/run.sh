#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything from a bare Debian 12 to the tests' results: sh tests/run.sh [--fast | --full] [--label L]
# Installs what is missing, fetches drivers, model and data, builds, runs CTest, prints a summary.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$root/build
results=$work/results
tier=default
label=

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"
# shellcheck source=tests/drivers.sh
. "$root/tests/drivers.sh"

usage() {
    say "usage: sh tests/run.sh [--fast | --full] [--label L]"
    say "    default      at most 15 minutes on two cores"
    say "    --fast       at most 2 minutes: gcc only, two drivers, no sanitizers, fewer cases"
    say "    --full       everything, without limit"
    say "    --label L    only tests of this label: unit fuzz script op device golden cli sample"
    say "                 lavapipe lavapipe25 swiftshader validation, or a check of the larger tiers:"
    say "                 clang lint asan, tsan and mutants (with --full); docs/TESTING.md tells more"
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

trap clean_drivers EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

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
    tables=$results/ops # ctest keeps a KiB of what a test that passed has printed
    [ "$name" = tests ] || tables=$results/$name.ops
    VIREO_OPS_TABLES=$tables ctest --test-dir "$folder" --output-on-failure --no-tests=ignore -j "$(nproc)" \
        --output-junit "$results/$name.xml" "$@" </dev/null || :
}

sanitized() { # NAME SANITIZERS TARGET CTEST-ARGUMENT...
    name=$1
    sanitizers=$2
    target=$3
    shift 3
    if check "$name" "$name-build" build "$work/$name" "$target" -DCMAKE_BUILD_TYPE=Debug \
        -DVIREO_TESTS=ON "-DVIREO_SANITIZE=$sanitizers" -DCMAKE_C_COMPILER=gcc \
        -DCMAKE_CXX_COMPILER=g++; then
        run_ctest "$name" "$work/$name" "$@"
    else
        return 1
    fi
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
if [ "$tier" = full ]; then
    purposes="$purposes fuzz"
fi
# shellcheck disable=SC2086 # a list
install_packages $purposes
fetch_driver swiftshader chromium-common
if [ "$tier" != fast ]; then
    fetch_driver lavapipe25 mesa-vulkan-drivers
fi
if ! sh "$root/models/fetch.sh" minilm ml-100k; then
    say "Model or data could not be fetched: tests that need them are skipped."
    if [ "${CI:-}" = true ]; then
        say "fetch models-fetch failed 0" >>"$results/checks.txt"
    fi
fi

case $label in
asan | tsan | clang | lint | mutants) ;;
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
if wanted lint; then
    say "Static checks: clang-tidy, cppcheck"
    check lint cppcheck sh "$root/tests/lint.sh" cppcheck || :
    check lint clang-tidy sh "$root/tests/lint.sh" clang-tidy || :
    if [ "$tier" = full ]; then # which leaves a file to the other
        check lint clang-analyzer sh "$root/tests/lint.sh" clang-analyzer || :
    fi
fi
if wanted asan; then
    say "Building with AddressSanitizer and UndefinedBehaviorSanitizer in $work/asan"
    if [ "$tier" = full ]; then
        # The heaviest cases of the ops would keep more memory than 24 GiB: those of the default tier.
        if sanitized asan address,undefined all -LE '^(op|script)$'; then
            (VIREO_TIER=default && run_ctest asan-op "$work/asan" -L '^op$')
        fi
    else
        sanitized asan address,undefined vireo_host_tests -L '^host$' || :
    fi
fi
if [ "$tier" = full ] && wanted tsan; then
    say "Building with ThreadSanitizer in $work/tsan"
    # Threads are ours, and the other two drivers run the same code of ours: these two suffice.
    sanitized tsan thread all -L '^(device|golden)$' -R '[.](lavapipe|swiftshader)[.]' || :
fi
if [ "$tier" = full ] && wanted mutants; then
    say "Mutants: what is broken on purpose must be noticed"
    check mutants mutants sh "$root/tests/mutants.sh" || :
fi
if [ "$tier" = full ] && wanted fuzz; then
    check fuzz seeded-bugs sh "$root/tests/fuzz.sh" --seeded || :
    check fuzz corpora-reach sh "$root/tests/coverage.sh" --fuzz || :
    for target in $(sh "$root/tests/fuzz.sh" --list); do
        check fuzz "fuzz-$target" sh "$root/tests/fuzz.sh" "$target" 60 || :
    done
fi
python3 "$root/tests/summary.py" "$results"
