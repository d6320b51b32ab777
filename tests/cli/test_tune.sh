#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tune: measures a model's calls, keeps what it found, exports and imports it; what is refused.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
cd "$temporary"

vireo 0 embed --model "$model" 'The sea' 'A dark night in the city'
cp out plain
vireo 0 tune
prints '^0 calls are known on ' '^run "vireo tune --model MODEL" to measure those of a model$'
printf 'The sea\nA dark night in the city\n' >texts
vireo 0 tune --model "$model" --input texts --budget 120s --export mine.json --json
json 'set(j) == {"device", "seconds", "open", "choices"} and 0 < j["seconds"] < 120 and j["open"] == 0'
json 'len(j["choices"]) > 3 and not any(c["pinned"] or c["state"] != "decided" for c in j["choices"])'
json 'all(set(c) == {"call", "kernel", "state", "pinned", "usual", "us", "usual_us"} and 0 < c["us"] <= c["usual_us"]
          and (c["kernel"] != c["usual"]) == (c["us"] < c["usual_us"]) for c in j["choices"])'
json 'any(c["call"].startswith("matmul f32[") for c in j["choices"])'
expect "the cache has it" grep -q '"format": "vireo tuned 1"' "$XDG_CACHE_HOME/vireo/tuned.json"
cp out measured
vireo 0 tune --json
json 'j["seconds"] == 0 and j["choices"] == json.load(open("measured"))["choices"]'
vireo 0 tune
prints '^call	kernel	us	usual	us	gain	$'
prints '^[0-9]* calls are known on .*,$' '^[0-9]* of them run another kernel than usual$'

# A pin that cannot be followed is told and marked; what another kernel was measured with counts no more.
cp -r "$XDG_CACHE_HOME/vireo" edited
python3 - edited/tuned.json <<'PYTHON'
import json, sys
j = json.load(open(sys.argv[1]))
one, two = [c for c in j["choices"] if c["call"].startswith("matmul f32[")][:2]
one.update(kernel="texle", pinned=True)
two.update(source="0" * 32, kernel_source="0" * 32, check_source="0" * 32)
json.dump(j, open(sys.argv[1], "w"))
PYTHON
vireo 0 --cache-dir edited tune
prints 'texle	.*	refused$' '	stale$'
vireo 0 --cache-dir edited tune --model "$model" --input texts --budget 1m --json
mentions '^vireo: warn: edited/tuned.json: "matmul f32\[.*" is pinned to "texle", which is none of its kernels; it runs what it would without; allowed: .*plain$'
json '[c["state"] for c in j["choices"] if c["kernel"] == "texle"] == ["refused"]'
json 'not any(c["state"] == "stale" for c in j["choices"]) and j["open"] == 0'
expect "one warning" [ "$(grep -c texle "$temporary/err")" -eq 1 ]
expect "the stale choice is gone" [ "$(grep -c '"0000000000000000000000000000' edited/tuned.json)" -eq 0 ]

# Times of a pin are shown, if they are of its kernel. One that --deterministic forbids is told.
cp -r "$XDG_CACHE_HOME/vireo" ordered
python3 - ordered/tuned.json <<'PYTHON'
import json, sys
j = json.load(open(sys.argv[1]))
for c in j["choices"]:
    if c["call"].startswith("matmul f32["):
        c.update(pinned=True)
    elif c["call"].startswith("binary f32["):
        c.update(pinned=True, kernel="texel" if c["kernel"] != "texel" else "storage")
json.dump(j, open(sys.argv[1], "w"))
PYTHON
vireo 0 --cache-dir ordered embed --model "$model" 'The sea' 'A dark night in the city'
quiet
vireo 0 --cache-dir ordered tune --json
json 'all(c["state"] == "pinned" and c["us"] > 0 for c in j["choices"] if c["call"].startswith("matmul f32["))'
json 'not any("us" in c for c in j["choices"] if c["call"].startswith("binary f32["))'
sed 's/"kernel": "[a-z_]*", "usual": "[a-z_]*"/"kernel": "plain", "usual": "texel"/' "$XDG_CACHE_HOME/vireo/tuned.json" |
    sed 's/"pinned": false/"pinned": true/' >ordered/tuned.json
vireo 0 --cache-dir ordered --deterministic embed --model "$model" 'The sea' 'A dark night in the city'
mentions '"matmul f32\[.*" is pinned to "plain", which may sum in another order than the usual one, and the session is deterministic (--deterministic); it runs what it would without; allowed: [a-z_]*'
expect "plain is not allowed" [ "$(grep -c 'another order.*allowed: .*plain' "$temporary/err")" -eq 0 ]

# What cannot be kept, or read, is not measured, taken or shown; a session that only uses it goes on.
mkdir broken
echo '{' >broken/tuned.json
for what in '--import mine.json' "--model $model --budget 1"; do
    # shellcheck disable=SC2086
    vireo 1 --cache-dir broken tune $what
    says "vireo: broken/tuned.json: byte 2: the text ends, a key or '}' is needed (EOF)"
    mentions '^vireo: next: mend or delete broken/tuned.json$'
    # shellcheck disable=SC2086
    vireo 1 --cache-dir /proc/1 tune $what
    mentions '^vireo: /proc/1/tuned.json: cannot be created: ' '^vireo: next: name a folder that can be written: --cache-dir DIR$'
    expect "nothing is taken" [ "$(grep -c . "$temporary/err")" -eq 2 ]
done
vireo 1 --cache-dir broken tune
mentions '^vireo: next: mend or delete broken/tuned.json$'
HOME='' XDG_CACHE_HOME='' vireo 1 tune --import mine.json
says 'vireo: no cache folder, in which tuned.json would be'
vireo 0 --cache-dir broken embed --model "$model" 'The sea'
mentions '^vireo: warn: what was tuned is ignored: broken/tuned.json: .*; mend or delete the file$'
expect "one warning" [ "$(grep -c 'tuned' "$temporary/err")" -eq 1 ]
expect "the file stays" [ "$(cat broken/tuned.json)" = '{' ]

# A budget that is over at once: what is left is said.
printf 'A quiet film about a lighthouse keeper and the sea\n%.0s' $(seq 40) >more
vireo 0 --cache-dir fresh tune --model "$model" --input more --budget 1
prints '^[0-9]* calls are open: .*\|^no call is open: '

# Without texts of one's own, sizes have many short texts, and one long one where the model takes it.
python3 "$here/tiny_model.py" long_model 512
vireo 0 --cache-dir fresh tune --model long_model --budget 1 --json
json '{c["call"].split()[-1] for c in j["choices"] if c["call"].startswith("attention f32[512,")} == {"i32[16]", "i32[32]"}'

# The vectors stay what they were but for rounding; with --deterministic to the last bit.
vireo 0 embed --model "$model" 'The sea' 'A dark night in the city'
near() {
    python3 - plain out <<'PYTHON'
import json, sys
a, b = ([json.loads(line)["embedding"] for line in open(name)] for name in sys.argv[1:])
assert len(a) == len(b) == 2
assert all(abs(x - y) < 1e-5 for v, w in zip(a, b) for x, y in zip(v, w))
PYTHON
}
expect "vectors are near" near
for cache in "$XDG_CACHE_HOME" "$temporary/other"; do
    XDG_CACHE_HOME=$cache vireo 0 embed --deterministic --model "$model" 'The sea'
    cp out "deterministic-${cache##*/}"
done
expect "the same bits" cmp deterministic-cache deterministic-other

# What another machine has measured.
XDG_CACHE_HOME=$temporary/other vireo 0 tune --import mine.json --json
json '{c["call"] for c in j["choices"]} == {c["call"] for c in json.load(open("measured"))["choices"]}'
mentions '^vireo: mine.json: [0-9]* choices taken$'
vireo 0 --cache-dir edited tune --import mine.json
mentions '^vireo: mine.json: [0-9]* choices taken; skipped: 1 pinned here$'
python3 - mine.json foreign.json <<'PYTHON'
import json, sys
j = json.load(open(sys.argv[1]))
for c in j["choices"]:
    c.update(device="0" * 36, device_name="another card")
json.dump(j, open(sys.argv[2], "w"))
PYTHON
vireo 1 tune --import foreign.json
mentions '^vireo: foreign.json: 0 choices taken; skipped: [0-9]* of other devices or drivers, of "another card" with driver ".*[^ ]"; this is ".*" with ".*[^ ]"$' \
    '^vireo: next: export it on a device of this name with this version of the driver$'
sed 's/"kernel": "[a-z0-9_]*"/"kernel": 7/' mine.json >bad.json
vireo 1 tune --import bad.json
mentions '^vireo: bad.json: choices\[0\]: "kernel" must be a text of 1 to 47 bytes$' \
    '^vireo: next: "vireo tune --export FILE" writes such a file$'
vireo 1 tune --import none.json
mentions '^vireo: none.json: '
vireo 1 tune --export none/mine.json
mentions '^vireo: none/mine.json'
vireo 2 tune --input texts
says 'vireo tune: --input needs --model'
vireo 2 tune --budget 5
says 'vireo tune: --budget needs --model'
vireo 2 tune --model "$model" --budget 0
mentions '^vireo tune: --budget'
