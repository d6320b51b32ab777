#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vireo on a GPU beside its vendor's BLAS, by way of PyTorch (CUDA or ROCm), which must be installed:
matrix products, matrix x vector beside the device's copy and, with --model and --texts, a text encoder.

    python3 tests/bench/vendor.py [--vireo PROGRAM] [--device D] [--model FOLDER --texts FILE] [--json]

Vireo's figures are those of "vireo bench op", which compares results before it times them, and of "vireo bench
model". The other side's are medians of twelve replays of a recorded graph of equal products, timed by the device's
events; of the encoder, medians of three passes, tokenisation included, in batches sorted by length."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PRODUCTS = ["4096x4096x4096", "512x4096x4096", "512x384x1536", "32x384x1536"]
VECTORS = ["1x2048x2048", "1x8192x8192"]
DTYPES = {"f32": "float32", "f16": "float16"}  # which the other side has, too


def vireo(o, *arguments):
    command = [o.vireo, "bench", *arguments, "--json"] + (["--device", o.device] if o.device else [])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"vendor.py: {' '.join(command)}: {done.stderr.strip() or done.returncode}")
    return json.loads(done.stdout)


def ours(o, shape, dtype):
    return vireo(o, "op", "matmul", "--shapes", shape, "--dtype", dtype)["results"][0]


def theirs(torch, shape, dtype):
    """Milliseconds of x (m, k) times weights (n, k), transposed."""
    m, k, n = map(int, shape.split("x"))
    x, w = (torch.randn(rows, k, device="cuda", dtype=getattr(torch, DTYPES[dtype])) for rows in (m, n))
    repeats = max(1, min(200, int(2e11 / (2 * m * k * n))))
    for _ in range(5):
        torch.nn.functional.linear(x, w)
    graph, times = torch.cuda.CUDAGraph(), []
    with torch.cuda.graph(graph):
        for _ in range(repeats):
            torch.nn.functional.linear(x, w)
    for _ in range(12):
        begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        begin.record()
        graph.replay()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) / repeats)
    return statistics.median(times)


def products(o, torch):
    rows = []
    for shape in PRODUCTS + VECTORS:
        for dtype in ["f32", "f16"] + (["q8_0", "q4_0"] if shape in VECTORS else []):
            r = ours(o, shape, dtype)
            row = {"shape": shape, "dtype": dtype, "kernel": r["kernel"], "ms": r["ms"]["median"],
                   "gflops": r["gflops"], "gb_per_s": r["gb_per_s"], "noisy": r["ms"]["noisy"]}
            if dtype in DTYPES:
                row["other_ms"] = theirs(torch, shape, dtype)
                row["ratio"] = row["other_ms"] / row["ms"]
            rows.append(row)
    return rows


def encoder(o, torch):
    from transformers import AutoModel, AutoTokenizer
    with open(o.texts, encoding="utf-8") as f:
        texts = f.read().splitlines()
    r = vireo(o, "model", "--model", o.model, "--input", o.texts, "--throughput")
    result = {"texts": len(texts), "texts_per_second": r["texts_per_second"], "other": {}}
    tokenizer, model = AutoTokenizer.from_pretrained(o.model), AutoModel.from_pretrained(o.model)
    model = model.float().cuda().eval()
    texts.sort(key=len)
    for size in (32, 256, len(texts)):
        times = []
        for _ in range(4):
            begin = time.perf_counter()
            with torch.inference_mode():
                for i in range(0, len(texts), size):
                    batch = tokenizer(texts[i:i + size], padding=True, truncation=True, max_length=256,
                                      return_tensors="pt").to("cuda")
                    mask = batch["attention_mask"].unsqueeze(-1).float()
                    sums = (model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
                    torch.nn.functional.normalize(sums, dim=1).cpu()
            times.append(time.perf_counter() - begin)
        result["other"][size] = len(texts) / statistics.median(times[1:])  # the first one warms up
    return result


def table(result):
    lines = [f"{result['device']}, PyTorch {result['torch']} on {result['other_device']}; the device's copy "
             f"{result['copy_gb_per_s']:.4g} GB/s", "",
             "| M × K × N | weights | kernel | ms | TFLOPS | GB/s | of copy | the other, ms | ratio |",
             "|---|---|---|---|---|---|---|---|---|"]
    for r in result["products"]:
        other = f"{r['other_ms']:.4g} | {r['ratio']:.3g}" if "ratio" in r else "- | -"
        lines.append(f"| {r['shape'].replace('x', ' × ')} | {r['dtype']} | `{r['kernel']}` | {r['ms']:.4g}"
                     f"{' noisy' if r['noisy'] else ''} | {r['gflops'] / 1e3:.3g} | {r['gb_per_s']:.4g} | "
                     f"{r['gb_per_s'] / result['copy_gb_per_s']:.2g} | {other} |")
    e = result.get("encoder")
    if e:
        others = ", ".join(f"{rate:.0f} (batches of {size})" for size, rate in e["other"].items())
        lines += ["", f"{e['texts']} texts: {e['texts_per_second']:.0f} texts/s; the other {others}"]
    return "\n".join(lines)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--vireo", default=os.path.join(ROOT, "build", "release", "vireo"))
    p.add_argument("--device", help="Vireo's: an index, a part of its name or a UUID")
    p.add_argument("--model", help="a text encoder's folder")
    p.add_argument("--texts", help="one a line")
    p.add_argument("--json", action="store_true")
    o = p.parse_args()
    if bool(o.model) != bool(o.texts):
        p.error("--model and --texts need each other")
    try:
        import torch
    except ImportError:
        sys.exit("vendor.py: PyTorch is not installed; it brings the vendor's BLAS: pip install torch")
    if not torch.cuda.is_available():
        sys.exit("vendor.py: PyTorch sees no GPU; without one see tests/bench/peers.sh")
    torch.backends.cuda.matmul.allow_tf32 = False  # f32 is f32
    roof = vireo(o, "device")
    result = {"device": roof["device"], "torch": torch.__version__, "other_device": torch.cuda.get_device_name(),
              "copy_gb_per_s": roof["copy_gb_per_s"], "products": products(o, torch)}
    if o.model:
        result["encoder"] = encoder(o, torch)
    print(json.dumps(result) if o.json else table(result))


if __name__ == "__main__":
    main()
