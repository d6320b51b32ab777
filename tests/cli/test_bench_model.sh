#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench model: batches, memory, starts; golden vectors that are others void every figure; what is refused.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
cd "$temporary"

printf 'The sea\nA dark night in the city\nA robot with a garden in space\n' >texts
vireo 0 embed --model "$model" --input texts
cp out vectors
python3 "$here/golden_of.py" texts vectors golden.json
python3 "$here/golden_of.py" texts vectors turned.json 1

vireo 0 bench model --model "$model" --golden golden.json --batches 1,2,7 --runs 2 --json
quiet
json '(j["quality"]["golden"] == "golden.json" and j["quality"]["texts"] == 3
      and 0.999999 < j["quality"]["least_cosine"] <= 1.000001 and j["quality"]["allowed"] == 0.99999)'
json '[b["texts"] for b in j["batches"]] == [1, 2, 7] and j["texts"] == 3'
# Seven texts are the three, the three and the first.
json 'j["batches"][2]["tokens"] == 2 * j["tokens"] + j["batches"][0]["tokens"]'
json 'all(b["runs"] >= 10 and b["ms"]["min"] <= b["p50_ms"] <= b["p95_ms"] <= b["p99_ms"] <= b["ms"]["max"]
          and abs(b["texts_per_second"] * b["ms"]["median"] / 1000 - b["texts"]) < 1e-3 for b in j["batches"])'
json '0 < j["memory"]["weight_bytes"] < j["memory"]["device_peak_bytes"] and j["memory"]["host_peak_bytes"] > 1 << 20'
json '(set(j["start"]) == {"cold", "warm"} and j["start"]["cold"]["glslang_ms"] > 0
      and j["start"]["warm"]["glslang_ms"] == 0)'
json 'all(s["ms"]["min"] > 0 and s["device_ms"] > 0 and s["load_ms"] > 0 and s["first_ms"] > s["second_ms"] > 0
          and s["ms"]["max"] >= max(s["device_ms"], s["load_ms"], s["first_ms"]) for s in j["start"].values())'

vireo 0 bench model "$model" --input texts --golden golden.json --batches 2
prints '^golden cosine	1.0000000 at least, of 3 texts and every batch$' '^texts	3$' '^host_peak_mib	' \
    '^texts a call	tokens	texts/s	p50 ms	p95 ms	p99 ms	runs$' '^2	' \
    '^start	all ms	device	load	first text	second	glslang	driver$' '^cold	' '^warm	'
# Of ten runs and more no two are the same to four digits, as a rule: half of them never.
# shellcheck disable=SC2016 # awk expands it
expect "p50 below p95" awk -F '\t' '$1 == 2 { below = $4 + 0 < $5 + 0 && $5 + 0 <= $6 + 0 } END { exit !below }' out
until_noisy '^2	\([0-9.]*	\)\{2\}[0-9.]* noisy	' bench model "$model" --input texts --batches 2
until_noisy '^cold	[0-9.]* noisy	' bench model "$model" --input texts --batches 1

# Without a cache folder no start is warm; without golden vectors nothing is compared; one pass alone.
vireo 0 bench model --model "$model" --input texts --batches 1 --json
json 'j["quality"] == {"golden": None, "texts": 0, "least_cosine": None, "allowed": 0.99999}'
vireo 0 bench model --model "$model" --input texts --throughput --json
json 'j["batches"] == [] and j["start"] == {} and j["texts_per_second"] > 0'
vireo 0 bench model --model "$model" --input texts --throughput
prints '^golden cosine	not compared (--golden)$'
home=$HOME
unset HOME XDG_CACHE_HOME
vireo 0 bench model --model "$model" --input texts --batches 1 --json
json 'set(j["start"]) == {"cold"}'
export HOME="$home" XDG_CACHE_HOME="$temporary/cache"

# The gate: no figure, exit status 1.
vireo 1 bench model --model "$model" --golden turned.json --batches 1
expect "no figure" [ ! -s out ]
mentions '^vireo: golden case 1, embedded 3 texts a call: cosine 0.99990[0-9]*, at least 0.99999 is allowed; no'
vireo 1 bench model --model "$model" --golden turned.json --throughput --json
expect "no figure" [ ! -s out ]
vireo 1 bench suite --quick --model "$model" --golden turned.json --output suite.json
expect "no document" [ ! -e suite.json ]

# Golden files that are none.
for bad in '{}' '[]' '{"cases":[]}' '{"cases":{}}' '{"cases":[{"text":"a"}]}' '{"cases":[{"text":"a","embedding":[]}]}'; do
    printf '%s' "$bad" >bad.json
    vireo 1 bench model --model "$model" --golden bad.json
    mentions '^vireo: bad.json: no golden vectors: "cases" must be a list of objects with "text" and "embedding"$'
done
for bad in '{"cases":[{"text":"a","embedding":[1,2]},{"text":"a","embedding":[1]}]}' \
    '{"cases":[{"text":"a","embedding":[1,2]},{"text":1,"embedding":[1,2]}]}' \
    '{"cases":[{"text":"a","embedding":[1,2]},{"text":"b","embedding":[1,"2"]}]}'; do
    printf '%s' "$bad" >bad.json
    vireo 1 bench model --model "$model" --golden bad.json
    mentions '^vireo: bad.json: case 1 must have a text, and an embedding: a list of numbers'
done
printf '{"cases":[{"text":"a","text":"b","embedding":[1,2]}]}' >bad.json
vireo 1 bench model --model "$model" --golden bad.json
mentions '^vireo: bad.json: byte 22: '
printf '{"cases":[{"text":"a","embedding":[1,2]}]}' >bad.json
vireo 1 bench model --model "$model" --golden bad.json --throughput
says 'vireo: the golden vectors have 2 numbers, the model'"'"'s 32: they are another model'"'"'s'
vireo 1 bench model --model "$model" --golden none.json
mentions '^vireo: none.json: '

for bad in 0 257 1,,2 "1," ,1 a 1x -1 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17; do
    vireo 2 bench model --model "$model" --input texts "--batches=$bad"
    mentions '^vireo bench: --batches: at ".*"; allowed: at most 16 numbers of texts from 1 to 256, with commas'
done
vireo 2 bench model --model "$model" --input texts --batches 1 --throughput
says 'vireo bench: --batches and --throughput cannot be used together'
vireo 2 bench model --input texts
says 'vireo bench: model needs a model: vireo bench model MODEL'
vireo 2 bench model --model "$model"
says 'vireo bench: model needs --input or --golden with a model: texts'
vireo 2 bench suite --golden golden.json
says 'vireo bench: suite needs --model'
vireo 2 bench suite --model "$model" --input texts --batches 1
says 'vireo bench: suite and --batches cannot be used together'
