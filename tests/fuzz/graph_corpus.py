# SPDX-License-Identifier: Apache-2.0
"""Writes the named inputs of corpus/graph: one for each builder, and sizes where arithmetic is narrow.
Inputs whose name is a hash came out of fuzzing. How bytes are read: fuzz_graph.c.

python3 tests/fuzz/graph_corpus.py
"""
import os

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "corpus", "graph")
BUILDERS = ("symbol derived input constant file_constant first_row output matmul linear attention norm "
            "embedding bag scatter unary scale binary pool reshape slice transpose concat top_k "
            "fault attention_with rope rope_table softmax reduce cumsum").split()
GENEROUS, LEAST, TINY, CPU = range(4)
STAYS, TURN, FORCE, FIX = 4, 8, 16, 32
F32, F16, I32, BF16, Q8_0, Q4_0 = range(6)
GELU, SILU = 1, 4
ADD, MUL = 0, 1
MAX = 2**31 - 1


def number(n):
    return bytes([n]) if 0 <= n < 0x60 else b"\xfe" + n.to_bytes(4, "little")


def call(builder, *arguments):
    """Whole numbers below 256 stand for themselves, (n,) is a number of the target, bytes are as they are."""
    out = bytes([BUILDERS.index(builder)])
    for a in arguments:
        out += a if isinstance(a, bytes) else number(a[0]) if isinstance(a, tuple) else bytes([a])
    return out


def graph(device, *calls, counts=0):
    return bytes([device, counts, 0]) + b"".join(calls)


def symbol(name, most):
    return call("symbol", name, (most,))


def given(name, dtype, shape, of=0):
    return call("input", name, dtype, len(shape), of, *[(n,) for n in shape])


def weights(dtype, shape):
    return call("constant", 0, dtype, len(shape), *[(n,) for n in shape], 0)


def matmul(flags):
    return call("matmul", flags, 0, 1)


def encoder(device, width, tokens, counts=0):
    """Ids → table → attention → norm → pooled, sizes of a symbol."""
    return graph(device, symbol(0, tokens), symbol(1, 64), given(0, I32, [0], 1), given(1, I32, [0], 2),
                 weights(F16, [30000, width]), call("embedding", 0, 1, 0),
                 call("attention", 0, 0, 0, 0, (12,), 0), weights(F32, [width]),
                 call("norm", 4 + 8, 0, 1, 0), call("unary", 1, 0), call("pool", 0, 0, 0),
                 call("norm", 2, 0), call("output", 3, 0, 0), counts=counts)


def fused():
    """Pairs that become one node, and some that look alike and do not (counts=1: fusion is on)."""
    x, w, bias = given(0, F32, [8, 8]), weights(F32, [8, 8]), weights(F32, [8])
    product = call("matmul", 0, 1, 0)
    pairs = {
        "bias_gelu_residual": [x, w, bias, product, call("binary", ADD, 0, 1), call("unary", GELU, 0),
                               call("binary", ADD, 5, 0)],
        "two_residuals": [x, w, product, call("binary", ADD, 0, 2), call("binary", ADD, 0, 3)],
        "product_times": [x, w, product, call("binary", MUL, 0, 1)],
        "residual_gelu": [x, w, product, call("binary", ADD, 0, 2), call("unary", GELU, 0)],
        "b_turned": [x, w, call("transpose", 0, 0, 1), call("matmul", 0, 2, 0)],
        "a_turned": [w, x, call("transpose", 0, 0, 1), call("matmul", 1, 0, 2)],
        "a_turned_alone": [w, x, call("transpose", 0, 0, 1), call("matmul", 0, 0, 2)],
        "scaled_gelu": [x, call("scale", 7, 1, 0), call("unary", GELU, 0)],
        "gelu_gelu": [x, call("unary", GELU, 0), call("unary", GELU, 0)],
        "silu_times": [x, w, call("unary", SILU, 1), call("binary", MUL, 0, 1)],
        "times_silu": [x, w, call("unary", SILU, 1), call("binary", MUL, 1, 0)],
        "gelu_times": [x, w, call("unary", GELU, 1), call("binary", MUL, 0, 1)],
    }
    for name, calls in pairs.items():
        yield f"fused_{name}", graph(LEAST, *calls, counts=1)


def seeds():
    for device in range(4):
        yield f"encoder_{device}", encoder(device, 384, 512, device)
        yield f"encoder_fixed_{device}", encoder(device | FIX, 384, 10**6, 1)
        yield f"encoder_wide_{device}", encoder(device | TURN, 65532, MAX, device)
        for n in (7, 65535 * 32 * 4 + 4, 65535 * 4 * 8 * 4 + 1, 10**7, 10**8):
            x, w = given(0, F32, [1, 8]), weights(F32, [n, 8])
            yield f"matmul_columns_{n}_{device}", graph(device, x, w, call("matmul", 2, 1, 0))
            yield f"linear_{n}_{device}", graph(device | TURN, x, w, call("linear", 1, 0, 0, 0))
        for n in (9, 65535 * 8, 65535 * 8 + 1, 10**8):
            yield f"matmul_rows_{n}_{device}", graph(
                device, given(0, F32, [n, 4]), weights(F32, [4, 4]), call("matmul", 0, 1, 0))
            yield f"matmul_batch_{n}_{device}", graph(
                device, given(0, F32, [3, n, 4]), given(1, F32, [3, 4, 5]), call("matmul", 0, 1, 0))
        for n, k in ((5, 3), (300000, 100), (10**7, 1024), (10**8, 1024)):
            yield f"top_k_{n}_{k}_{device}", graph(
                device, symbol(0, 200), given(0, F32, [0, n], 1), given(1, I32, [1, (n + 31) // 32]),
                call("top_k", 1, 0, (k,), 0), call("output", 1, 0, 0), call("output", 2, 1, 0))
        for dtype in (BF16, Q8_0, Q4_0):
            yield f"packed_{dtype}_{device}", graph(
                device, symbol(0, 300), given(0, F32, [0, 64], 1), weights(dtype, [10**6, 64]),
                call("linear", 1, 0, 0, 0), given(1, I32, [7]), call("embedding", 0, 0, 0),
                call("linear", 0, 0, 0, 0), call("matmul", 0, 0, 1))
        yield f"top_k_lists_{device}", graph(device, given(0, F32, [53, 10**7]),
                                             call("top_k", 0, 0, (1000,)))
        for n in (3, 64, 2**20):
            x = given(0, F32, [n, 8, 192])
            yield f"views_{n}_{device}", graph(
                device, x, call("unary", 3, 0), call("slice", 0, 0, 2, (64,), (64,)),
                call("slice", 0, 1, 2, (128,), (64,)), call("reshape", 2, 0, 1, (n * 8,), (64,)),
                call("binary", 2, 0, 0), call("transpose", 0, 0, 2), call("concat", 2 << 2, 0, 0, 0, 0),
                call("reshape", 1, 0, 0, (n,)), call("scale", 7, 1, 0), call("binary", 0, 2, 3))
        yield f"bag_{device}", graph(
            device, symbol(0, 4096), given(0, I32, [0], 1), given(1, I32, [9]), given(2, F32, [0], 1),
            weights(F32, [10**6, 100]), call("bag", 3, 0, 1, 0, 0), call("output", 1, 0, 0))
        yield f"scatter_{device}", graph(
            device, symbol(0, 70000), given(0, F32, [10**6, 100]), given(1, I32, [0], 1),
            given(2, F32, [0, 100], 1), call("scatter", 1, 1, 0, 0), call("output", 1, 0, 0))
        yield f"broadcast_{device}", graph(
            device, given(0, F32, [3, 1, 5, 7]), given(1, F32, [2, 1, 7]), call("binary", 1, 1, 0),
            given(2, F32, [1]), call("binary", 0, 0, 1), call("concat", 13 << 2 | 1 << 6, 0, 0))
        yield f"decoder_{device}", graph(
            device, symbol(0, 100000), given(0, F32, [0, 512], 1), given(1, F32, [0, 128], 1),
            given(2, I32, [9]), given(3, I32, [0], 1), call("rope_table", (64,), (64,), 8, 1),
            call("rope", 1, 2, 0, 0, (8,)), call("rope", 0, 1, 0, 1, (2,)), weights(F32, [8, 63]),
            call("attention_with", 1 + 2 + 4 + 8 + 64, 3, 1, 1, 1, (8,), (2,), 5, (16,), 7, 0),
            call("output", 2, 0, 0))
        yield f"pointwise_{device}", graph(
            device, symbol(0, 4096), given(0, F32, [0, 64], 1), given(1, I32, [9]), given(2, I32, [9]),
            call("attention_with", 16 + 32, 0, 0, 0, 0, (1,), 0, 5, 1))
        for n in (5, 300000, 10**7, 10**8):
            x = given(0, F32, [0, n], 1)
            yield f"rows_{n}_{device}", graph(
                device, symbol(0, 70), x, given(1, I32, [(n + 31) // 32]), call("softmax", 1, 0, 0),
                call("softmax", 4, 1), call("reduce", 4, 0), call("reduce", 0, 1), call("cumsum", 0, 2),
                call("cumsum", 1, 0), call("norm", 0, 0))
        yield f"forced_{device}", graph(
            device | FORCE, given(0, F32, [8, 8]), call("norm", 1, 0), call("unary", 6, 0),
            call("binary", 0, 0, 1), call("matmul", 0, 0, 1), counts=2)
    yield from fused()
    for n in (2**30, MAX):
        for op in ("transpose", "reshape", "unary", "norm", "slice"):
            arguments = {"transpose": [0, 0, 1], "reshape": [2, 0, 0, (n,), (4,)], "unary": [6, 0],
                         "norm": [0, 0], "slice": [0, 0, 0, (1,), (3,)]}[op]
            yield f"{op}_{n}", graph(GENEROUS, given(0, F32, [4, n]), call(op, *arguments))
    yield "file", graph(LEAST, call("file_constant", 0, F16, 2, (8,), (8,), 0), call("first_row", 0),
                        call("file_constant", 0, F16, 2, (8,), (8,), 0xE0, 128, 0), call("unary", 0, 0))
    yield "faults", graph(LEAST, given(0, F16, [2]), given(0, 0xF7, [2]), given(0, F32, [2] * 5),
                          given(1, F32, [2**32 - 1]), weights(F32, [2**16, 2**16, 2**4, 1]),
                          call("derived", 1, 0, 0), call("fault", 0), call("output", 0, 0, 0xFE),
                          call("concat", 0), call("scale", 8, 9, 0))
    yield "fault_stays", graph(LEAST | STAYS, call("fault", 3), given(0, F32, [2]), call("unary", 0, 0))


def main():
    os.makedirs(FOLDER, exist_ok=True)
    for name, data in seeds():
        with open(os.path.join(FOLDER, name), "wb") as file:
            file.write(data)


main()
