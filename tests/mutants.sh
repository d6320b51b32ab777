#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Mutants: changes that break the library on purpose, a patch each in tests/mutants. Each is applied to a
# copy of the tree, and one of the tests that it names must fail there. A patch begins with
#     # Breaks: what
#     # Test: PROGRAM [ARGUMENT...]     of tests; one line or more
#     # Environment: NAME=VALUE...      of these, if needed
#     # Driver: swiftshader             instead of lavapipe
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$root/build/mutants
tree=$work/tree
folder=$work/build
patience=300 # seconds a test may take: one that hangs has noticed

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"

usage() {
    say "usage: sh tests/mutants.sh [NAME...]   all of tests/mutants, or these; exit status 1: one survives"
    say "       sh tests/mutants.sh --list      names, and what each breaks"
}

bad_usage() {
    say "mutants.sh: $*" >&2
    usage >&2
    exit 2
}

field() { # NAME FIELD: its values, a line each
    sed -n "/^---/q; s/^# $2: //p" "$root/tests/mutants/$1.patch"
}

names() {
    for patch in "$root"/tests/mutants/*.patch; do
        [ -f "$patch" ] || die "no patch in tests/mutants"
        basename -- "$patch" .patch
    done
}

# The copy gets only what differs, with a new time, so that the build sees what an earlier run left.
synchronise() {
    mkdir -p "$tree"
    (
        cd "$root"
        find . \( -path './build*' -o -path ./.cache -o -name .git \) -prune -o -type f -print
    ) | sort >"$work/files"
    (cd "$tree" && find . -type f) | sort | comm -13 "$work/files" - | while IFS= read -r file; do
        rm -f "$tree/$file"
    done
    while IFS= read -r file; do
        cmp -s "$root/$file" "$tree/$file" || copy "$file"
    done <"$work/files"
}

copy() { # FILE
    mkdir -p "$(dirname -- "$tree/$1")"
    rm -f "$tree/$1"
    cp "$root/$1" "$tree/$1"
}

restore() { # NAME: the files that its patch changed
    sed -n 's|^+++ b/||p' "$root/tests/mutants/$1.patch" | while IFS= read -r file; do
        copy "$file"
    done
}

build_tests() { # NAME
    targets=$(field "$1" Test | sed 's/ .*//' | sort -u | tr '\n' ' ')
    source=$root
    root=$tree
    built=0
    build "$folder" "${targets% }" -DCMAKE_BUILD_TYPE=Release -DVIREO_TESTS=ON -DVIREO_WERROR=OFF \
        -DCMAKE_C_COMPILER=gcc -DCMAKE_CXX_COMPILER=g++ || built=$?
    root=$source
    return "$built"
}

# One "Test" of a patch; its output goes to $work/test.log.
run_test() { # NAME PROGRAM [ARGUMENT...]
    driver=$(field "$1" Driver | tr '[:lower:]' '[:upper:]')
    json=$(sed -n "s/^VIREO_${driver:-LAVAPIPE}:FILEPATH=//p" "$folder/CMakeCache.txt")
    export VIREO_TIER=default
    # shellcheck disable=SC2046 # assignments
    set -- $(field "$1" Environment) "$@"
    while [ "${1#*=}" != "$1" ]; do
        export "${1?}"
        shift
    done
    shift
    program=$1
    shift
    VK_DRIVER_FILES=$json VK_ICD_FILENAMES=$json \
        timeout "$patience" "$folder/tests/$program" "$@" >"$work/test.log" 2>&1 </dev/null
}

# Without a patch: "a test that fails anyway would catch everything".
check_unchanged() { # NAME...
    checked=
    for name; do
        while IFS= read -r test; do
            key="$(field "$name" Driver)|$(field "$name" Environment)|$test"
            case $checked in
            *"<$key>"*) continue ;;
            esac
            checked="$checked<$key>"
            build_tests "$name" || die "the unchanged tree does not build"
            status=0
            # shellcheck disable=SC2086 # program and arguments
            (run_test "$name" $test) || status=$?
            [ "$status" -eq 0 ] || {
                tail -n 20 "$work/test.log" >&2
                die "$test ends with $status on the unchanged tree (77: skipped)"
            }
        done <<EOT
$(field "$name" Test)
EOT
    done
}

# The outcome of a mutant: what caught it, or why it counts as a failure.
judge() { # NAME
    patch -s -F0 -p1 -d "$tree" <"$root/tests/mutants/$1.patch" >"$work/patch.log" 2>&1 || {
        say "DOES NOT APPLY"
        return
    }
    build_tests "$1" >"$work/compile.log" 2>&1 || {
        say "DOES NOT COMPILE"
        return
    }
    field "$1" Test | {
        while IFS= read -r test; do
            status=0
            # shellcheck disable=SC2086 # program and arguments
            (run_test "$1" $test) || status=$?
            case $status in
            0 | 77) ;;
            *)
                say "$test"
                return
                ;;
            esac
        done
        say "SURVIVES"
    }
}

for argument; do
    case $argument in
    --help | -h)
        usage
        exit 0
        ;;
    --list)
        for name in $(names); do
            say "$name: $(field "$name" Breaks)"
        done
        exit 0
        ;;
    *)
        [ -f "$root/tests/mutants/$argument.patch" ] || bad_usage "no mutant '$argument'"
        ;;
    esac
done
[ $# -gt 0 ] || {
    # shellcheck disable=SC2046 # a list
    set -- $(names)
}
mkdir -p "$work"
install_packages build run test
synchronise
start=$(date +%s)
check_unchanged "$@"
say "unchanged: all tests named pass, $(($(date +%s) - start)) s"
failures=0
for name; do
    began=$(date +%s)
    outcome=$(judge "$name")
    restore "$name"
    printf '%-34s %-34s %4d s\n' "$name" "$outcome" $(($(date +%s) - began))
    case $outcome in
    "DOES NOT"* | SURVIVES) failures=$((failures + 1)) ;;
    esac
done
say "$# mutants, $failures not caught, $(($(date +%s) - start)) s"
[ "$failures" -eq 0 ]
