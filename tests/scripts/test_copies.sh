#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/bench/copies.py with a made-up program: what it asks for, the ratios, and the table.
set -eu
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"
export PYTHONDONTWRITEBYTECODE=1
copies=$VIREO_SOURCE/tests/bench/copies.py
cd "$temporary"

# The device's copy has COPY GB/s, in every third round ten times as much; each op 4, scale 3, softmax 2 and in every
# second round 8. FAIL: an op.
cat >vireo <<'VIREO'
#!/usr/bin/env python3
import json, os, sys
op = sys.argv[3] if sys.argv[2] == "op" else sys.argv[2]
with open("calls", "a", encoding="utf-8") as f:
    f.write(op + "\n")
again = open("calls", encoding="utf-8").read().split("\n").count(op)
if os.environ.get("FAIL") == op:
    sys.exit(1)
if op == "device":
    copy = float(os.environ["COPY"]) * (10 if again % 3 == 0 else 1)
    print(json.dumps({"device": "device " + os.environ["COPY"], "copy_gb_per_s": copy}))
    sys.exit()
shapes = sys.argv[sys.argv.index("--shapes") + 1].split(",")
speed = {"scale": 3.0, "softmax": 2.0 if again % 2 else 8.0}.get(op, 4.0)
print(json.dumps({"device": "device", "results": [{"shape": shape, "gb_per_s": speed} for shape in shapes]}))
VIREO
chmod +x vireo
COPY=4 python3 "$copies" --vireo ./vireo --rounds 3 >a.json 2>progress
expect "the device's copy is timed in each round" sh -c 'test "$(grep -c "^device$" calls)" = 3'
expect "ratios are taken round by round" python3 -c 'import json
rows = {(r["op"], r["shape"]): r for r in json.load(open("a.json", encoding="utf-8"))["rows"]}
row = rows["add", "1024x4096"]
assert (row["least"], row["ratio"], row["most"]) == (1, 1, 10), row'
expect "progress is told" grep -q '^copies: round 3 of 3, concat$' progress
COPY=8 python3 "$copies" --vireo ./vireo --rounds 1 >b.json 2>progress
python3 "$copies" --table a.json b.json >table
expect "devices head the columns" grep -q '^| Op | device 4 | device 8 |$' table
expect "the copy stands above" grep -q "^| the device's copy | 4 GB/s | 8 GB/s |$" table
expect "an op that copies is a row like others" grep -q '^| scale 1024x4096 | 1.33 (3) | 2.67 (3) |$' table
expect "ratios are of times" grep -q '^| add 1024x4096 | 1.00 (4) | 2.00 (4) |$' table
expect "the median round counts" grep -q '^| softmax 24000x200 | 2.00 (2) | 1.00 (8) |$' table
expect "what is above the bar is named" \
    grep -q '^Somewhere above 1.5: scale 1024x4096, add 1024x4096, .*concat 65536x33\.$' table
python3 "$copies" --table a.json >table
expect "and nothing else" grep -q '^Somewhere above 1.5: softmax 1024x4096, softmax 24000x200, softmax 96x49152\.$' table
COPY=4 FAIL=rope expect_status 1 python3 "$copies" --vireo ./vireo --rounds 1
expect_output '^copies: ./vireo bench op rope .*: exit status 1$'
