#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Ten processes give the same vectors to the bit: with our cache and the driver's cold, warm, off, in
# turn and at once. With --deterministic a text has its bits whatever it is embedded with. The tiny model;
# in the full tier all-MiniLM-L6-v2 too.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
if [ "${VIREO_TEST_DRIVER:-}" = lavapipe25 ] && [ "${VIREO_TIER:-}" != full ]; then
    echo "SKIPPED: not in this tier, a cold compile takes Mesa 25 ten times as long as Mesa 22"
    exit 77
fi
minilm=${VIREO_MODELS:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/vireo/models}/minilm # cli.sh sets another cache folder
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
cd "$temporary"

for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    echo 'The sea'
    echo "A dark night in the city ($i)"
    echo
    echo 'robot love story of a queen, the house and the star ship; train home road'
done >texts
head -n 6 texts >few # other sizes than all of them

one() { # NAME OUR-CACHE DRIVER'S-CACHE ARGUMENT...
    name=$1
    ours=$2
    drivers=$3
    shift 3
    MESA_SHADER_CACHE_DIR=$drivers MESA_GLSL_CACHE_DIR=$drivers "$VIREO" --cache-dir "$ours" \
        embed --model "$model" --format npy --output "$name.npy" "$@" >out 2>"$name.err" </dev/null || {
        status=$?
        echo "process $name: exit status $status" >&2
        cat "$name.err" >&2
        return "$status"
    }
}

same() { # DESCRIPTION NAME
    expect "$1" cmp "$temporary/first.npy" "$temporary/$2.npy"
}

# What is cold is compiled, which takes the longest.
ten_processes() { # ARGUMENT...
    rm -rf -- cold.* shared ./*.npy
    one first shared/ours shared/drivers "$@"
    MESA_SHADER_CACHE_DISABLE=true MESA_GLSL_CACHE_DISABLE=true one off cold.2/ours cold.2/drivers "$@"
    same "process 2, ours cold, the driver's off" off
    one ours shared/ours cold.3/drivers "$@"
    same "process 3, ours warm, the driver's cold" ours
    one drivers cold.4/ours shared/drivers "$@"
    same "process 4, ours cold, the driver's warm" drivers
    for i in 5 6 7 8; do
        one "warm$i" shared/ours shared/drivers "$@"
        same "process $i, both caches warm" "warm$i"
    done
    one left shared/ours shared/drivers "$@" &
    left=$!
    one right shared/ours shared/drivers "$@" &
    right=$!
    expect "process 9" wait "$left"
    expect "process 10" wait "$right"
    same "process 9, beside another" left
    same "process 10, beside another" right
}

body() { # FILE: the numbers of a .npy file, whose header is 128 bytes
    tail -c +129 "$1"
}

# All texts, a few, one after the other in runs of their own.
alone_and_together() {
    one all shared/ours shared/drivers --deterministic --input texts
    one few shared/ours shared/drivers --deterministic --input few
    one alone shared/ours shared/drivers --deterministic --input texts --batch 1
    body few.npy >few.bits
    body all.npy | head -c "$(wc -c <few.bits)" >all.bits
    expect "some numbers" [ -s few.bits ]
    expect "a few texts have the bits they have among all" cmp few.bits all.bits
    expect "texts alone have the bits they have among all" cmp alone.npy all.npy
}

tiny_model
if [ "${VIREO_TIER:-}" = full ]; then
    ten_processes --input texts
fi
ten_processes --input texts --deterministic
alone_and_together

if [ "${VIREO_TIER:-}" = full ]; then
    if [ ! -d "$minilm" ]; then
        echo "SKIPPED: $minilm is missing, run models/fetch.sh minilm"
        exit 77 # or 1: a check that failed counts more
    fi
    model=$minilm
    ten_processes --input texts
    ten_processes --input texts --deterministic
    alone_and_together
fi
