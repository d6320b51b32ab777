#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench op: shapes given and those of models, dtypes, what is refused; every op in the full tier.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
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
vireo 0 bench op attention --shapes 3x5x7x4x2x8
prints '^op	shape	of	kernel	ms	GFLOPS	GB/s	NMSE$' '^attention	3x5x7x4x2x8	given	'
# All kernels: the usual one first; those that cannot run say why.
vireo 0 bench op matmul --shapes 3x64x12 --kernels --json
quiet
json 'len({r["kernel"] for r in j["results"]}) == len(j["results"]) >= 8'
json '"ms" in j["results"][0] and all(("not_run" in r) != ("ms" in r and r["nmse"] < 1e-9) for r in j["results"])'
json '[r for r in j["results"] if r["kernel"] == "packed"][0]["not_run"].startswith("matmul/packed was forced, and does not")'
vireo 0 bench op matmul --shapes 3x64x12 --kernels
prints '^matmul	3x64x12	given	plain	[0-9.e-]*	' '^matmul	3x64x12	given	packed	-	-	-	-$'
vireo 0 bench op slice --shapes 9x33x17
prints '^slice	9x33x17	given	'
vireo 1 bench op slice --shapes 9x128x64 # begins at a multiple of 256 bytes
mentions 'slice: [0-9]* dispatches for [0-9]* repeats: of these sizes it is a view, nothing is computed'
# More than the reference may take: the first rows are checked.
vireo 0 bench op matmul --shapes 700x512x512 --json
json '1 <= j["results"][0]["rows_checked"] < 700'

# The roof, beside loops of the host; what is not offered says so.
vireo 0 bench device --json
quiet
json 'all(j[k] > 0 for k in ("submit_us", "dispatch_us", "memory_gb_per_s", "copy_gb_per_s", "read_gb_per_s",
      "gather_gb_per_s", "host_copy_gb_per_s", "host_read_gb_per_s", "upload_gb_per_s", "download_gb_per_s",
      "f32_gflops", "compile_ms", "glslang_ms", "gflops"))'
json 'all(k in j and (j[k] is None or j[k] > 0) for k in ("f16_gflops", "int8_gops"))'
json 'j["glslang_ms"] < j["compile_ms"] and j["gather_gb_per_s"] < 2 * j["read_gb_per_s"]'
vireo 0 bench device
prints '^copy_gb_per_s	[0-9.]*$' '^f16_gflops	[0-9n][0-9.ot fed]*$' '^kernel	'

# The suite: its document has the schema, and compares with itself.
printf 'The sea\nA dark night in the city\n' >texts
vireo 0 embed --model "$model" --input texts
cp out vectors
python3 "$here/golden_of.py" texts vectors golden.json
vireo 0 bench suite --quick --model "$model/" --golden golden.json --output suite.json
quiet
expect "the document has its schema" python3 - "$VIREO_SOURCE/docs/bench.schema.json" <<'PYTHON'
import json, sys
import jsonschema
schema = json.load(open(sys.argv[1], encoding="utf-8"))
jsonschema.Draft7Validator.check_schema(schema)
suite = json.load(open("suite.json", encoding="utf-8"))
jsonschema.validate(suite, schema)
results = {r["name"]: r for r in suite["results"]}
kinds = [[r for r in suite["results"] if r["kind"] == k] for k in ("op", "device", "model")]
assert len(results) == len(suite["results"]) == sum(map(len, kinds))
assert len(kinds[0]) >= 23 and all(len(r["samples"]) >= 10 for r in kinds[0])
assert {"device copy", "device read", "device gather", "device upload", "device download", "device f32",
        "device compile", "host copy", "host read"} <= set(results)
assert {f"model model {what}" for what in ("batch 1", "batch 8", "batch 32", "cold start", "warm start",
                                           "device memory", "host memory")} == {r["name"] for r in kinds[2]}
assert "mib" in results["model model device memory"] and results["model model batch 8"]["texts"] == 8
assert suite["quality"]["texts"] == 2 and suite["quality"]["least_cosine"] > 0.999999
copy, roof = results["device copy"], suite["roof"]["copy_gb_per_s"]
assert abs(2 * 64 * 2**20 / copy["ms"]["median"] / 1e6 / roof - 1) < 1e-6
del suite["results"][0]["samples"]
try:
    jsonschema.validate(suite, schema)
    raise SystemExit("a document without samples passes")
except jsonschema.ValidationError:
    pass
PYTHON
vireo 0 bench compare suite.json suite.json --json
json 'j["slower"] == 0 and all(r["ratio"] == 1 and r["verdict"] in ("same", "noisy") for r in j["results"])'
vireo 2 bench suite --json
says 'vireo bench: suite and --json cannot be used together'
vireo 1 bench suite --quick --output none/suite.json
mentions '^vireo: none/suite.json: '

# Documents made by hand: name, median, low, high, noisy and, but for ms, the unit.
document() { # FILE NAME:MEDIAN:LOW:HIGH:NOISY[:UNIT]...
    python3 - "$@" <<'PYTHON'
import json, sys
rows = [r.split(":") for r in sys.argv[2:]]
json.dump({"schema": "vireo-bench-1", "results": [
    {"name": r[0], (r + ["ms"])[5]: {"median": float(r[1]), "low": float(r[2]), "high": float(r[3]),
                                     "noisy": r[4] == "yes"}} for r in rows]}, open(sys.argv[1], "w", encoding="utf-8"))
PYTHON
}
document before.json equal:10:9.9:10.1:no faster:10:9.9:10.1:no slower:10:9.9:10.1:no \
    doubtful:10:9:11:no noisy:10:9.9:10.1:no gone:1:1:1:no
document after.json equal:10.2:10:10.3:no faster:8:7.9:8.1:no slower:12:11.9:12.1:no \
    doubtful:11:10.5:12:no noisy:20:18:22:yes new:1:1:1:no
vireo 1 bench compare before.json after.json --json
json '{r["name"]: r["verdict"] for r in j["results"]} == {"equal": "same", "faster": "faster",
      "slower": "slower", "doubtful": "same", "noisy": "noisy"} and j["slower"] == j["noisy"] == 1'
json 'abs(j["results"][1]["ratio"] - 1.25) < 1e-9 and abs(j["results"][1]["low"] - 9.9 / 8.1) < 1e-6'
mentions '^vireo: 1 results are noisy' '^vireo: 1 slower or larger by more than 5 %$'
vireo 1 bench compare before.json after.json
prints '^what	unit	before	after	speed	95 %	verdict$' '^slower	ms	10	12	0.833	0.82 to 0.85	slower$'
vireo 0 bench compare before.json after.json --threshold 30
vireo 1 bench compare after.json before.json # faster has become slower
mentions '^vireo: 1 slower'
# Of sizes less is better, too.
document small.json memory:100:100:100:no:mib equal:1:1:1:no
document large.json memory:110:110:110:no:mib equal:1:1:1:no
vireo 1 bench compare small.json large.json --json
json '[j["results"][0][k] for k in ("name", "unit", "before", "after", "verdict")] == ["memory", "mib", 100,
      110, "larger"] and abs(j["results"][0]["ratio"] - 100 / 110) < 1e-8 and j["slower"] == 1'
vireo 0 bench compare large.json small.json --json
json 'j["results"][0]["verdict"] == "smaller" and j["results"][1]["unit"] == "ms" and j["slower"] == 0'
document unit.json memory:110:110:110:no
vireo 1 bench compare small.json unit.json
says 'vireo: the result "memory" is in mib in small.json, in ms in unit.json'
document other.json other:1:1:1:no
vireo 1 bench compare before.json other.json
says 'vireo: before.json and other.json have no result in common'
document short.json equal:0.1:-0.1:0.3:no
vireo 0 bench compare short.json after.json --json
json 'j["results"][0]["verdict"] == "noisy"'
mentions '^vireo: after.json: 5 results are in no other document$'
printf '{"schema":"vireo-bench-1","results":[{"name":"equal","ms":{"median":1,"low":1}}]}' >broken.json
vireo 1 bench compare broken.json after.json
says 'vireo: broken.json: the result "equal" must have a name, and median, low and high in ms or mib'
vireo 1 bench compare before.json broken.json
says 'vireo: broken.json: the result "equal" must have a name, and median, low and high in ms or mib'
for bad in '[]' '{"schema":"vireo-bench-2","results":[]}' '{"schema":"vireo-bench-1"}'; do
    printf '%s' "$bad" >bad.json
    vireo 1 bench compare before.json bad.json
    expect "bad.json is named" grep -q '^vireo: bad.json: no document of "vireo bench suite"' err
done
# Read strictly: what cJSON alone would accept is told by its byte.
for bad in '' '{' '{"schema":"vireo-bench-1","results":[],}' '{"schema":"vireo-bench-1","results":[],"results":[]}' \
    '{"schema":"vireo-bench-1","results":[]} x' '{"schema":"vireo-bench-1","results":[],"n":01}'; do
    printf '%s' "$bad" >bad.json
    vireo 1 bench compare before.json bad.json
    expect "bad.json and a byte are named" grep -q '^vireo: bad.json: byte [0-9]*: ' err
done
vireo 1 bench compare before.json none.json
mentions '^vireo: none.json: '
vireo 2 bench compare before.json
says 'vireo bench: compare needs two files of "vireo bench suite"'
vireo 2 bench compare before.json after.json third.json
says 'vireo bench: unexpected argument "third.json" after "after.json"'

vireo 2 bench op
says 'vireo bench: op needs NAME, or "all"'
vireo 2 bench op matmull
says 'vireo bench: op "matmull" cannot be measured; the nearest is matmul, all of them "all"'
for shape in 5x64 5x64x9x1 5x0x9 x5x64 5x64x 5x-1x9 5y64x9 99999x99999x9 ',' 1234567890x1x1; do
    vireo 2 bench op matmul --shapes "$shape"
    expect "$shape is named" grep -q 'is no shape of matmul; allowed: 3 sizes with x between' err
done
vireo 2 bench op matmul --shapes 5x64x9,
says 'vireo bench: --shapes: nothing follows the last comma'
vireo 2 bench op gelu --dtype q8_0
says 'vireo bench: --dtype is of weights; gelu has none'
vireo 2 bench op gelu --profile
says 'vireo bench: op and --profile cannot be used together'
vireo 1 bench op attention --shapes 1x5000x5000x8x8x8
mentions '^vireo: attention: .* operations, of which the reference would take all'
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
