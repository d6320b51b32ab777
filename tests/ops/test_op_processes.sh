#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# test_op_processes.sh TEST_OP_BITS: processes by turns with cold and with warm caches, ours and the driver's,
# give the results of every op the same bits. Ten processes, two in the default tier.
set -eu
op_bits=$1
processes=2
if [ "${VIREO_TIER:-full}" = full ]; then
    processes=10
fi
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT

fail() {
    echo "failed: process $i: $1"
    exit 1
}

i=1
while [ "$i" -le "$processes" ]; do
    caches=$folder/caches.1
    if [ $((i % 2)) = 1 ]; then # the first one's are left for all that are warm
        caches=$folder/caches.$i
        mkdir -p "$caches/ours" "$caches/driver"
    fi
    MESA_SHADER_CACHE_DIR=$caches/driver MESA_GLSL_CACHE_DIR=$caches/driver \
        "$op_bits" 2 "$folder/bits.$i" "$caches/ours" >"$folder/out" 2>&1 || {
        tail -n 20 "$folder/out"
        fail "exit status"
    }
    if [ $((i % 2)) = 0 ]; then
        grep -q '^0 shaders compiled$' "$folder/out" || fail "its cache was warm, and it compiled shaders"
    else
        grep -q '^[1-9][0-9]* shaders compiled$' "$folder/out" || fail "its cache was cold, and it compiled none"
    fi
    diff "$folder/bits.1" "$folder/bits.$i" || fail "other bits than the first"
    i=$((i + 1))
done
[ -s "$folder/bits.1" ] || fail "no bits"
echo "$processes processes, $(wc -l <"$folder/bits.1") ops"
