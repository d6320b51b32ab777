# SPDX-License-Identifier: Apache-2.0
"""tiny_model.py FOLDER [POSITIONS]: writes a BERT encoder small enough for any test (2 layers, width 32,
random weights from a fixed seed), with what the standard library has."""
import json
import os
import random
import struct
import sys

HIDDEN, INNER, LAYERS, HEADS = 32, 64, 2, 4
POSITIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 24
WORDS = ("the of in and film sea city love war night house man woman space robot dog cat story "
         "dark light king queen river star ship train road home time year day").split()
VOCABULARY = (["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"] + WORDS +
              list("abcdefghijklmnopqrstuvwxyz0123456789().,") +
              ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"])


def shapes():
    yield "embeddings.word_embeddings.weight", (len(VOCABULARY), HIDDEN)
    yield "embeddings.position_embeddings.weight", (POSITIONS, HIDDEN)
    yield "embeddings.token_type_embeddings.weight", (2, HIDDEN)
    yield "embeddings.LayerNorm.weight", (HIDDEN,)
    yield "embeddings.LayerNorm.bias", (HIDDEN,)
    for i in range(LAYERS):
        layer = f"encoder.layer.{i}."
        for part, rows, columns in (("attention.self.query", HIDDEN, HIDDEN),
                                    ("attention.self.key", HIDDEN, HIDDEN),
                                    ("attention.self.value", HIDDEN, HIDDEN),
                                    ("attention.output.dense", HIDDEN, HIDDEN),
                                    ("intermediate.dense", INNER, HIDDEN),
                                    ("output.dense", HIDDEN, INNER)):
            yield layer + part + ".weight", (rows, columns)
            yield layer + part + ".bias", (rows,)
        for part in ("attention.output.LayerNorm", "output.LayerNorm"):
            yield layer + part + ".weight", (HIDDEN,)
            yield layer + part + ".bias", (HIDDEN,)


def write_weights(path):
    rng = random.Random(1)
    header, data = {}, b""
    for name, shape in shapes():
        count = shape[0] * (shape[1] if len(shape) > 1 else 1)
        mean = 1.0 if name.endswith("LayerNorm.weight") else 0.0
        values = [mean + rng.uniform(-0.25, 0.25) for _ in range(count)]
        block = struct.pack(f"<{count}f", *values)
        header[name] = {"dtype": "F32", "shape": list(shape),
                        "data_offsets": [len(data), len(data) + len(block)]}
        data += block
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def main():
    folder = sys.argv[1]
    os.makedirs(folder, exist_ok=True)
    write_weights(os.path.join(folder, "model.safetensors"))
    config = {"model_type": "bert", "hidden_size": HIDDEN, "intermediate_size": INNER,
              "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "hidden_act": "gelu",
              "vocab_size": len(VOCABULARY), "max_position_embeddings": POSITIONS,
              "type_vocab_size": 2, "layer_norm_eps": 1e-12}
    with open(os.path.join(folder, "config.json"), "w", encoding="utf-8") as f:
        json.dump(config, f)
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as f:
        f.write("".join(token + "\n" for token in VOCABULARY))


main()
