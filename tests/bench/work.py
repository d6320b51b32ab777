# SPDX-License-Identifier: Apache-2.0
"""The parts: each measures one kind of work on both sides, compares the answers, adds rows.

Limits are by driver, as Comparison.limit reads them; where there is none, a row has no bar.
"""
import math
import os
import shutil
import subprocess
import tempfile
import time

from comparison import HERE, Failed
from figures import spread

SENTENCE = "Science fiction film about a lonely robot who tends a garden on a dead planet"
RSS_FACTOR, RSS_MIB = 2.2, 150
COSINE = 0.99999
MOST_NMSE = 1e-9
MOST_SCORE = 1e-5  # of the largest score: sums of another order


# ---- The device ----------------------------------------------------------------------------------------


def roof(c, shape, limits):
    """What the device does at most, beside loops in C over as many bytes and OpenBLAS on the same cores."""
    m, k, n = shape

    def once():
        ours, peer = c.vireo_json("bench", "device"), c.peer("matmul", m, k, n)
        return (ours["f32_gflops"], peer["best"], peer["peer"],
                *(ours[f"{host}{way}_gb_per_s"] for way in ("copy", "read") for host in ("", "host_")))

    f32, blas, peers, copy, host_copy, read, host_read = c.rounds("the roof", once)
    for what, unit, ours, theirs, peer in (
            ("roof: f32 arithmetic", "GFLOPS", f32, blas, f"{peers[0]}, {m} x {k} x {n}"),
            ("roof: copy", "GB/s", copy, host_copy, "a loop in C"),
            ("roof: read", "GB/s", read, host_read, "a loop in C")):
        c.add(what, unit, ours, theirs, peer, most=c.limit(limits))


# ---- Products ---------------------------------------------------------------------------------------


def op_matmul(c, m, k, n, dtype="f32"):
    """A matmul of "vireo bench op", which compares the result with double precision before it times."""
    result = c.vireo_json("bench", "op", "matmul", "--shapes", f"{m}x{k}x{n}", "--dtype", dtype)["results"][0]
    if result["gflops"] <= 0: # the time is a difference of two
        raise Failed(f"matmul {m} x {k} x {n}, {dtype}: a time below 0, the machine is too busy")
    return result


def product_answers(c, what, ours, theirs):
    c.answers(what, f"NMSE against double precision {ours:.1e}, the other side {theirs:.1e}",
              max(ours, theirs) <= MOST_NMSE)


def check_kernels(what, timed, compared):
    """The program that is timed compares nothing: its kernels have to be the one whose result was compared."""
    others = sorted(set(timed) - {compared})
    if others:
        raise Failed(f"{what}: kernel {', '.join(others)} was timed, but the result of {compared} was compared")


def matmul(c, shapes, bars, peer="matmul", label=""):
    """f32 x · Wᵀ. The best product of a process against the best: OpenBLAS' threads wait for each other by
    spinning, so that one busy neighbour makes most of its products ten times slower."""
    for m, k, n in shapes:
        def once():
            arguments = [c.device["name"]] if peer == "ncnn_matmul" else []
            theirs = c.peer(peer, m, k, n, *arguments)
            ours = c.vireo_json("bench", "matmul", "--m", str(m), "--k", str(k), "--n", str(n))
            return (2e-6 * m * k * n / ours["ms"]["min"], theirs["best"],
                    ours["gflops"] / theirs["median"], ours["kernel"], theirs["peer"], theirs["nmse"])

        what = f"matmul f32 {m} x {k} x {n}{label}"
        ours, theirs, medians, kernels, peers, errors = c.rounds(what, once)
        compared = op_matmul(c, m, k, n)
        check_kernels(what, kernels, compared["kernel"])
        c.add(what, "GFLOPS", ours, theirs, peers[0], c.limit(bars), kernel=kernels[0],
              ratio_of_medians=spread(medians))
        product_answers(c, what, compared["nmse"], max(errors))


def gemv(c, k, n, f32_bars, bars):
    """A vector by W (N, K): f32 beside sgemv, other weights (bars: dtype to limits) beside our f32."""
    def once():
        ours = {dtype: op_matmul(c, 1, k, n, dtype) for dtype in ["f32", *bars]}
        return c.peer("matmul", 1, k, n), ours

    what = f"vector x {k} x {n}"
    theirs, ours = c.rounds(what, once)
    rates = {dtype: [o[dtype]["gflops"] for o in ours] for dtype in ours[0]}
    for dtype, figures in rates.items():
        row = f"{what}, {dtype}"
        kernel = ours[0][dtype]["kernel"]
        error = max(o[dtype]["nmse"] for o in ours)
        if dtype == "f32":
            c.add(row, "GFLOPS", figures, [t["median"] for t in theirs], theirs[0]["peer"],
                  c.limit(f32_bars), kernel=kernel)
            product_answers(c, row, error, max(t["nmse"] for t in theirs))
        else:
            c.add(row, "GFLOPS", figures, rates["f32"], "Vireo, f32", c.limit(bars[dtype]), kernel=kernel)
            c.answers(row, f"NMSE against double precision {error:.1e}", error <= MOST_NMSE)


# ---- Search -----------------------------------------------------------------------------------------


def compare_found(ours, theirs, rows, inner_products):
    """Of how many places the rows are the same; whether the scores are as high, place by place, and each is its
    own row's; their largest difference. inner_products((query, row), ...): of rows that the other side does
    not name."""
    same, right, largest, alone = 0, True, 0.0, []
    for query, (ids, scores, peer_ids, peer_scores) in enumerate(
            zip(ours["ids"], ours["scores"], theirs["ids"], theirs["scores"])):
        own, most = dict(zip(peer_ids, peer_scores)), MOST_SCORE * max(map(abs, peer_scores))
        apart = max((abs(a - b) for a, b in zip(scores, peer_scores)), default=math.inf)
        same += sum(a == b for a, b in zip(ids, peer_ids))
        largest = max(largest, apart)
        right = (right and apart <= most and len(set(ids)) == len(ids) == len(scores) == len(peer_ids)
                 and all(0 <= i < rows for i in ids)
                 and all(abs(score - own[i]) <= most for i, score in zip(ids, scores) if i in own)
                 # A row that the other side does not name is as good as the last one that it does, no better.
                 and all(score <= peer_scores[-1] + most for i, score in zip(ids, scores) if i not in own))
        alone += [(query, i, score, most) for i, score in zip(ids, scores) if i not in own]
    if right and alone:
        exact = inner_products([(query, i) for query, i, _, _ in alone])
        right = all(abs(score - x) <= most for (_, _, score, most), x in zip(alone, exact))
    return same, right, largest


def search(c, rows, dims, queries, k, bars):
    """The exact best k of a table, all queries at a time. bars: number of queries to limits."""
    for dim in dims:
        def once():
            theirs = c.peer("search", rows, dim, k, c.cores, *queries)
            ours = [c.vireo_json("bench", "search", "--rows", str(rows), "--dim", str(dim), "--k", str(k),
                                 "--queries", str(n)) for n in queries]
            return theirs, ours

        what = f"best {k} of {rows:,} x {dim}"
        try:
            theirs, ours = c.rounds(what, once)
        except Failed as e: # another width may still fit
            c.leave_out(what, str(e))
            continue
        for i, n in enumerate(queries):
            row = f"{what}, {n} {'query' if n == 1 else 'queries'}"
            c.add(row, "queries/s", [1e3 * n / o[i]["ms"]["median"] for o in ours],
                  [n / t["queries"][str(n)]["median"] for t in theirs], theirs[0]["peer"],
                  c.limit(bars[n]), kernels=ours[0][i]["kernels"])
            same, right, largest = compare_found(
                ours[0][i], theirs[0]["queries"][str(n)], rows,
                lambda pairs: c.peer("inner_products", rows, dim, *(f"{q}:{r}" for q, r in pairs))["products"])
            c.answers(row, f"{same} of {n * k} places have the same row, largest difference of a score "
                      f"{largest:.1e}", right)


# ---- MiniLM -----------------------------------------------------------------------------------------


def film_texts(c):
    """title (year). genres, a line each, of RecBole's item file."""
    path, texts = os.path.join(c.temporary, "films.txt"), []
    with open(c.o.items, encoding="utf-8") as f:
        names = [x.split(":")[0] for x in next(f).rstrip("\n").split("\t")]
        for line in f:
            row = dict(zip(names, line.rstrip("\n").split("\t")))
            year = f" ({row['release_year']})" if row["release_year"].isdigit() else ""
            texts.append(f"{row['movie_title']}{year}. {row['class']}")
    if c.o.texts:
        texts = texts[:c.o.texts]
    with open(path, "w", encoding="utf-8") as f:
        f.write("".join(t + "\n" for t in texts))
    return path, len(texts)


def model_for_peer(c):
    """The ONNX graph reads the weights from the file beside it."""
    folder = c.folder("onnx")
    shutil.copy(os.path.join(HERE, "minilm_f32.onnx"), folder)
    for name in ("model.safetensors", "tokenizer.json"):
        source, target = os.path.join(c.o.model, name), os.path.join(folder, name)
        if os.path.exists(target):
            continue
        try:
            os.link(source, target)
        except OSError:
            shutil.copy(source, target)
    return folder


def tune(c):
    """A cache folder with choices for the model; that of the other rows stays without."""
    cache = c.folder("tuned")
    found = c.vireo_json("tune", "--model", c.o.model, cache=cache)
    others = sum(x["pinned"] or x["kernel"] != x["usual"] for x in found["choices"])
    c.tuning = {"seconds": found["seconds"], "calls": len(found["choices"]), "others": others}
    c.note(f"tuned in {found['seconds']:.0f} s: {len(found['choices'])} calls, {others} run another kernel")
    return cache


def minilm(c, bars, tuned=False):
    """tuned: with the kernels that "vireo tune" has found here, its time not in any figure."""
    (texts, n), folder, cache = film_texts(c), model_for_peer(c), tune(c) if tuned else c.cache
    theirs_file, ours_file = (os.path.join(c.temporary, x) for x in ("peer.npy", "vireo.npy"))

    def once():
        peer = c.peer("minilm", folder, texts, theirs_file, c.cores)
        ours = c.vireo_json("bench", "model", "--model", c.o.model, "--input", texts, "--runs", "1",
                            "--throughput", cache=cache)
        return ours["texts_per_second"], peer["texts_per_second"], ours["tokens"], peer["peer"]

    what = f"MiniLM, {n:,} film texts{', tuned' if tuned else ''}"
    ours, theirs, tokens, peers = c.rounds(what, once)
    c.vireo("embed", "--model", c.o.model, "--input", texts, "--format", "npy", "--output", ours_file,
            cache=cache)
    c.add(what, "texts/s", ours, theirs, peers[0], c.limit(bars), tokens=tokens[0])
    a = c.peer("cosine", ours_file, theirs_file)
    c.answers(what, f"{a['texts']} texts, {tokens[0]} tokens; least cosine {a['least_cosine']:.7f}, "
              f"largest difference {a['largest_difference']:.1e}", a["least_cosine"] >= COSINE)


# ---- From the start to the first embedding ----------------------------------------------------------


def embed_once(c, environment, cache):
    """Seconds from start to end, peak resident MiB, and what --log info says of the parts."""
    with tempfile.TemporaryFile("w+", dir=c.temporary) as log:
        start = time.perf_counter()
        child = subprocess.Popen(c.command("--log", "info", "embed", "--model", c.o.model, SENTENCE,
                                           cache=cache),
                                 env=environment, stdout=subprocess.DEVNULL, stderr=log)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        lines = log.read().strip().split("\n")
    if child.returncode:
        raise Failed(f"vireo embed: exit status {child.returncode}: {lines[-1]}")
    parts = next((x for x in lines if "glslang" in x), "")
    return seconds, usage.ru_maxrss / 1024, parts.split("info: ", 1)[-1]


def embed_cold(c):
    """The same with every cache empty, the driver's too."""
    with tempfile.TemporaryDirectory(dir=c.temporary) as empty:
        environment = dict(c.environment, XDG_CACHE_HOME=empty,
                           MESA_SHADER_CACHE_DIR=os.path.join(empty, "mesa"))
        return embed_once(c, environment, os.path.join(empty, "vireo"))


def embed(c, warm_limits, cold_limits, peer=False):
    """warm_limits: seconds, or with a peer how often its time."""
    folder = model_for_peer(c) if peer else None

    def first():
        start = time.perf_counter()
        return {**c.peer("first", folder, SENTENCE, c.cores), "seconds": time.perf_counter() - start}

    def once():
        warm, warm_mib, warm_parts = embed_once(c, c.environment, c.cache)
        theirs = first() if peer else None
        cold, cold_mib, cold_parts = embed_cold(c)
        return warm, cold, max(warm_mib, cold_mib), warm_parts, cold_parts, theirs

    embed_once(c, c.environment, c.cache)
    warm, cold, memory, warm_parts, cold_parts, theirs = c.rounds("vireo embed", once)
    weights = os.path.getsize(os.path.join(c.o.model, "model.safetensors")) / 2**20
    what = "embed, one sentence, caches warm"
    if peer:
        c.add(what, "s", warm, [t["seconds"] for t in theirs], theirs[0]["peer"],
              most=c.limit(warm_limits), parts=warm_parts[-1])
        ours = c.parsed("vireo embed", c.vireo("embed", "--model", c.o.model, SENTENCE))["embedding"]
        # Of unit length, both.
        cosine = math.fsum(a * b for a, b in zip(ours, theirs[0]["vector"]))
        c.answers(what, f"cosine {cosine:.7f}", cosine >= COSINE)
    else:
        c.add_limit(what, "s", warm, c.limit(warm_limits), parts=warm_parts[-1])
    c.add_limit("embed, one sentence, caches empty", "s", cold, c.limit(cold_limits),
                parts=cold_parts[-1])
    software = c.limit({"lavapipe": True, "swiftshader": True})
    c.add_limit("embed, peak resident memory", "MiB", memory,
                RSS_FACTOR * weights + RSS_MIB if software else None, weights_mib=weights)
