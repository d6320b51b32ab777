#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# sh tests/lint.sh clang-tidy | clang-analyzer | cppcheck: one static check over src, models and samples.
# Prints the findings; exit status 1: there are some. The first two read .clang-tidy; the first leaves out
# the analyser, which is the slow part. The third reads tests/cppcheck.supp.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
build=$root/build/lint
cd "$root"

# Every file is a process of its own: version 14 carries some state from one file into the next.
clang_tidy() { # EXCLUDED-FILE ARGUMENT...
    excluded=$1
    shift
    find src models samples -name '*.c' ! -path "$excluded" | sort |
        xargs -P "$(nproc)" -n 1 clang-tidy -p "$build" --quiet "$@" \
            2>"$build/clang-tidy.log" || {
        grep -E 'error: |Error while' "$build/clang-tidy.log" | head -n 20
        return 1
    }
}

configure() { # how each file is compiled
    mkdir -p "$build"
    if ! cmake -S "$root" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_COMPILER=clang \
        -DCMAKE_CXX_COMPILER=clang++ >"$build/configure.log" 2>&1; then
        tail -n 20 "$build/configure.log" >&2
        exit 1
    fi
}

case ${1:-} in
clang-tidy)
    configure
    clang_tidy none "--checks=-clang-analyzer-*"
    ;;
clang-analyzer)
    configure
    # What error.h promises about vr_fail is told to the analyser, but not where vr_fail is written.
    clang_tidy src/base/error.c "--extra-arg=-I$root/src" \
        "--extra-arg=-include$root/tests/lint/analyzer_hints.h"
    ;;
cppcheck)
    cppcheck --quiet --error-exitcode=1 --std=c11 --enable=warning,portability,performance \
        --inline-suppr --suppressions-list=tests/cppcheck.supp -j "$(nproc)" \
        --template='{file}:{line}: {severity}: {message} [{id}]' \
        -I include -I src -I . src models samples
    ;;
*)
    echo "usage: sh tests/lint.sh clang-tidy | clang-analyzer | cppcheck" >&2
    exit 2
    ;;
esac
