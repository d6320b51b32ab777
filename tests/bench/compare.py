#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vireo beside OpenBLAS and onnxruntime, in one run, in turns: see README.md beside this file.

python3 tests/bench/compare.py --setup        once: Python packages into the cache folder
python3 tests/bench/compare.py [--json] [--check] [--rounds N] [--only device,matmul,minilm,embed] ...
"""
import sys

import program
import work
from comparison import Failed

MODULES = ["numpy", "onnxruntime", "tokenizers"]
MATMULS = [(512, 512, 512), (128, 384, 1536)]  # M, K, N
MATMUL_BARS = {"lavapipe": 0.15, "swiftshader": 0.03}
MINILM_BARS = {"lavapipe": 0.10}
WARM_SECONDS = {"lavapipe": 1.5, "swiftshader": 1.5}
COLD_SECONDS = {"lavapipe": 8.0, "swiftshader": 8.0}
# A driver on the CPU that is faster than the CPU has been measured wrongly.
ROOF_LIMITS = {"lavapipe": 1.2, "swiftshader": 1.2}
PARTS = {
    "device": lambda c: work.roof(c, MATMULS[0], ROOF_LIMITS),
    "matmul": lambda c: work.matmul(c, MATMULS, MATMUL_BARS),
    "minilm": lambda c: work.minilm(c, MINILM_BARS),
    "embed": lambda c: work.embed(c, WARM_SECONDS, COLD_SECONDS),
}


def main():
    p = program.parser(__doc__.split("\n")[0], PARTS, MODULES)
    o = p.parse_args()
    if o.setup:
        failed = program.set_up(MODULES)
        return f"compare.py: not installed: {', '.join(failed)}" if failed else 0
    parts = program.chosen(p, o, PARTS)
    program.check_arguments(p, o)
    o.python = program.find_python(o.python, MODULES)
    if not o.python:
        return (f"compare.py: {', '.join(MODULES)} are needed: "
                "python3 tests/bench/compare.py --setup")
    try:
        return program.finish(o, program.run_parts(o, parts, PARTS, None))
    except Failed as e:
        return f"compare.py: {e}"


if __name__ == "__main__":
    sys.exit(main())
