#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# --profile: the top ten on standard error, or a Chrome trace; the output is what it is without.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
cd "$temporary"

vireo 0 embed --model "$model" 'The sea' 'A dark night in the city'
cp out plain
vireo 0 embed --profile --model "$model" 'The sea' 'A dark night in the city'
expect "the same vectors" cmp plain out
expect "right figures, the longest first" python3 "$here/profile_figures.py" table err
# Without the note that there are no timestamps the clock is the device's.
expect "no note" [ "$(grep -c '^vireo: ' err)" -eq 0 ]
mentions '^[0-9]* kernels and shapes, [0-9.]* ms by the device.s clock;$'
mentions '^[0-9]* kernels and shapes, [0-9.]* ms by the .* clock;$' \
    '^the roof is [0-9.]* GFLOPS and [0-9.]* GB/s$' \
    '^kernel	shape	runs	ms	time	GFLOPS	GB/s	roof$' '^matmul/[a-z]*	[0-9]*x'
expect "ten kernels at most" [ "$(grep -c '/' err)" -le 12 ]

# Before the command, after it, with = and without.
for where in before after equals; do
    began=$(date +%s)
    case $where in
    before) vireo 0 --profile trace.json embed --model "$model" 'The sea' 'A dark night in the city' ;;
    after) vireo 0 embed --model "$model" 'The sea' 'A dark night in the city' --profile trace.json ;;
    equals) vireo 0 embed --profile=trace.json --model "$model" 'The sea' 'A dark night in the city' ;;
    esac
    quiet
    expect "the same vectors" cmp plain out
    mv trace.json out
    # seconds are cut off: two of them are one longer than what lies between
    expect "right figures" python3 "$here/profile_figures.py" trace out $(($(date +%s) - began + 1))
    json 'set(j) == {"displayTimeUnit", "otherData", "traceEvents"}'
    json 'set(j["otherData"]) == {"device", "clock", "dropped", "roof_gflops", "roof_gb_per_s"}'
    json 'j["otherData"]["roof_gflops"] > 0 and j["otherData"]["dropped"] == 0'
    json 'j["otherData"]["clock"] == "device"'
    json 'len([e for e in j["traceEvents"] if e["ph"] == "X" and e["args"]["op"] == "matmul"]) >= 6'
    json 'all(set(e["args"]) == {"op", "kernel", "shape", "dispatches", "us", "gflops", "gb_per_s", "roof"}
              and e["dur"] == e["args"]["us"] >= 0 and e["name"] == e["args"]["op"] + "/" + e["args"]["kernel"]
              for e in j["traceEvents"] if e["ph"] == "X")'
    json '({e["tid"] for e in j["traceEvents"] if e["ph"] == "X"} ==
           {e["tid"] for e in j["traceEvents"] if e["name"] == "thread_name"})'
done
# --no-fuse: biases, functions and residuals are nodes of their own; the vectors are the same but for rounding.
cp out fused.json
vireo 0 embed --no-fuse --profile=unfused.json --model "$model" 'The sea' 'A dark night in the city'
quiet
expect "more nodes, near vectors" python3 - <<'PYTHON'
import json
def nodes(path, op):
    events = json.load(open(path, encoding="utf-8"))["traceEvents"]
    return sum(e["ph"] == "X" and e["args"]["op"] == op for e in events)
def vectors(path):
    return [x for line in open(path, encoding="utf-8") for x in json.loads(line)["embedding"]]
# Two layers: six biases, two residuals and one GELU each.
assert [nodes("fused.json", op) for op in ("matmul", "unary")] == [12, 0]
assert [nodes("unfused.json", op) for op in ("matmul", "unary")] == [12, 2]
assert nodes("unfused.json", "binary") == nodes("fused.json", "binary") + 2 * (6 + 2)
near = [abs(a - b) for a, b in zip(vectors("plain"), vectors("out"), strict=True)]
assert len(near) == 2 * 32 and max(near) <= 1e-5, max(near)
PYTHON
# What comes after --profile is its file only if it ends in .json.
vireo 0 embed --model "$model" --profile 'The sea' 'A dark night in the city'
expect "the same vectors" cmp plain out
vireo 2 embed --model "$model" --profile trace.txt 'The sea'
says 'vireo embed: --profile takes "trace.txt" for its file only if the name ends in .json; write --profile=trace.txt, or "--profile -- trace.txt" if it is none'
vireo 2 --profile none/trace.prof embed --model "$model" 'The sea'
mentions '^vireo: --profile takes "none/trace.prof" for its file only if '
vireo 0 embed --model "$model" --profile=trace.txt 'The sea' 'A dark night in the city'
expect "the same vectors" cmp plain out
expect "a trace" grep -q traceEvents trace.txt
# Texts, not names of files.
for text in 'The sea.' 'see a.b' 'v1.25' 'etc...' .txt; do
    vireo 0 embed --model "$model" --profile "$text"
    mentions '^matmul/'
done
vireo 0 embed --model "$model" --profile -- trace.txt
mentions '^matmul/'
vireo 2 embed --model "$model" --profile= 'The sea'
says 'vireo embed: --profile needs a value that is not empty ([FILE.json])'
# What cannot be written is told before the work.
vireo 1 embed --model "$model" --profile none/trace.json 'The sea'
mentions '^vireo: none/trace.json: '
expect "nothing was computed" [ ! -s out ]
vireo 0 bench matmul --m 64 --n 64 --k 64 --profile --json
json 'j["gflops"] > 0'
mentions '^matmul/'
# Whatever is no file's name, and commands that run nothing.
vireo 1 embed --model "$model" --profile=- 'The sea'
mentions '^vireo: --profile=-: standard output'
vireo 0 tokenize --model "$model" --profile 'The sea'
mentions '^vireo: profile: tokenize runs nothing on the device$'
vireo 0 embed --model "$model" --profile --output=vectors.json 'The sea'
mentions '^kernel	shape'
expect "the vectors" [ -s vectors.json ]
