#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/bench/families.py with a made-up program: what it asks for, keeps of several rounds, and prints.
set -eu
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"
export PYTHONDONTWRITEBYTECODE=1
families=$VIREO_SOURCE/tests/bench/families.py
cd "$temporary"

# Of each shape: "quick" is faster in every second round, "slow" always slower, "none" does not run; other
# devices run "rare" alone. FAIL: an op.
cat >vireo <<'VIREO'
#!/usr/bin/env python3
import json, os, sys
a = sys.argv
op, shapes = a[3], a[a.index("--shapes") + 1].split(",")
with open("calls", "a", encoding="utf-8") as f:
    f.write(" ".join(a[1:]) + "\n")
    again = sum(1 for line in open("calls", encoding="utf-8") if line == " ".join(a[1:]) + "\n")
if os.environ.get("FAIL") == op:
    sys.exit(1)
row = lambda shape, kernel, ms: {"op": op, "shape": shape, "kernel": kernel, "ms": {"median": ms}}
results = []
for shape in shapes:
    if os.environ.get("OTHER"):
        results.append(row(shape, "rare", 3.0))
        continue
    results += [row(shape, "quick", 1.0 if again % 2 else 9.0), row(shape, "slow", 2.5),
                {"op": op, "shape": shape, "kernel": "none", "not_run": "it does not fit"}]
print(json.dumps({"device": os.environ.get("OTHER", "this device"), "results": results}))
VIREO
chmod +x vireo
python3 "$families" --vireo ./vireo --only matmul,rope --rounds 2 >this.json 2>progress
expect "each op is asked for in each round" \
    sh -c 'test "$(grep -c "^bench op rope --kernels --json --shapes [0-9x,]*$" calls)" = 2'
expect "weights have their type" grep -q '^bench op matmul --kernels .* --dtype q4_0$' calls
expect "progress is told" grep -q '^families: matmul q8_0$' progress
OTHER=other python3 "$families" --vireo ./vireo --only rope --rounds 1 >other.json 2>progress
python3 "$families" --table this.json other.json >table
expect "the least of the rounds counts" \
    grep -q '^| rope | `quick` | 1 of 1 | 2.50 times | 512x32x64 f32, this device: 1 ms |$' table
expect "a loser is named" grep -q '^| rope | `slow` | 0 of 1 | 0.40 times: no | .*: 2.5 ms |$' table
expect "one that runs alone is no loser" grep -q '^| rope | `rare` | 1 of 1 | alone | .*, other: 3 ms |$' table
expect "what did not run is not in it" sh -c '! grep -q none\` table'
expect "the losers" grep -q '^Nowhere the fastest: .*rope/slow.*\.$' table
expect "and no others" sh -c '! grep "^Nowhere" table | grep -q "quick\|rare"'
expect "and not all ops" sh -c '! grep softmax calls'
FAIL=rope expect_status 1 python3 "$families" --vireo ./vireo --only rope --rounds 1
expect_output '^families: ./vireo bench op rope .*: exit status 1$'
