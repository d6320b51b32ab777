#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/run.sh and summary.py over a small tree of their own: what they count and how they end.
set -eu
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"

tree=$temporary/tree
drivers=$temporary/cache/vireo/drivers
mkdir -p "$tree/tests" "$tree/cmake" "$tree/models" "$drivers/swiftshader" "$drivers/lavapipe25"
: >"$drivers/swiftshader/icd.json"
: >"$drivers/lavapipe25/icd.json"
for file in run.sh drivers.sh summary.py; do
    cp "$VIREO_SOURCE/tests/$file" "$tree/tests"
done
cp "$VIREO_SOURCE/cmake/setup.sh" "$tree/cmake"
echo "# none" >"$tree/cmake/packages.txt"
echo "exit 0" >"$tree/models/fetch.sh"
export XDG_CACHE_HOME="$temporary/cache"
unset CI
run=$tree/tests/run.sh

project() { # NAME EXIT-STATUS LABELS...: CMakeLists.txt with one test per three arguments
    {
        echo "cmake_minimum_required(VERSION 3.22)"
        echo "project(tree NONE)"
        echo "enable_testing()"
        while [ $# -ge 3 ]; do
            echo "add_test(NAME $1 COMMAND sh -c \"echo driver not found: there; test x\$VIREO_TIER != x && exit $2\")"
            echo "set_tests_properties($1 PROPERTIES LABELS \"$3\" SKIP_RETURN_CODE 77)"
            shift 3
        done
    } >"$tree/CMakeLists.txt"
}

last_line() {
    expect "last line: $1" [ "$(tail -n 1 "$temporary/output")" = "$1" ]
}

project unit.a 0 "unit;host" device.b 77 "device;swiftshader"
expect_status 0 sh "$run" --fast
last_line "2 passed, 0 failed, 1 skipped"
expect_output '^unit  *1  *0  *0 ' '^device swiftshader  *0  *0  *1 ' \
    '^  device.b: driver not found: there$'
expect_status 1 env CI=true sh "$run" --fast
last_line "2 passed, 1 failed, 0 skipped"
expect_output '^  device.b: skipped, with CI=true: driver not found'
expect_status 0 sh "$run" --fast --label unit
last_line "2 passed, 0 failed, 0 skipped"

echo "tables of ops: named, with how many cases ran"
cat >"$tree/test_ops.sh" <<'END'
printf 'device: d\n\n7 cases ran with every kernel\n' >"$VIREO_OPS_TABLES-swiftshader.txt"
END
sed -i "s|!= x|!= x \&\& sh $tree/test_ops.sh|" "$tree/CMakeLists.txt"
expect_status 0 sh "$run" --fast --label unit
expect_output '^Ops by kernel, dtype and class, in .*/results:$' \
    '^  ops-swiftshader.txt: 7 cases ran with every kernel$'

echo "only skipped, nothing chosen, failing, not compiling: failures"
expect_status 1 sh "$run" --fast --label swiftshader
last_line "1 passed, 1 failed, 1 skipped"
expect_output 'no test ran'
expect_status 1 sh "$run" --fast --label nothing
expect_output 'no test ran'
expect_status 1 sh "$run" --fast --label asan
last_line "0 passed, 0 failed, 0 skipped"
project unit.a 0 unit unit.b 3 unit
expect_status 1 sh "$run" --fast
last_line "2 passed, 1 failed, 0 skipped"
expect_output '^  unit.b$'
echo 'message(FATAL_ERROR "cannot configure")' >>"$tree/CMakeLists.txt"
rm -r "$tree/build"
expect_status 1 sh "$run" --fast
last_line "0 passed, 1 failed, 0 skipped"
expect_output 'cannot configure'

echo "a model that cannot be fetched: a failure only with CI=true"
project unit.a 0 unit
echo "exit 1" >"$tree/models/fetch.sh"
expect_status 0 sh "$run" --fast
expect_status 1 env CI=true sh "$run" --fast
last_line "2 passed, 1 failed, 0 skipped"
expect_output '^  models-fetch$'

echo "a driver that cannot be fetched: said, and its tests are skipped"
mkdir "$temporary/bin"
printf '#!/bin/sh\necho "no mirror" >&2\nexit 1\n' >"$temporary/bin/apt-get"
chmod +x "$temporary/bin/apt-get"
rm -r "$drivers/lavapipe25"
echo "exit 0" >"$tree/models/fetch.sh"
project unit.a 0 "unit;host" device.b 77 "device;lavapipe25"
expect_status 0 env PATH="$temporary/bin:$PATH" sh "$run" --label unit
expect_output '^The driver lavapipe25 could not be had '
expect_status 1 env CI=true PATH="$temporary/bin:$PATH" sh "$run" --label lavapipe25
expect_output '^The driver lavapipe25 could not be had ' \
    '^  device.b: skipped, with CI=true: driver not found'
expect "no leftovers beside the drivers" [ "$(ls -A "$drivers")" = swiftshader ]
expect_status 0 sh "$run" --fast --label unit
expect "the fast tier needs no lavapipe25" [ "$(grep -c 'lavapipe25' "$temporary/output")" -eq 0 ]

echo "arguments"
expect_status 0 sh "$run" --help
expect_status 2 sh "$run" --slow
expect_status 2 sh "$run" --label
