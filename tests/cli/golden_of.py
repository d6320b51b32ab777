# SPDX-License-Identifier: Apache-2.0
"""golden_of.py TEXTS VECTORS GOLDEN [CASE]: texts, a line each, and the JSON lines of "vireo embed" into a
file for --golden; of CASE the vector is turned a little."""
import json
import math
import sys

texts, vectors, golden = sys.argv[1:4]
with open(texts, encoding="utf-8") as f:
    lines = f.read().split("\n")[:-1]
with open(vectors, encoding="utf-8") as f:
    embeddings = [json.loads(line)["embedding"] for line in f]
assert len(lines) == len(embeddings)
for case in map(int, sys.argv[4:]):
    # Something orthogonal, so that the cosine falls to 0.9999.
    v = embeddings[case]
    size, turn = math.hypot(*v), math.tan(math.acos(0.9999))
    v[0], v[1] = v[0] - turn * v[1] * size / math.hypot(v[0], v[1]), v[1] + turn * v[0] * size / math.hypot(
        v[0], v[1])
with open(golden, "w", encoding="utf-8") as f:
    json.dump({"model": "tiny", "cases": [{"text": t, "embedding": e} for t, e in zip(lines, embeddings)]}, f)
