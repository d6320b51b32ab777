#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cmake/commit.cmake: a build tells the commit it was made from, and compiles one file for it.
set -eu
# shellcheck source=tests/scripts/check.sh
. "$(dirname -- "$0")/check.sh"
for program in git cmake ninja cc; do
    command -v "$program" >/dev/null || {
        echo "SKIPPED: no $program"
        exit 77
    }
done

tree=$temporary/outer/tree
build=$tree/build
mkdir -p "$tree/cmake"
cp "$VIREO_SOURCE/cmake/commit.cmake" "$VIREO_SOURCE/cmake/commit_text.cmake" "$tree/cmake"
cat >"$tree/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(small LANGUAGES C)
include(cmake/commit.cmake)
add_executable(small main.c)
vireo_commit(small)
CMAKE
cat >"$tree/main.c" <<'C'
#include <stdio.h>
extern const char vr_commit[];
int main(void) { return puts(vr_commit) < 0; }
C
echo build >"$tree/.gitignore"
git() {
    command git -c user.name=a -c user.email=a@example.org -c init.defaultBranch=main -C "$tree" "$@"
}
built_from() { # TEXT
    expect_status 0 ninja -C "$build"
    expect "built from $1" [ "$("$build/small")" = "$1" ]
}

# A tree without git, also inside another's repository.
command git init -q "$temporary/outer"
expect_status 0 cmake -S "$tree" -B "$build" -G Ninja
built_from unknown

git init -q
git add -A
git commit -qm first
first=$(git describe --always)
built_from "$first"
# Nothing new: nothing is compiled.
built_from "$first"
expect "nothing is compiled" [ "$(grep -c 'Building C' "$temporary/output")" = 0 ]
# Changed, though CMake has not run again and nothing is staged.
echo "# more" >>"$tree/cmake/commit.cmake"
built_from "$first-dirty"
git commit -qam second
second=$(git describe --always)
expect "another commit" [ "$second" != "$first" ]
built_from "$second"
# Another commit of the same files: one file is compiled.
git commit -q --allow-empty -m third
built_from "$(git describe --always)"
expect "one file is compiled" [ "$(grep -c 'Building C' "$temporary/output")" = 1 ]
