# SPDX-License-Identifier: Apache-2.0
"""Oracle for small random BERT encoders: a forward pass in float64, written from Devlin et al. 2019, Vaswani et al.
2017 and Hendrycks and Gimpel 2016. The weights come from splitmix64 (seed 20240229) tensor after tensor, so that the
test makes the same ones from the list of tensors; they are float32 before anything is computed.

python3 bert_generate.py > bert.json     needs numpy; the test allows 1e-5
"""
import json, math, sys
import numpy as np

MASK = (1 << 64) - 1


class Random:
    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ z >> 30) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ z >> 27) * 0x94D049BB133111EB) & MASK
        return z ^ z >> 31

    def tensor(self, shape, scale, shift):
        n = math.prod(shape)
        unit = np.array([(self.next() >> 40) / 8388608 - 1 for _ in range(n)], dtype=np.float32)
        return (unit * np.float32(scale) + np.float32(shift)).reshape(shape)


def tensors(c):
    """name, shape, scale (a power of two, so that products are exact), shift"""
    h, f = c["hidden_size"], c["intermediate_size"]
    rows = [("embeddings.word_embeddings.weight", [c["vocab_size"], h], 1, 0),
            ("embeddings.position_embeddings.weight", [c["max_position_embeddings"], h], 0.5, 0),
            ("embeddings.token_type_embeddings.weight", [c["type_vocab_size"], h], 0.5, 0)]
    norms, dense = ["embeddings.LayerNorm"], []
    for i in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{i}."
        dense += [(p + "attention.self." + x, h, h) for x in ("query", "key", "value")]
        dense += [(p + "attention.output.dense", h, h), (p + "intermediate.dense", f, h), (p + "output.dense", h, f)]
        norms += [p + "attention.output.LayerNorm", p + "output.LayerNorm"]
    for name, n_out, n_in in dense:
        rows += [(name + ".weight", [n_out, n_in], 0.5, 0), (name + ".bias", [n_out], 0.25, 0)]
    for name in norms:
        rows += [(name + ".weight", [h], 0.25, 1), (name + ".bias", [h], 0.25, 0)]
    return rows


ACTIVATIONS = {
    "gelu": lambda x: 0.5 * x * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "gelu_new": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3))),
    "relu": lambda x: np.maximum(x, 0),
    "silu": lambda x: x / (1 + np.exp(-x)),
}


def forward(c, w, ids):
    def dense(name, x):
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    def norm(name, x):
        mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + c["layer_norm_eps"]) * w[name + ".weight"] + w[name + ".bias"]

    n, h, heads = len(ids), c["hidden_size"], c["num_attention_heads"]
    x = (w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:n]
         + w["embeddings.token_type_embeddings.weight"][0])
    x = norm("embeddings.LayerNorm", x)
    for i in range(c["num_hidden_layers"]):
        p = f"encoder.layer.{i}."
        q, k, v = (dense(p + "attention.self." + name, x).reshape(n, heads, h // heads).transpose(1, 0, 2)
                   for name in ("query", "key", "value"))
        scores = q @ k.transpose(0, 2, 1) / math.sqrt(h // heads)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        a = (scores / scores.sum(-1, keepdims=True)) @ v
        a = a.transpose(1, 0, 2).reshape(n, h)
        x = norm(p + "attention.output.LayerNorm", x + dense(p + "attention.output.dense", a))
        m = ACTIVATIONS[c["hidden_act"]](dense(p + "intermediate.dense", x))
        x = norm(p + "output.LayerNorm", x + dense(p + "output.dense", m))
    return x


def encoder(seed, act, hidden, heads, intermediate, layers, vocab, positions, types):
    c = {"model_type": "bert", "hidden_size": hidden, "num_attention_heads": heads, "intermediate_size": intermediate,
         "num_hidden_layers": layers, "vocab_size": vocab, "max_position_embeddings": positions,
         "type_vocab_size": types, "hidden_act": act, "layer_norm_eps": 1e-12}
    random = Random(seed)
    rows = tensors(c)
    w = {name: random.tensor(shape, scale, shift).astype(np.float64) for name, shape, scale, shift in rows}
    texts = [[random.next() % vocab for _ in range(n)] for n in (1, 2, 7, positions)]
    hidden_states = [forward(c, w, ids) for ids in texts]
    pooled = {"mean": [x.mean(0) for x in hidden_states], "cls": [x[0] for x in hidden_states],
              "max": [x.max(0) for x in hidden_states]}
    return {"config": c, "seed": seed, "texts": texts,
            "tensors": [{"name": n, "shape": s, "scale": a, "shift": b} for n, s, a, b in rows],
            "pooled": {k: [[round(float(x), 9) for x in v] for v in rows] for k, rows in pooled.items()}}


json.dump({"numpy": np.__version__, "tolerance": 1e-5, "encoders": [
    encoder(20240229, "gelu", 20, 2, 36, 2, 40, 16, 2),
    encoder(20240230, "gelu_new", 24, 3, 50, 1, 33, 11, 1),
    encoder(20240231, "relu", 18, 1, 31, 1, 30, 9, 2),
    encoder(20240301, "silu", 32, 8, 32, 3, 40, 20, 2),
]}, sys.stdout)
print()
