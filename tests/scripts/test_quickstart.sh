#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# samples/quickstart.sh over a small tree: a program that only says how it was called.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"

tree=$temporary/tree
mkdir -p "$tree/samples" "$tree/cmake" "$tree/models/sources"
cp "$VIREO_SOURCE/samples/quickstart.sh" "$tree/samples"
cp "$VIREO_SOURCE/cmake/setup.sh" "$tree/cmake"
echo "build libc6" >"$tree/cmake/packages.txt"
echo 'echo "fetch $*"' >"$tree/models/fetch.sh"
: >"$tree/models/sources/ml-100k.txt"
cat >"$tree/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(tree NONE)
add_custom_command(OUTPUT vireo COMMAND cmake -E copy ${CMAKE_SOURCE_DIR}/program vireo
    DEPENDS program)
add_custom_target(vireo_cli DEPENDS vireo)
CMAKE
cat >"$tree/program" <<'PROGRAM'
#!/bin/sh
echo "vireo $*"
[ ! -f "$BROKEN" ] || exit 3
if [ "$1" = import ]; then
    : >"$3"
fi
PROGRAM
chmod +x "$tree/program"
export XDG_CACHE_HOME="$temporary/cache" XDG_DATA_HOME="$temporary/data" BROKEN="$temporary/broken"
quickstart=$tree/samples/quickstart.sh
store=$temporary/data/vireo/ml-100k.db
models=$temporary/cache/vireo/models

echo "a failing import is tried again"
: >"$BROKEN"
expect_status 1 sh "$quickstart"
expect_output 'the import failed'
rm "$BROKEN"
expect_status 0 sh "$quickstart"
expect_output '^fetch minilm ml-100k$' "^vireo import --store $store --interactions $models/ml-100k/" \
    "^vireo recommend --store $store --model $models/minilm --user 196 -k 10\$"

echo "the second run repeats nothing"
expect_status 0 sh "$quickstart" --user 7 --device=1
expect "no import" [ "$(grep -c "^vireo import" "$temporary/output")" -eq 0 ]
expect_output "^vireo --device 1 recommend --store $store --model $models/minilm --user 7 -k 10\$"
: >"$BROKEN"
expect_status 3 sh "$quickstart"
rm "$BROKEN"

echo "arguments"
expect_status 0 sh "$quickstart" --help
expect_status 2 sh "$quickstart" --user
expect_status 2 sh "$quickstart" 196

echo "a system without apt: what is needed, and nothing done"
mkdir "$temporary/bin"
for tool in sh dirname basename mkdir awk sort tr cat sed; do
    ln -s "$(command -v "$tool")" "$temporary/bin/$tool"
done
rm -r "$tree/build"
expect_status 1 env PATH="$temporary/bin" sh "$quickstart"
expect_output 'no apt' '^ *libc6 *$'

echo "a missing package, neither root nor sudo"
echo "build vireo-no-such-package" >"$tree/cmake/packages.txt"
cat >"$temporary/bin/id" <<'FAKE'
#!/bin/sh
echo 1000
FAKE
for tool in apt-get dpkg-query rm tail; do
    ln -s "$(command -v "$tool")" "$temporary/bin/$tool"
done
chmod +x "$temporary/bin/id"
expect_status 1 env PATH="$temporary/bin" sh "$quickstart"
expect_output 'vireo-no-such-package' 'As root: apt-get update'
