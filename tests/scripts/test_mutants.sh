#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The patches of tests/mutants still apply and name tests that are there; tests/mutants.sh over a small
# tree of its own: what it says of each kind of mutant, and how it ends.
set -eu
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"

is_test() { # PROGRAM
    for source in "$VIREO_SOURCE"/tests/*/"$1.c"; do
        [ -f "$source" ]
    done
}

count=0
for patch in "$VIREO_SOURCE"/tests/mutants/*.patch; do
    name=$(basename -- "$patch" .patch)
    count=$((count + 1))
    expect_status 0 patch -s -F0 -p1 --dry-run -d "$VIREO_SOURCE" -i "$patch"
    expect "$name says what it breaks" grep -q '^# Breaks: ..*' "$patch"
    programs=$(sed -n 's/^# Test: \([^ ]*\).*/\1/p' "$patch")
    expect "$name names a test" [ -n "$programs" ]
    for program in $programs; do
        expect "$name: $program is a test" is_test "$program"
    done
done
expect "there are $count mutants, at least 32" [ "$count" -ge 32 ]

tree=$temporary/tree
mkdir -p "$tree/tests/mutants" "$tree/cmake"
cp "$VIREO_SOURCE/tests/mutants.sh" "$tree/tests"
cp "$VIREO_SOURCE/cmake/setup.sh" "$tree/cmake"
echo "# none" >"$tree/cmake/packages.txt"
cat >"$tree/CMakeLists.txt" <<'EOT'
cmake_minimum_required(VERSION 3.22)
project(tree C)
set(VIREO_LAVAPIPE first.json CACHE FILEPATH "")
set(VIREO_SWIFTSHADER second.json CACHE FILEPATH "")
add_subdirectory(tests)
EOT
echo "add_executable(test_sum test_sum.c)" >"$tree/tests/CMakeLists.txt"
# A test of its argument and of what it is told by the environment.
cat >"$tree/tests/test_sum.c" <<'EOT'
#include <stdlib.h>
#include <string.h>
static int sum(int a, int b)
{
    return a + b;
}
int main(int argc, char **argv)
{
    const char *driver = getenv("VK_DRIVER_FILES"), *skip = getenv("SKIP");
    if (skip || strcmp(getenv("VIREO_TIER"), "default"))
        return 77;
    return sum(2, argc > 1 ? 2 : 0) != (argc > 1 ? 4 : 2) || strcmp(driver, argc > 2 ? argv[2] : "first.json");
}
EOT

mutant() { # NAME OLD NEW HEADER-LINE...: a patch that puts NEW for OLD in test_sum.c
    patch=$tree/tests/mutants/$1.patch
    old=$2
    new=$3
    shift 3
    printf '# %s\n' "Breaks: something" "$@" >"$patch"
    sed "s/$old/$new/" "$tree/tests/test_sum.c" |
        diff -U1 --label a/tests/test_sum.c --label b/tests/test_sum.c "$tree/tests/test_sum.c" - \
            >>"$patch" || :
}

run=$tree/tests/mutants.sh
mutant caught "a + b" "a - b" "Test: test_sum" "Test: test_sum two"
mutant other-driver "a + b" "a * b + b" "Test: test_sum two second.json" "Driver: swiftshader"
expect_status 0 sh "$run"
expect_output '^caught  *test_sum two  *[0-9]* s$' '^other-driver  *test_sum two second.json ' \
    '^2 mutants, 0 not caught, '
expect "the tree is as it was" grep -q 'a + b' "$tree/tests/test_sum.c"
expect_status 0 sh "$run" caught
expect_output '^1 mutants, 0 not caught, '
expect_status 0 sh "$run" --list
expect_output '^caught: something$'

echo "mutants that nothing catches"
mutant survives "a + b" "b + a" "Test: test_sum two"
expect_status 1 sh "$run" survives caught
expect_output '^survives  *SURVIVES ' '^caught  *test_sum two ' '^2 mutants, 1 not caught, '
mutant broken "a + b" "a + c" "Test: test_sum"
expect_status 1 sh "$run" broken caught
expect_output '^broken  *DOES NOT COMPILE ' '^caught  *test_sum two '
sed 's/^-.*a + b/-    return b/' "$tree/tests/mutants/caught.patch" >"$tree/tests/mutants/old.patch"
expect_status 1 sh "$run" old caught
expect_output '^old  *DOES NOT APPLY ' '^caught  *test_sum two '

echo "tests that say nothing"
mutant skipped "a + b" "a - b" "Test: test_sum two" "Environment: SKIP=1"
expect_status 1 sh "$run" skipped
expect_output 'test_sum two ends with 77 on the unchanged tree'
mutant wrong "a + b" "a - b" "Test: test_sum two third.json"
expect_status 1 sh "$run" wrong
expect_output 'test_sum two third.json ends with 1 on the unchanged tree'
mutant nowhere "a + b" "a - b" "Test: test_product"
expect_status 1 sh "$run" nowhere
expect_output 'the unchanged tree does not build'
expect_status 2 sh "$run" nobody
