#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fuzzing with libFuzzer, ASan and UBSan; see usage below. docs/TESTING.md tells more.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$root/build/fuzz
findings=$work/findings
name=$(basename -- "$0")

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"

usage() {
    say "usage: sh tests/fuzz.sh TARGET SECONDS [RUNS]   until either is reached; exit status 1: a finding"
    say "       sh tests/fuzz.sh --list                  the targets"
    say "       sh tests/fuzz.sh --merge TARGET          new coverage found here -> the committed corpus"
    say "       sh tests/fuzz.sh --seeded [SECONDS]      each bug of tests/fuzz/seeded must be found, within"
    say "                                                SECONDS (60) from the committed corpus"
}

bad_usage() {
    say "$name: $*" >&2
    usage >&2
    exit 2
}

targets() {
    for source in "$root"/tests/fuzz/fuzz_*.c; do
        [ -f "$source" ] || continue
        source=${source##*/fuzz_}
        say "${source%.c}"
    done
}

check_target() {
    [ -f "$root/tests/fuzz/fuzz_$1.c" ] ||
        bad_usage "no target '$1'; the targets: $(targets | tr '\n' ' ')"
}

check_number() { # WHAT VALUE
    case $2 in
    '' | *[!0-9]* | 0*) bad_usage "$1 is '$2', not a whole number from 1" ;;
    esac
}

build_fuzz() { # FOLDER TARGET...: programs FOLDER/tests/fuzz/fuzz_TARGET
    folder=$1
    shift
    programs=
    for target; do
        programs="$programs fuzz_$target"
    done
    build "$folder" "${programs# }" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DVIREO_TESTS=ON \
        -DVIREO_FUZZ=ON -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
}

# One libFuzzer run; its output goes to LOG. ASan's options make a refused giant allocation NULL, as
# malloc's is, and the committed dictionary is used where there is one.
run_fuzzer() { # PROGRAM TARGET LOG CORPUS ARGUMENT...
    program=$1
    target=$2
    log=$3
    corpus=$4
    shift 4
    if [ -f "$root/tests/fuzz/$target.dict" ]; then
        set -- "-dict=$root/tests/fuzz/$target.dict" "$@"
    fi
    mkdir -p "$findings"
    ASAN_OPTIONS=allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1 \
        "$program" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        "-artifact_prefix=$findings/$target-" "$@" "$corpus" >"$log" 2>&1 </dev/null
}

statistic() { # NAME LOG
    sed -n "s/^stat::$1: *//p" "$2" | tail -n 1
}

reproducer() { # LOG
    sed -n 's/.*Test unit written to //p' "$1" | tail -n 1
}

fill_corpus() { # TARGET FOLDER: the committed inputs, beside what is there
    mkdir -p "$2"
    for file in "$root/tests/fuzz/corpus/$1"/*; do
        if [ -f "$file" ]; then
            cp "$file" "$2/"
        fi
    done
}

fuzz() { # TARGET SECONDS [RUNS]
    check_target "$1"
    check_number SECONDS "$2"
    [ -z "${3:-}" ] || check_number RUNS "$3"
    build_fuzz "$work/build" "$1" || die "fuzz_$1 did not build"
    fill_corpus "$1" "$work/corpus/$1"
    log=$work/$1.log
    program=$work/build/tests/fuzz/fuzz_$1
    say "Fuzzing $1 for ${2} s${3:+ or $3 runs}; log: $log"
    status=0
    run_fuzzer "$program" "$1" "$log" "$work/corpus/$1" "-max_total_time=$2" "-runs=${3:--1}" ||
        status=$?
    say "$1: $(statistic number_of_executed_units "$log") executions," \
        "$(statistic average_exec_per_sec "$log") a second," \
        "$(statistic new_units_added "$log") new units," \
        "$(statistic peak_rss_mb "$log") MiB at most"
    [ "$status" -ne 0 ] || return 0
    grep -m 1 -E 'ERROR:|runtime error:|SUMMARY:' "$log" || tail -n 20 "$log"
    file=$(reproducer "$log")
    if [ -n "$file" ]; then
        say "FINDING: $file"
        say "Again:   $program $file"
    else
        say "FAILED: exit status $status, no input written; see $log"
    fi
    return 1
}

merge() { # TARGET
    check_target "$1"
    build_fuzz "$work/build" "$1" || die "fuzz_$1 did not build"
    committed=$root/tests/fuzz/corpus/$1
    mkdir -p "$committed" "$work/corpus/$1"
    before=$(find "$committed" -type f | wc -l)
    run_fuzzer "$work/build/tests/fuzz/fuzz_$1" "$1" "$work/$1-merge.log" "$work/corpus/$1" -merge=1 \
        "$committed" || die "merging failed; see $work/$1-merge.log"
    say "$1: $(find "$committed" -type f | wc -l) committed inputs, $before before"
}

# On a copy of the tree: fine as it is, and not with any of the patches.
seeded() { # SECONDS
    check_number SECONDS "$1"
    seconds=$1
    copy=$work/seeded
    findings=$copy/findings
    rm -rf -- "$copy" # the build too: what a patch left behind would be newer than the copy
    mkdir -p "$copy/tree"
    for entry in "$root"/*; do
        case ${entry##*/} in
        build*) ;;
        *) cp -R "$entry" "$copy/tree/" ;;
        esac
    done
    checked=" "
    count=0
    missed=0
    for patch in "$root"/tests/fuzz/seeded/*.patch; do
        [ -f "$patch" ] || die "no patch in tests/fuzz/seeded"
        bug=$(basename -- "$patch" .patch)
        target=${bug%%-*}
        check_target "$target"
        case $checked in
        *" $target "*) ;;
        *)
            seed_run "$target" 5 unchanged || die "$target: a finding without any seeded bug; see $log"
            checked="$checked$target "
            ;;
        esac
        patch -s -p1 -d "$copy/tree" <"$patch" || die "$patch does not apply"
        count=$((count + 1))
        if seed_run "$target" "$seconds" "$bug"; then
            say "MISSED: $bug, after $(statistic number_of_executed_units "$log") executions"
            missed=$((missed + 1))
        elif [ -n "$(reproducer "$log")" ]; then
            say "found: $bug, after $(statistic number_of_executed_units "$log") executions:" \
                "$(sed -n 's/^SUMMARY: //p' "$log" | tail -n 1)"
        else
            die "$bug: the run failed without a finding; see $log"
        fi
        patch -s -R -p1 -d "$copy/tree" <"$patch" || die "$patch does not come off"
    done
    say "$count seeded bugs, $missed missed"
    [ "$count" -ge 3 ] && [ "$missed" -eq 0 ]
}

seed_run() { # TARGET SECONDS NAME: builds the copy and fuzzes; sets log
    source=$root
    root=$copy/tree
    built=0
    build_fuzz "$copy/build" "$1" || built=$?
    root=$source
    [ "$built" -eq 0 ] || die "$3 did not build"
    rm -rf -- "$copy/corpus"
    fill_corpus "$1" "$copy/corpus"
    log=$copy/$3.log
    run_fuzzer "$copy/build/tests/fuzz/fuzz_$1" "$1" "$log" "$copy/corpus" "-max_total_time=$2" \
        -seed=1
}

case ${1:-} in
--help | -h)
    usage
    exit 0
    ;;
--list)
    targets
    exit 0
    ;;
'') bad_usage "no target" ;;
esac
mkdir -p "$work"
install_packages build fuzz test
case $1 in
--seeded)
    [ $# -le 2 ] || bad_usage "too many arguments"
    seeded "${2:-60}"
    ;;
--merge)
    [ $# -eq 2 ] || bad_usage "--merge takes one target"
    merge "$2"
    ;;
-*) bad_usage "unknown option '$1'" ;;
*)
    case $# in
    2 | 3) ;;
    *) bad_usage "a target needs SECONDS, and may have RUNS" ;;
    esac
    fuzz "$@"
    ;;
esac
