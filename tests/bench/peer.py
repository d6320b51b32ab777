# SPDX-License-Identifier: Apache-2.0
"""The other side: python3 peer.py NAME ARGUMENT..., by the Python that has the packages. Prints JSON.

A process imports what its own part needs and nothing else.
"""
import json
import os
import sys
import tempfile
import time

from figures import median


def timed(once, least, seconds):
    """Seconds of each call, at least so many and for so long, and what the last one gave; a call before
    them is not counted."""
    once()
    times, begin = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        result = once()
        times.append(time.perf_counter() - start)
    return times, result


def nmse(got, want):
    """Σ (x - r)² / Σ r²"""
    return float(((got - want) ** 2).sum() / (want ** 2).sum())


# ---- Products ---------------------------------------------------------------------------------------


def operands(m, k, n):
    """x (M, K) and W (N, K), and x · Wᵀ in double precision."""
    import numpy as np
    random = np.random.default_rng(0)
    x = random.standard_normal((m, k), dtype=np.float32)
    w = random.standard_normal((n, k), dtype=np.float32)
    return x, w, x.astype(np.float64) @ w.T.astype(np.float64)


def rates(times, m, k, n):
    """GFLOPS of the best and of the median product."""
    work = 2e-9 * m * k * n
    return {"best": work / min(times), "median": work / median(times)}


def matmul(m, k, n):
    """x · Wᵀ as Vireo's bench has it; with one row of x W · x, which NumPy leaves to sgemv."""
    import numpy as np
    m, k, n = int(m), int(k), int(n)
    x, w, exact = operands(m, k, n)
    times, product = timed((lambda: w @ x[0]) if m == 1 else (lambda: x @ w.T), 5, 0.5)
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return {**rates(times, m, k, n), "nmse": nmse(product.reshape(m, n), exact),
            "peer": f"{blas['name']} {blas['version']} (NumPy {np.__version__})"}


def ncnn_net(ncnn, device, layer, weights, folder):
    """One layer with constant weights, on that Vulkan device, all in f32 as the other side."""
    net = ncnn.Net()
    net.opt.use_vulkan_compute = True
    for name in dir(net.opt):
        if name.startswith(("use_fp16", "use_bf16", "use_int8")):
            setattr(net.opt, name, False)
    net.set_vulkan_device(device)
    parameters, binary = os.path.join(folder, "net.param"), os.path.join(folder, "net.bin")
    with open(parameters, "w", encoding="ascii") as f:
        f.write(f"7767517\n2 2\nInput in 0 1 x\n{layer}\n")
    with open(binary, "wb") as f:
        f.write(b"\0\0\0\0" + weights.tobytes())  # 0: raw f32
    if net.load_param(parameters) or net.load_model(binary):
        sys.exit("ncnn: the net cannot be loaded")
    if not all(x.support_vulkan for x in net.layers()):
        sys.exit("ncnn: a layer has no Vulkan kernel")
    return net


def ncnn_matmul(m, k, n, device_name):
    """The better of ncnn's two layers that do this. Copies to the device and back are in the time: they
    are a hundredth of it."""
    import ncnn
    import numpy as np
    m, k, n = int(m), int(k), int(n)
    names = [ncnn.get_gpu_info(i).device_name() for i in range(ncnn.get_gpu_count())]
    if device_name not in names:
        sys.exit(f"ncnn sees no device \"{device_name}\", but {', '.join(names) or 'none'}")
    x, w, exact = operands(m, k, n)
    layers = {"InnerProduct": f"InnerProduct p 1 1 x y 0={n} 1=0 2={n * k}",
              "Gemm": f"Gemm p 1 1 x y 2=0 3=1 4=0 5=1 6=1 7=0 8={n} 9={k} 10=-1"}
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name, layer in layers.items():
            net = ncnn_net(ncnn, names.index(device_name), layer, w, folder)

            def once():
                run = net.create_extractor()
                run.input("x", ncnn.Mat(x))
                return np.array(run.extract("y")[1])

            times, product = timed(once, 3, 0.5)
            found.append({**rates(times, m, k, n), "nmse": nmse(product, exact),
                          "peer": f"ncnn {ncnn.__version__}, Vulkan, {name}"})
    return max(found, key=lambda f: f["best"])


# ---- Search -----------------------------------------------------------------------------------------


def elements(first, n):
    """Those of an f32 table of "vireo bench search" (docs/CLI.md)."""
    import numpy as np
    u = np.uint32
    i = np.arange(first, first + n, dtype=u)
    i = (i ^ u(61)) ^ (i >> u(16))
    i *= u(9)
    i ^= i >> u(4)
    i *= u(0x27d4eb2d)
    i ^= i >> u(15)
    return (i >> u(8)).astype(np.float32) / np.float32(1 << 24) - np.float32(0.5)


def search(rows, dim, k, threads, *queries):
    """FAISS' flat index by inner product; for each number of queries times and answers."""
    import faiss
    rows, dim, k = int(rows), int(dim), int(k)
    faiss.omp_set_num_threads(int(threads))
    index, part = faiss.IndexFlatIP(dim), 1 << 16
    for first in range(0, rows, part):
        n = min(part, rows - first)
        index.add(elements(first * dim, n * dim).reshape(n, dim))
    out = {}
    for n in queries:
        q = elements(rows * dim, int(n) * dim).reshape(int(n), dim)
        times, (scores, ids) = timed(lambda: index.search(q, k), 5, 1.0)
        out[n] = {"best": min(times), "median": median(times), "ids": ids.tolist(),
                  "scores": scores.tolist()}
    return {"queries": out, "peer": f"FAISS {faiss.__version__}, IndexFlatIP"}


def inner_products(rows, dim, *pairs):
    """Of a query and a row, QUERY:ROW each, in double precision."""
    import numpy as np
    rows, dim, products = int(rows), int(dim), []
    for query, row in (map(int, pair.split(":")) for pair in pairs):
        a, b = (elements(i * dim, dim).astype(np.float64) for i in (rows + query, row))
        products.append(float(a @ b))
    return {"products": products}


# ---- MiniLM -----------------------------------------------------------------------------------------


def open_encoder(folder, threads):
    import onnxruntime
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.no_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = int(threads), 1
    session = onnxruntime.InferenceSession(os.path.join(folder, "minilm_f32.onnx"), options,
                                           providers=["CPUExecutionProvider"])
    return session, tokenizer, f"onnxruntime {onnxruntime.__version__}, CPU provider"


def sentence_vectors(session, tokenizer, texts, batch=32):
    """Tokenised, sorted by length, padded in batches: mean over the true tokens, unit length."""
    import numpy as np
    encoded = tokenizer.encode_batch(texts)
    order = sorted(range(len(texts)), key=lambda i: -len(encoded[i].ids))
    out = np.zeros((len(texts), 384), np.float32)
    for first in range(0, len(order), batch):
        part = order[first:first + batch]
        longest = max(len(encoded[i].ids) for i in part)
        ids = np.zeros((len(part), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, i in enumerate(part):
            ids[row, :len(encoded[i].ids)] = encoded[i].ids
            mask[row, :len(encoded[i].ids)] = 1
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, {i.name: feed[i.name] for i in session.get_inputs()})[0]
        weights = mask[:, :, None].astype(np.float32)
        mean = hidden if hidden.ndim == 2 else (hidden * weights).sum(1) / weights.sum(1)
        out[part] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return out


def minilm(folder, texts_file, output, threads):
    """One pass over the texts that is not counted, then three."""
    import numpy as np
    with open(texts_file, encoding="utf-8") as f:
        texts = f.read().split("\n")[:-1]
    session, tokenizer, name = open_encoder(folder, threads)
    times, vectors = timed(lambda: sentence_vectors(session, tokenizer, texts), 3, 0)
    np.save(output, vectors)
    return {"texts_per_second": len(texts) / median(times), "peer": name}


def first(folder, sentence, threads):
    """One sentence: what is timed is the whole process."""
    session, tokenizer, name = open_encoder(folder, threads)
    return {"vector": sentence_vectors(session, tokenizer, [sentence])[0].tolist(), "peer": name}


def cosine(a, b):
    import numpy as np
    x, y = np.load(a), np.load(b)
    cosines = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    return {"texts": len(cosines), "least_cosine": float(cosines.min()),
            "largest_difference": float(abs(x - y).max())}


if __name__ == "__main__":
    print(json.dumps({f.__name__: f for f in (matmul, ncnn_matmul, search, inner_products, minilm, first, cosine)}[
        sys.argv[1]](*sys.argv[2:])))
