#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench op: shapes given and those of models, dtypes, what is refused; every op in the full tier.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
cd "$temporary"

vireo 0 bench op matmul --shapes 5x64x9,33x32x40 --json
quiet
json '[r["shape"] for r in j["results"]] == ["5x64x9", "33x32x40"] and j["device"] != ""'
json 'all(set(r) == {"op", "shape", "model", "dtype", "kernel", "ms", "runs", "repeats", "gflops",
                     "gb_per_s", "nmse", "rows_checked"} for r in j["results"])'
json 'all(0 <= r["nmse"] < 1e-9 and r["op"] == "matmul" and r["dtype"] == "f32" and r["model"] == "given"
          and r["ms"]["min"] <= r["ms"]["median"] <= r["ms"]["max"] and r["runs"] >= 5
          for r in j["results"])'
json '[r["rows_checked"] for r in j["results"]] == [5, 33]'
for dtype in f16 bf16 q8_0 q4_0; do
    vireo 0 bench op matmul --shapes 7x64x12 --dtype "$dtype" --json
    json "j[\"results\"][0][\"dtype\"] == \"$dtype\" and j[\"results\"][0][\"nmse\"] < 1e-9"
done
vireo 0 bench op attention --shapes 3x5x2x8
prints '^op	shape	of	kernel	ms	GFLOPS	GB/s	NMSE$' '^attention	3x5x2x8	given	'
# More than the reference may take: the first rows are checked.
vireo 0 bench op matmul --shapes 700x512x512 --json
json '1 <= j["results"][0]["rows_checked"] < 700'

vireo 2 bench op
says 'vireo bench: op needs a name, or "all"'
vireo 2 bench op matmull
says 'vireo bench: op "matmull" cannot be measured; the nearest is matmul, all of them "all"'
for shape in 5x64 5x64x9x1 5x0x9 x5x64 5x64x 5x-1x9 5y64x9 99999x99999x9 ',' 1234567890x1x1; do
    vireo 2 bench op matmul --shapes "$shape"
    expect "$shape is named" grep -q 'is no shape of matmul; allowed: 3 sizes with x between' err
done
vireo 2 bench op all --shapes 5x5
says 'vireo bench: --shapes are those of one op, not of all'
vireo 2 bench op matmul --m 5
says 'vireo bench: op and --m cannot be used together'
vireo 2 bench matmul matmul --m 5 --n 5 --k 5
says 'vireo bench: unexpected argument "matmul" after "matmul"'
vireo 2 bench matmul --m 5 --n 5 --k 5 --dtype q8_0
vireo 1 bench op matmul --shapes 5x50x9 --dtype q8_0
says 'vireo: matmul: q8_0 takes rows of a multiple of 32 elements'

if [ "${VIREO_TIER:-}" = full ]; then
    vireo 0 bench op all --json
    json 'len({r["op"] for r in j["results"]}) >= 23 and all(r["nmse"] < 1e-9 for r in j["results"])'
else
    echo "not run: every op, only in the full tier"
fi
