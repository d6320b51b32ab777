#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# devices, embed and bench on a tiny model: formats agree, pipes work, faults are told and leave nothing.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
cd "$temporary"

vireo 0 devices --json
# The keys are those that docs/CLI.md names.
keys=$(sed -n 's/^| `devices` | `devices`: list of //p' "$here/../../docs/CLI.md" |
    sed 's/([^)]*)//; s/[`|]//g; s/^ *\([a-z]\)/"\1/; s/ *, */", "/g; s/ *$/"/')
json "len(j[\"devices\"]) >= 1 and all(set(d) == {$keys} for d in j[\"devices\"])"
json 'all(d["usable"] == (d["why_not"] == "") for d in j["devices"])'
vireo 0 devices
prints '^index	name	type	driver	tier	uuid	usable	why_not$' '^0	'
vireo 3 --device 99 embed --model "$model" text
mentions '^vireo: there is no device "99". Devices: 0: ' '^vireo: next: "vireo devices"'
vireo 3 --device nothing-like-it embed --model "$model" text
mentions 'no device matches "nothing-like-it"'
VK_DRIVER_FILES=/none VK_ICD_FILENAMES=/none vireo 3 devices
mentions '^vireo: no Vulkan driver: .*mesa-vulkan-drivers'
VK_DRIVER_FILES=/none VK_ICD_FILENAMES=/none vireo 3 devices --json
json 'j == {"devices": []}'

# Agreement: operands, lines, standard input, JSON lines, both formats, any batch.
printf 'The sea\n\nA dark night in the city\r\nrobot love (1999)' >texts
vireo 0 embed --model "$model" 'The sea' '' 'A dark night in the city' 'robot love (1999)'
quiet
cp out operands.jsonl
expect "four lines" [ "$(wc -l <out)" -eq 4 ]
vireo 0 embed --model "$model" --input texts --output lines.jsonl
expect "nothing on standard output" [ ! -s out ]
expect "lines as operands" cmp operands.jsonl lines.jsonl
"$VIREO" embed --model "$model" --input - --batch 1 <texts >stdin.jsonl
expect "standard input, one text a run" cmp operands.jsonl stdin.jsonl
printf '{"t":"The sea","x":[1,"t"]}\n{"t":""}\n{"t":"A d\\u0061rk night in the city"}\n{"t":"robot love (1999)"}\n' >texts.jsonl
vireo 0 embed --model "$model" --input texts.jsonl --jsonl-key t
expect "JSON lines as operands" cmp operands.jsonl out
odd=$(printf 'od\351')
mkdir "$odd"
cp texts "$odd/in"
vireo 0 --cache-dir "$odd/cache" embed --model "$model" --input "$odd/in" --output "$odd/out"
expect "names that are not UTF-8" cmp operands.jsonl "$odd/out"
vireo 0 embed --model "$model" --input texts --format npy --output lines.npy
vireo 0 embed --model "$model" --input texts --format npy
expect "npy: file and standard output are the same" cmp lines.npy out
expect "jsonl and npy hold the same floats" python3 - <<'PYTHON'
import ast, json, struct
raw = open("lines.npy", "rb").read()
assert raw[:8] == b"\x93NUMPY\x01\x00"
n = struct.unpack("<H", raw[8:10])[0]
head = ast.literal_eval(raw[10:10 + n].decode())
assert head == {"descr": "<f4", "fortran_order": False, "shape": (4, 32)}, head
assert (10 + n) % 64 == 0 and raw[10 + n - 1:10 + n] == b"\n"
floats = struct.unpack(f"<{4 * 32}f", raw[10 + n:])
lines = [json.loads(line) for line in open("lines.jsonl", encoding="utf-8")]
assert [line["index"] for line in lines] == [0, 1, 2, 3]
assert [line["tokens"] for line in lines][:2] == [4, 2]
texts = [x for line in lines for x in line["embedding"]]
assert [struct.unpack("<f", struct.pack("<f", x))[0] for x in texts] == list(floats)
assert all(abs(sum(x * x for x in line["embedding"]) - 1) < 1e-5 for line in lines)
PYTHON
: >empty
vireo 0 embed --model "$model" --input empty --format npy --output empty.npy
expect "no texts: a header alone" [ "$(wc -c <empty.npy)" -eq 128 ]
vireo 0 embed --model "$model" --input empty
expect "no texts: no lines" [ ! -s out ]

# Many texts: more than a chunk, more than a writer's buffer.
awk 'BEGIN { for (i = 0; i < 1100; i++) print "the sea of the city " i }' >many
vireo 0 embed --model "$model" --input many --output many.jsonl
vireo 0 embed --model "$model" --input many --format npy --output many.npy
expect "every line has its index" python3 -c 'import json
assert [json.loads(l)["index"] for l in open("many.jsonl")] == list(range(1100))'
expect "the header tells all rows" grep -a -q "'shape': (1100, 32)" many.npy
expect "the array is complete" [ "$(wc -c <many.npy)" -eq $((128 + 1100 * 32 * 4)) ]

# Limits.
vireo 0 embed --model "$model" --max-tokens 4 'sea' 'the sea and the city'
says 'vireo: 1 of 2 texts were longer than 4 tokens and were cut (--max-tokens)'
vireo 1 embed --model "$model" --max-tokens 25 sea
mentions 'max_position_embeddings 24'
vireo 1 embed --model "$model" --max-tokens 1 sea
mentions 'special tokens'

# Faults name file and line, and leave no file.
refuses() { # WHAT stands in line 2 of the input; MESSAGE
    printf '{"t":"sea"}\n%b\n' "$1" >bad.jsonl
    vireo 1 embed --model "$model" --input bad.jsonl --jsonl-key t --output bad.out
    says "vireo: bad.jsonl: line 2: $2"
    expect "no file is left" [ -z "$(find . -name 'bad.out*')" ]
}
refuses '{"t":"sea"' 'not valid JSON at byte 10; a line is one object'
refuses '{"t":"sea"} x' 'not valid JSON at byte 12; a line is one object'
refuses '["sea"]' 'not a JSON object; a line is one object with the key "t"'
refuses '{"T":"sea"}' 'no key "t" in the object (--jsonl-key)'
refuses '{"t":7}' '"t" is not a string, only strings are embedded'
refuses '{"t":"a","t":"b"}' 'the key "t" stands there more than once'
refuses '{"t":"a\0351"}' 'not valid UTF-8'
refuses '{"t":"a\tb"}' 'not valid JSON: a control character in a string, allowed: its \u escape'
refuses '{"t":"a\\u0000b"}' 'a NUL character (\u0000); texts are UTF-8 without it'
printf 'sea\na\000b\n' >nul
vireo 1 embed --model "$model" --input nul
says 'vireo: nul: line 2: a NUL byte; texts are UTF-8 without it'
echo kept >old
vireo 1 embed --model "$model" --input nul --output old
expect "a file that was there stays" [ "$(cat old)" = kept ]

# A reader that goes away: no noise, exit status 1.
{
    "$VIREO" embed --model "$model" --input many 2>err && got=0 || got=$?
    echo "$got" >status
} | head -n 1 >first
expect "closed pipe: exit status 1" [ "$(cat status)" -eq 1 ]
quiet
expect "closed pipe: the first line came" grep -q '^{"index":0,' first
cp first out
"$VIREO" embed --model "$model" --input - <many | tail -n 1 >last
expect "a pipe to the end" grep -q '^{"index":1099,' last
vireo 0 --log info embed --model "$model" sea
mentions 'info: device [0-9]* ms, load [0-9]* ms' 'glslang [0-9]* ms' 'driver compile [0-9]* ms'
vireo 0 --cache-dir "$temporary/own/cache" embed --model "$model" sea
expect "the cache is made for its owner alone" [ "$(stat -c %a own/cache)" = 700 ]
expect "the cache is used" [ -n "$(ls own/cache)" ]
vireo 1 --cache-dir texts/x embed --model "$model" sea
mentions 'texts' '^vireo: next: --cache-dir'
HOME=/dev/null XDG_CACHE_HOME=/dev/null vireo 0 embed --model "$model" sea
mentions 'warn: .*nothing is cached'

# Weights that are not finite: the last element of the file, in a bias of two tensors' length.
cp -r "$model" broken
printf '\000\000\300\177' | dd of=broken/model.safetensors bs=1 conv=notrunc status=none \
    seek=$(($(stat -c %s broken/model.safetensors) - 4))
vireo 1 embed --model broken sea
says "vireo: broken/model.safetensors: tensor encoder.layer.1.output.LayerNorm.bias: element 31 (byte \
$(($(stat -c %s broken/model.safetensors) - 4))) is NaN; weights must be finite unless allow_nonfinite is set"
vireo 0 embed --allow-nonfinite --model broken sea

# Measuring.
vireo 0 bench matmul --m 8 --n 12 --k 16 --json
json 'j["m"] == 8 and j["n"] == 12 and j["k"] == 16 and j["gflops"] > 0 and j["runs"] >= 5'
json '0 < j["ms"]["min"] <= j["ms"]["median"] <= j["ms"]["max"] and j["kernel"] and j["device"]'
vireo 0 bench matmul --m 5 --n 7 --k 3 --dtype f16 --plain-b
prints '^dtype	f16$' '^transpose_b	no$' '^gflops	'
vireo 0 bench model --model "$model" --input texts --runs 1 --throughput --json
json 'j["texts"] == 4 and j["tokens"] == 21'
json 'abs(j["texts_per_second"] * j["ms"]["median"] / 1000 - 4) < 1e-3 and j["one_text_ms"]["median"] > 0'
vireo 1 bench model --model "$model" --input empty
says 'vireo: empty: no lines; texts are needed, one a line'
