# SPDX-License-Identifier: Apache-2.0
"""Writes reference_golden.h: what the ops' references must give, by NumPy. No seed: operands come from
a formula, exact in every type. Written with NumPy 2.4.6; tolerance in test_reference.c.
python3 reference_generate.py > reference_golden.h"""
import math
import numpy as np

arrays, rows = [], []


def ramp(shape, s):
    n = int(np.prod(shape))
    return (((np.arange(n) + 1) * (2 * s + 7) % 23 - 11) / 8.0).reshape(shape)


def number(x):
    return repr(float(x))


def operand(name, a, dtype="F32"):
    a = np.asarray(a, dtype=float)
    if a.size:
        arrays.append(f"static const double {name}[] = {{{', '.join(number(x) for x in a.flat)}}};")
    shape = ", ".join(str(n) for n in a.shape) or "0"
    return f"{{VIREO_{dtype}, {a.ndim}, {{{shape}}}, {name if a.size else 'NULL'}}}"


def row(name, op, attributes, inputs, outputs):
    ins = ", ".join("{0}" if x is None else operand(f"{name}_in{i}", *x) for i, x in enumerate(inputs))
    outs = ", ".join(operand(f"{name}_out{i}", *x) for i, x in enumerate(outputs))
    rows.append(f'    {{"{name}", VR_OP_{op}, {{{attributes}}}, {{{ins}}}, {{{outs}}}}},')


erf = np.vectorize(math.erf)
functions = {
    "IDENTITY": lambda x: x,
    "GELU": lambda x: x / 2 * (1 + erf(x / np.sqrt(2))),
    "GELU_TANH": lambda x: x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "RELU": lambda x: np.maximum(x, 0),
    "SILU": lambda x: x / (1 + np.exp(-x)),
    "TANH": np.tanh,
    "SIGMOID": lambda x: 1 / (1 + np.exp(-x)),
}


def matmuls():
    bias, plain = ramp((5,), 3), ramp((3, 4), 1)
    for ta in (0, 1):
        for tb in (0, 1):
            a, b = ramp((4, 3) if ta else (3, 4), 1), ramp((5, 4) if tb else (4, 5), 2)
            y = (a.T if ta else a) @ (b.T if tb else b)
            row(f"matmul_{ta}{tb}", "MATMUL", f".matmul = {{{ta}, {tb}, VIREO_IDENTITY}}",
                [(a,), (b,)], [(y,)])
    a, b, residual = ramp((2, 3, 4), 1), ramp((2, 4, 5), 2), ramp((2, 3, 5), 4)
    y = functions["GELU"](np.einsum("bmk,bkn->bmn", a, b) + bias) + residual
    row("matmul_all", "MATMUL", ".matmul = {0, 0, VIREO_GELU}", [(a,), (b,), (bias,), (residual,)],
        [(y,)])
    y = np.maximum(np.einsum("mk,nk->mn", plain, ramp((5, 4), 2)) + bias, 0)
    row("matmul_linear", "MATMUL", ".matmul = {0, 1, VIREO_RELU}",
        [(plain,), (ramp((5, 4), 2),), (bias,)], [(y,)])
    shared = ramp((4, 5), 2)
    row("matmul_shared", "MATMUL", ".matmul = {0, 0, VIREO_IDENTITY}", [(a,), (shared,)],
        [(np.matmul(a, shared),)])


def attention(q, k, v, offsets, heads, kv_heads=None, key_offsets=None, scale=0.0, causal=False, window=0,
              cap=0.0, pointwise=0.0, bias=None):
    kv_heads, key_offsets = kv_heads or heads, key_offsets or offsets
    dim, value_dim = q.shape[1] // heads, v.shape[1] // kv_heads
    y = np.zeros((len(q), heads * value_dim))
    for b, e, kb, ke in zip(offsets, offsets[1:], key_offsets, key_offsets[1:]):
        i, j = np.arange(ke - kb - (e - b), ke - kb)[:, None], np.arange(ke - kb)[None]
        seen = np.ones((e - b, ke - kb), bool)
        if causal:
            seen &= j <= i
        if window:
            seen &= abs(i - j) < window
        for h in range(heads):
            g = h * kv_heads // heads
            s = q[b:e, h * dim:][:, :dim] @ k[kb:ke, g * dim:][:, :dim].T * (scale or 1 / np.sqrt(dim))
            if cap:
                s = cap * np.tanh(s / cap)
            if bias is not None:
                middle = bias.shape[1] // 2
                s = s + bias[h % len(bias)][np.clip(j - i + middle, 0, 2 * middle)]
            if pointwise:
                p = np.where(seen, functions["SILU"](s) / pointwise, 0)
            else:
                p = np.where(seen, np.exp(s), 0)
                p = p / np.maximum(p.sum(axis=1, keepdims=True), 1e-300)
            y[b:e, h * value_dim:(h + 1) * value_dim] = p @ v[kb:ke, g * value_dim:][:, :value_dim]
    return y


def attentions():
    offsets, key_offsets = [0, 2, 2, 6], [0, 5, 6, 9]
    for name, o in {
            "default": {}, "given": dict(scale=0.5), "causal": dict(causal=True), "window": dict(window=2),
            "causal_window": dict(causal=True, window=2), "grouped": dict(kv_heads=1, value_dim=2),
            "cap": dict(cap=0.75), "bias": dict(bias=(1, 5)), "bias_heads": dict(bias=(2, 3)),
            "pointwise": dict(pointwise=7.0), "keys": dict(key_offsets=key_offsets),
            "all": dict(key_offsets=key_offsets, causal=True, window=3, cap=2.0, bias=(4, 3), heads=4,
                        kv_heads=2, value_dim=1),
            "all_pointwise": dict(key_offsets=key_offsets, causal=True, window=4, cap=1.5, bias=(1, 7),
                                  heads=4, kv_heads=2, value_dim=1, pointwise=3.0)}.items():
        heads, dim, o = o.get("heads", 2), 3, dict(o)
        kv_heads, value_dim = o.get("kv_heads", heads), o.pop("value_dim", dim)
        keys = o.get("key_offsets", offsets)[-1]
        q, k, v = ramp((6, heads * dim), 1), ramp((keys, kv_heads * dim), 2), ramp((keys, kv_heads * value_dim), 3)
        o.update(heads=heads, bias=ramp(o["bias"], 4) if "bias" in o else None)
        text = ", ".join(str(x) for x in (heads, kv_heads, f"{o.get('scale', 0.0)}f", int(o.get("causal", 0)),
                                          o.get("window", 0), f"{o.get('cap', 0.0)}f",
                                          f"{o.get('pointwise', 0.0)}f"))
        ins = [(q,), (k,), (v,), (offsets, "I32")]
        ins.append((o["key_offsets"], "I32") if "key_offsets" in o else None)
        ins.append(None if o["bias"] is None else (o["bias"],))
        row(f"attention_{name}", "ATTENTION", f".attention = {{{text}}}", ins, [(attention(q, k, v, offsets, **o),)])


def ropes():
    x, positions = ramp((4, 12), 1), [0, 3, 9, -1]
    for name, rotary, halves in (("adjacent", 6, 0), ("halves", 6, 1), ("adjacent_part", 4, 0), ("halves_part", 4, 1)):
        angle = np.arange(5)[:, None] * 10000.0 ** (-np.arange(0, rotary, 2) / rotary) / 2
        table = np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(5, rotary)
        y = np.zeros((4, 2, 6))
        for t, p in enumerate(positions):
            if 0 <= p < 5:
                heads = x[t].reshape(2, 6).copy()
                part = heads[:, :rotary]
                z = part[:, :rotary // 2] + 1j * part[:, rotary // 2:] if halves else part[:, ::2] + 1j * part[:, 1::2]
                z = z * np.exp(1j * angle[p])
                if halves:
                    heads[:, :rotary] = np.concatenate([z.real, z.imag], axis=1)
                else:
                    heads[:, :rotary] = np.stack([z.real, z.imag], axis=-1).reshape(2, rotary)
                y[t] = heads
        row(f"rope_{name}", "ROPE", f".rope = {{2, {'VIREO_ROPE_HALVES' if halves else 'VIREO_ROPE_ADJACENT'}}}",
            [(x,), (positions, "I32"), (table,)], [(y.reshape(4, 12),)])


def norms():
    x, w, b = ramp((2, 2, 5), 1), ramp((5,), 2), ramp((5,), 3)
    y = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 0.25)
    row("layer_norm", "NORM", ".norm = {VR_NORM_LAYER, 0.25f}", [(x,), (w,), (b,)], [(y * w + b,)])
    row("layer_norm_bare", "NORM", ".norm = {VR_NORM_LAYER, 0.25f}", [(x,)], [(y,)])
    y = x / np.sqrt((x**2).mean(-1, keepdims=True) + 0.25)
    row("rms_norm", "NORM", ".norm = {VR_NORM_RMS, 0.25f}", [(x,), (w,)], [(y * w,)])
    x = np.concatenate([ramp((3, 4), 1), np.zeros((1, 4)), np.full((1, 4), 0.0625)])
    norm = np.maximum(np.linalg.norm(x, axis=-1, keepdims=True), 0.5)
    row("l2_normalize", "NORM", ".norm = {VR_NORM_L2, 0.5f}", [(x,)], [(x / norm,)])


def lookups():
    table, ids = ramp((4, 3), 1), [2, -1, 0, 4, 3, 2]
    y = [table[i] if 0 <= i < 4 else np.zeros(3) for i in ids]
    row("embedding", "EMBEDDING", ".norm = {0}", [(table,), (ids, "I32")], [(y,)])
    x, offsets = ramp((6, 3), 1), [0, 2, 2, 6]
    for op, f in (("MEAN", lambda r: r.mean(0)), ("MAX", lambda r: r.max(0)), ("FIRST", lambda r: r[0])):
        y = [f(x[b:e]) if e > b else np.zeros(3) for b, e in zip(offsets, offsets[1:])]
        row(f"pool_{op.lower()}", "POOL", f".pool = {{VIREO_POOL_{op}}}", [(x,), (offsets, "I32")],
            [(y,)])


def bags():
    table, ids, offsets = ramp((5, 3), 1), [4, 0, 2, 2, 1], [0, 2, 2, 5]
    weights = np.array([0.5, -1, 2, 0.25, 1])
    for name, w in (("", np.ones(5)), ("_weights", weights)):
        spans = list(zip(offsets, offsets[1:]))
        total = np.array([(table[ids[b:e]] * w[b:e, None]).sum(0) for b, e in spans])
        given = [(weights,)] if name else []
        row("bag_sum" + name, "EMBEDDING_BAG", ".bag = {VIREO_BAG_SUM}",
            [(table,), (ids, "I32"), (offsets, "I32")] + given, [(total,)])
        mean = total / np.array([max(e - b, 1) for b, e in spans])[:, None]
        row("bag_mean" + name, "EMBEDDING_BAG", ".bag = {VIREO_BAG_MEAN}",
            [(table,), (ids, "I32"), (offsets, "I32")] + given, [(mean,)])
    x, updates, ids = ramp((5, 3), 2), ramp((4, 3), 3), [3, 1, 3, 0]
    y = x.copy()
    for i, u in zip(ids, updates):
        y[i] = u
    row("scatter_set", "SCATTER_ROWS", ".scatter = {VIREO_SCATTER_SET}",
        [(x,), (ids, "I32"), (updates,)], [(y,)])
    y = x.copy()
    np.add.at(y, ids, updates)
    row("scatter_add", "SCATTER_ROWS", ".scatter = {VIREO_SCATTER_ADD}",
        [(x,), (ids, "I32"), (updates,)], [(y,)])


def elements():
    x = np.array([-30.0, -4.5, -1, -0.25, -0.0, 0.125, 0.5, 1, 3, 20])
    for name, f in functions.items():
        row(f"unary_{name.lower()}", "UNARY", f".unary = {{VIREO_{name}, 1, 0}}", [(x,)], [(f(x),)])
    row("scale", "UNARY", ".unary = {VIREO_IDENTITY, -0.5f, 3}", [(x,)], [(x * -0.5 + 3,)])
    for shapes in (((2, 3), (2, 3)), ((2, 1, 3), (4, 1)), ((3,), (2, 2, 2, 3)), ((2, 3, 1, 2), (1, 2))):
        a, b = ramp(shapes[0], 1), ramp(shapes[1], 2)
        name = "x".join("".join(str(n) for n in s) for s in shapes)
        row(f"add_{name}", "BINARY", ".binary = {VIREO_ADD}", [(a,), (b,)], [(a + b,)])
        row(f"mul_{name}", "BINARY", ".binary = {VIREO_MUL}", [(a,), (b,)], [(a * b,)])
        row(f"silu_mul_{name}", "BINARY", ".binary = {VIREO_SILU_MUL}", [(a,), (b,)],
            [(functions["SILU"](a) * b,)])


def top_ks():
    x = np.round(ramp((3, 40), 1))
    deny = np.array([[0b1010, 0], [-1, -1], [-1, 0x21]])
    for name, words in (("plain", None), ("deny", deny)):
        values, indices = [], []
        for r in range(3):
            allowed = [i for i in range(40)
                       if words is None or not (int(words[r][i // 32]) >> i % 32) & 1]
            best = sorted(allowed, key=lambda i: (-x[r, i], i))[:9]
            fill = 9 - len(best)
            values.append([x[r, i] for i in best] + [-float(np.finfo(np.float32).max)] * fill)
            indices.append(best + [-1] * fill)
        row(f"top_k_{name}", "TOP_K", ".top_k = {9}",
            [(x,)] + ([] if words is None else [(words, "I32")]), [(values,), (indices, "I32")])


def shapes():
    x = ramp((2, 3, 5), 1)
    row("reshape", "RESHAPE", ".reshape = {2, {3, 10}}", [(x,)], [(x.reshape(3, 10),)])
    row("slice_1", "SLICE", ".slice = {1, 1, 2}", [(x,)], [(x[:, 1:3],)])
    row("slice_2", "SLICE", ".slice = {2, 2, 3}", [(x,)], [(x[:, :, 2:5],)])
    row("transpose", "TRANSPOSE", ".transpose = {{2, 0, 1}}", [(x,)], [(x.transpose(2, 0, 1),)])
    y, z = ramp((2, 1, 5), 2), ramp((2, 3, 2), 3)
    row("concat_1", "CONCAT", ".concat = {1}", [(x,), (y,)], [(np.concatenate([x, y], 1),)])
    row("concat_2", "CONCAT", ".concat = {2}", [(z,), (x,), (z,)], [(np.concatenate([z, x, z], 2),)])


def over_rows():
    x = ramp((2, 3, 7), 1)
    for op, f in (("SUM", np.sum), ("MEAN", np.mean), ("MAX", np.max), ("MIN", np.min)):
        row(f"reduce_{op.lower()}", "REDUCE", f".reduce = {{VIREO_REDUCE_{op}}}", [(x,)], [(f(x, -1),)])
    row("reduce_scalar", "REDUCE", ".reduce = {VIREO_REDUCE_SUM}", [(x[0, 0],)], [(x[0, 0].sum(),)])
    ties = np.round(x)
    row("reduce_argmax", "REDUCE", ".reduce = {VIREO_REDUCE_ARGMAX}", [(ties,)],
        [(ties.argmax(-1), "I32")])
    row("cumsum", "CUMSUM", ".cumsum = {false}", [(x,)], [(np.cumsum(x, -1),)])
    row("cumsum_exclusive", "CUMSUM", ".cumsum = {true}", [(x,)], [(np.cumsum(x, -1) - x,)])
    e = np.exp(x * 0.5)
    row("softmax", "SOFTMAX", ".softmax = {0.5f, false}", [(x,)], [(e / e.sum(-1, keepdims=True),)])
    row("log_softmax", "SOFTMAX", ".softmax = {0.5f, true}", [(x,)],
        [(x * 0.5 - np.log(e.sum(-1, keepdims=True)),)])
    words = np.array([[0b1010], [0x7f], [0]])
    e = np.exp(x[0]) * [[not (int(w[0]) >> i) & 1 for i in range(7)] for w in words]
    row("softmax_deny", "SOFTMAX", ".softmax = {1, false}", [(x[0],), (words, "I32")],
        [(e / np.maximum(e.sum(-1, keepdims=True), 1e-300),)])


for make in (matmuls, attentions, ropes, norms, lookups, bags, elements, top_ks, shapes, over_rows):
    make()
print("/* SPDX-License-Identifier: Apache-2.0\n * Written by reference_generate.py. */")
print("\n".join(arrays))
print("static const golden goldens[] = {")
print("\n".join(rows))
print("};")
