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
# Masked, windowed, HSTU's; bags with weights; what replaces rows.
vireo 0 bench op windowed_attention --shapes 3x5x7x4x2x8x3,1x9x9x2x2x8x100
prints '^windowed_attention	3x5x7x4x2x8x3	given	' '^windowed_attention	1x9x9x2x2x8x100	given	'
for case in causal_attention:3x5x7x4x2x8 pointwise_attention:3x9x2x5 embedding_bag_weighted:7x3x20x8 \
    embedding_bag_mean:7x3x20x8 scatter_set:5x20x8; do
    vireo 0 bench op "${case%:*}" --shapes "${case#*:}" --json
    json "j['results'][0]['op'] == '${case%:*}' and j['results'][0]['nmse'] < 1e-9"
done
vireo 2 bench op reshape
says 'vireo bench: reshape is a view of the same memory: it runs nothing and takes no time'
# All kernels: the usual one first; those that cannot run say why.
vireo 0 bench op matmul --shapes 3x64x12 --kernels --json
quiet
json 'len({r["kernel"] for r in j["results"]}) == len(j["results"]) >= 8'
json '"ms" in j["results"][0] and all(("not_run" in r) != ("ms" in r and r["nmse"] < 1e-9) for r in j["results"])'
json '[r for r in j["results"] if r["kernel"] == "packed"][0]["not_run"].startswith("matmul/packed was forced, and does not")'
vireo 0 bench op matmul --shapes 3x64x12 --kernels
prints '^matmul	3x64x12	given	plain	[0-9.e-]*\( noisy\)*	' '^matmul	3x64x12	given	packed	-	-	-	-$'
vireo 0 bench op slice --shapes 9x33x17
prints '^slice	9x33x17	given	'
vireo 1 bench op slice --shapes 9x128x64 # begins at a multiple of 256 bytes
mentions 'slice: [0-9]* dispatches for [0-9]* repeats: of these sizes it is a view, nothing is computed'
# On 80 columns rows can be told apart.
on_terminal 80 bench op windowed_attention --shapes 1x1x1024x32x8x128x512
prints '^windowed_attention  1x1x1024x32x8x128x512  ' '^op  *shape  .*kernel  *ms  '
expect "at most 80 columns" awk 'length > 80 { exit 1 }' out
on_terminal 120 bench op windowed_attention --shapes 1x1x1024x32x8x128x512
prints '^op  *shape  *of  *kernel  *ms  *GFLOPS  *GB/s  *NMSE$'
# More than the reference may take: the first rows are checked.
vireo 0 bench op matmul --shapes 700x512x512 --json
json '1 <= j["results"][0]["rows_checked"] < 700'

# The roof, beside loops of the host; what is not offered says so.
began=$(date +%s)
vireo 0 bench device --json
roof_seconds=$(($(date +%s) - began))
quiet
json 'all(j[k] > 0 for k in ("submit_us", "dispatch_us", "memory_gb_per_s", "copy_gb_per_s", "read_gb_per_s",
      "gather_gb_per_s", "host_copy_gb_per_s", "host_read_gb_per_s", "upload_gb_per_s", "download_gb_per_s",
      "f32_gflops", "compile_ms", "glslang_ms", "gflops"))'
json 'all(j[k] in ("storage", "texel") for k in ("copy_by", "read_by", "gather_by"))'
json 'all(k in j and (j[k] is None or j[k] > 0) for k in ("f16_gflops", "int8_gops"))'
json 'j["glslang_ms"] < j["compile_ms"] and j["gather_gb_per_s"] < 2 * j["read_gb_per_s"]'
json 'set(j["noisy"]) <= {k for k in j if k.endswith(("_us", "_ms", "_per_s", "flops", "gops"))}'
until_noisy '^\(submit_us\|[a-z_0-9]*_per_s\|f32_gflops\)	[0-9.]* noisy$' bench device
prints '^copy_gb_per_s	[0-9.]*\( noisy\)\{0,1\}$' '^f16_gflops	\(not offered\|[0-9.]*\( noisy\)\{0,1\}\)$' '^kernel	'

# What "bench op all" takes; that these are all the ops there are, test_bench_ops.c tells.
vireo 2 bench op
sed -n 's/^  \([a-z0-9_]\{1,\}\) .*/\1/p' err >ops

# The suite: its document has the schema, and compares with itself.
printf 'The sea\nA dark night in the city\n' >texts
vireo 0 embed --model "$model" --input texts
cp out vectors
python3 "$here/golden_of.py" texts vectors golden.json
vireo 0 bench suite --quick --seconds 3600 --model "$model/" --golden golden.json --output suite.json
cp err told
vireo 0 --version
cp out version
schema=$VIREO_SOURCE/docs/bench.schema.json
expect "the document has its schema, which refuses others; so have those of docs" \
    python3 "$here/suite_schema.py" "$schema" suite.json "$VIREO_SOURCE"/docs/results/*.json
expect "the document tells all" python3 - <<'PYTHON'
import json, math, platform, os, re, statistics
suite = json.load(open("suite.json", encoding="utf-8"))
assert open("version").read() == f"vireo {suite['vireo']} ({suite['commit']})\n"
assert re.fullmatch(r"[0-9]+\.[0-9]+\.[0-9]+", suite["glslang"])
results = {r["name"]: r for r in suite["results"]}
kinds = [[r for r in suite["results"] if r["kind"] == k] for k in ("op", "device", "model")]
assert len(results) == len(suite["results"]) == sum(map(len, kinds))
ops = {r["name"].split()[0] for r in kinds[0]}
assert ops >= {"matmul", "attention", "causal_attention", "windowed_attention", "pointwise_attention", "mul", "relu",
               "tanh", "sigmoid", "log_softmax", "mean", "max", "min", "max_pool", "first_pool", "scatter_set",
               "embedding_bag_mean", "embedding_bag_weighted"}
assert len(kinds[0]) == len(ops) and ops == set(open("ops").read().split())
assert all(len(r["less_samples"]) >= 10 for r in kinds[0])
assert all(len(r["samples"]) >= 10 for r in suite["results"] if "ms" in r)
assert {"device copy", "device read", "device gather", "device upload", "device download", "device f32",
        "device compile", "device submit", "device dispatch", "device memory", "device matmul", "host copy", "host read"} <= set(results)
assert {f"model model {what}" for what in ("batch 1", "batch 8", "batch 32", "cold start", "warm start",
                                           "device memory", "host memory")} == {r["name"] for r in kinds[2]}
for r in suite["results"]: # figures are what the raw samples give, which are in order of time
    e = r["ms" if "ms" in r else "mib"]
    assert abs(statistics.median((s - r["less"]) * r["by"] for s in r["samples"]) - e["median"]) <= 1e-6 * abs(e["median"])
    assert not r["less_samples"] or abs(statistics.median(r["less_samples"]) - r["less"]) <= 1e-6 * r["less"]
for r in kinds[2]: # percentiles by nearest rank, told of the raw samples
    for key, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)) if "p50_ms" in r else ():
        nearest = sorted(r["samples"])[math.ceil(share * len(r["samples"])) - 1]
        assert abs(r[key] - nearest) <= 1e-6 * nearest, (r["name"], key)
assert any(r["samples"] != sorted(r["samples"]) for r in suite["results"])
kernels = results["model model batch 8"]["kernels"]
assert {"matmul", "attention", "norm", "embedding"} <= {k["op"] for k in kernels}
assert len({(k["op"], k["kernel"]) for k in kernels}) == len(kernels) and all(k["count"] >= 1 for k in kernels)
assert suite["selection"] == {"deterministic": False, "no_fuse": False, "tuned_choices": 0, "tuned_others": 0}
assert suite["left_out"] == []
assert "mib" in results["model model device memory"] and results["model model batch 8"]["texts"] == 8
assert suite["quality"]["texts"] == 2 and suite["quality"]["least_cosine"] > 0.999999
assert all(results[f"device {k}"]["kernel"] == suite["roof"][f"{k}_by"] for k in ("copy", "read", "gather"))
copy, roof = results["device copy"], suite["roof"]["copy_gb_per_s"]
assert abs(2 * 64 * 2**20 / copy["ms"]["median"] / 1e6 / roof - 1) < 1e-6
noisy = sum(r["ms" if "ms" in r else "mib"]["noisy"] for r in suite["results"])
told = f"vireo: {noisy} of {len(results)} results are noisy\n" if noisy else ""
assert open("told").read() == told
machine = suite["machine"]
assert machine["memory_bytes"] == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGESIZE")
assert machine["os"] == platform.freedesktop_os_release()["PRETTY_NAME"] and machine["release"] == os.uname().release
flags = next((l for l in open("/proc/cpuinfo") if l.startswith(("flags", "Features"))), "").split()
assert machine["vectors"] in flags or not machine["vectors"] and not {"avx2", "asimd"} & set(flags)
assert ("avx512f" in flags) == (machine["vectors"] == "avx512f")
assert 0 <= machine["load_before"] < 1000
PYTHON
vireo 0 devices --json
expect "the device's version of Vulkan" python3 -c 'import json
devices = json.load(open("out"))["devices"]
assert json.load(open("suite.json"))["device"]["api_version"] in {d["api_version"] for d in devices}'
# What no time is left for is named, and counted; tuned choices and what chooses kernels are told.
vireo 0 tune --model "$model" --input texts --budget 120
# A driver that has compiled nothing before takes twenty times as long for the first start: it is no measure of
# the others.
compiled=$MESA_SHADER_CACHE_DIR
export MESA_SHADER_CACHE_DIR="$temporary/driver"
began=$(date +%s)
vireo 0 bench suite --quick --seconds 30 --deterministic --no-fuse --model "$model" --golden golden.json \
    --output short.json
suite_seconds=$(($(date +%s) - began))
export MESA_SHADER_CACHE_DIR="$compiled"
# A model has half of the time; then the device and its roof are measured however late it is, as above, or twice as
# long where the load has grown since; and what has begun is finished: of a model a start that compiles all, or of an
# op its reference, for which half a minute is enough on a busy machine and with sanitizers.
expect "30 seconds (took $suite_seconds, the roof before $roof_seconds)" \
    [ "$suite_seconds" -le $((30 + 2 * roof_seconds + 30)) ]
mentions '^vireo: not measured, for the time is up: transpose 512x384$' '^vireo: [0-9]* measurements are left out$'
expect "a short document has its schema" python3 "$here/suite_schema.py" "$schema" suite.json short.json
expect "a short document names the rest" python3 - <<'PYTHON'
import json
short, suite = (json.load(open(p, encoding="utf-8")) for p in ("short.json", "suite.json"))
names = [[r["name"] for r in s["results"]] for s in (short, suite)]
assert sorted(names[0] + short["left_out"]) == sorted(names[1]) and "device copy" in names[0]
assert "model model cold start" in names[0], short["left_out"]
chosen = short["selection"]
assert chosen["deterministic"] and chosen["no_fuse"] and chosen["tuned_choices"] >= chosen["tuned_others"] >= 0
assert chosen["tuned_choices"] > 0
PYTHON
vireo 1 bench compare suite.json short.json --json
json 'len(j["missing"]) > 15 and j["added"] == []'
json '{"selection.deterministic", "selection.no_fuse"} <= set(j["differ"])'
vireo 0 bench compare suite.json suite.json --json
json 'j["slower"] == 0 and all(r["ratio"] == 1 and r["verdict"] in ("same", "noisy") for r in j["results"])'
vireo 2 bench suite --json
says 'vireo bench: suite and --json cannot be used together'
vireo 1 bench suite --quick --output none/suite.json
mentions '^vireo: none/suite.json: '

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
    json '{r["op"] for r in j["results"]} == set(open("ops").read().split()) and all(r["nmse"] < 1e-9 for r in j["results"])'
else
    echo "not run: every op, only in the full tier"
fi
