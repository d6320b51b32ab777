#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# README.md: its C example compiles without a warning, its links lead to files, its commands exist.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"
readme=$VIREO_SOURCE/README.md

awk '/^```c$/ { on = 1; next } /^```/ { on = 0 } on' "$readme" >"$temporary/example.c"
expect "README.md has a C example" [ -s "$temporary/example.c" ]
expect_status 0 "${CC:-cc}" -std=c17 -Wall -Wextra -Wpedantic -Wshadow -Werror -fsyntax-only \
    -I "$VIREO_SOURCE/include" "$temporary/example.c"

for document in README.md docs/ARCHITECTURE.md docs/TESTING.md docs/ADDING_AN_OP.md docs/ADDING_A_MODEL.md \
    docs/BENCHMARKS.md models/bert.md tests/bench/README.md; do
    grep -o -E '(docs|src|shaders|models|samples|tests|include|cmake)/[A-Za-z0-9_./-]*\.(c|h|md|sh|py|txt|comp|glsl|json)\b' \
        "$VIREO_SOURCE/$document" | sort -u >"$temporary/paths"
    while IFS= read -r path; do
        expect "$document names $path, which is there" [ -e "$VIREO_SOURCE/$path" ]
    done <"$temporary/paths"
done
