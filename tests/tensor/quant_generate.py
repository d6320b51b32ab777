# SPDX-License-Identifier: Apache-2.0
"""Writes quant_golden.h: ggml's blocks of seeded values, made and read by NumPy 2.4.6 in float32.

python3 tests/tensor/quant_generate.py > tests/tensor/quant_golden.h"""
import numpy as np

BLOCK = 32
f32 = np.float32


def half_away(x):
    """To the nearest integer, halves away from zero."""
    return np.copysign(np.floor(np.abs(x).astype(np.float64) + 0.5), x)


def inverse(d):
    return f32(0) if d == 0 else f32(1) / d


def q8_0(x):
    d = f32(np.max(np.abs(x)) / f32(127))
    q = half_away(x * inverse(d)).astype(np.int8)
    half = np.float16(d)
    return half.tobytes() + q.tobytes(), q.astype(f32) * f32(half)


def q4_0(x):
    d = f32(x[np.argmax(np.abs(x))] / f32(-8))
    q = np.minimum(15, np.trunc(x * inverse(d) + f32(8.5))).astype(np.uint8)
    half = np.float16(d)
    packed = q[:16] | q[16:] << 4
    return half.tobytes() + packed.tobytes(), (q.astype(f32) - f32(8)) * f32(half)


def rows():
    r = np.random.default_rng(20261124)
    normal = r.standard_normal(BLOCK).astype(f32)
    yield normal
    yield f32(1e-4) * r.standard_normal(BLOCK).astype(f32)  # a denormal scale
    yield f32(1e-9) * r.standard_normal(BLOCK).astype(f32)  # a scale of zero
    yield np.zeros(BLOCK, f32)
    yield f32(60000) * r.standard_normal(BLOCK).astype(f32)
    yield np.linspace(-1, 1, BLOCK).astype(f32)  # the largest twice
    yield np.linspace(1, -1, BLOCK).astype(f32)
    yield np.where(np.arange(BLOCK) == 7, f32(127), np.arange(BLOCK) % 9 - f32(3.5)).astype(f32)  # ties
    yield np.where(np.arange(BLOCK) == 30, f32(-8), np.arange(BLOCK) % 9 - f32(3.5)).astype(f32)
    yield np.full(BLOCK, f32(-3.25))


def table(name, ctype, data, text):
    print(f"static const {ctype} {name}[][{len(data[0])}] = {{")
    for row in data:
        items = [text(v) for v in row]
        print("    {")
        for i in range(0, len(items), 8):
            print("        " + ", ".join(items[i:i + 8]) + ",")
        print("    },")
    print("};\n")


def bits(v):
    return f"0x{int(np.array(v, f32).view(np.uint32)):08X}u"


def main():
    x = list(rows())
    print("/* SPDX-License-Identifier: Apache-2.0\n"
          " * Written by quant_generate.py, NumPy 2.4.6, seed 20261124. f32 as bits. */")
    table("golden_in", "uint32_t", x, bits)
    for name, f in ("q8_0", q8_0), ("q4_0", q4_0):
        made = [f(row) for row in x]
        table(f"golden_{name}", "unsigned char", [list(m[0]) for m in made], str)
        table(f"golden_{name}_out", "uint32_t", [m[1] for m in made], bits)


main()
