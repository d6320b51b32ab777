#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Vireo beside OpenBLAS and onnxruntime, in one run, in turns: see README.md beside this file.

python3 tests/bench/compare.py --setup        once: Python packages into the cache folder
python3 tests/bench/compare.py [--json] [--check] [--rounds N] [--only matmul,minilm,embed] ...

This process itself stays small and imports no package: the peak memory that the system reports of a
child includes what its parent had when it was started.
"""
import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vireo")
VENV = os.path.join(CACHE, "bench-venv")
PACKAGES = ["numpy==2.4.6", "onnxruntime==1.32.0", "tokenizers==0.23.3"]
MATMULS = [(512, 512, 512), (128, 384, 1536)]  # M, K, N
SENTENCE = "Science fiction film about a lonely robot who tends a garden on a dead planet"
MATMUL_BARS = {"lavapipe": 0.15, "swiftshader": 0.03}
MINILM_BARS = {"lavapipe": 0.10}
WARM_SECONDS, COLD_SECONDS = 1.5, 8.0
RSS_FACTOR, RSS_MIB = 2.2, 150
COSINE = 0.99999
MOST_OTHERS = 0.05  # of the cores' time


def fail(text):
    sys.exit(f"compare.py: {text}")


# ---- Peers: this file, run again by the Python that has the packages --------------------------------


def peer_matmul(m, k, n):
    """x · Wᵀ with W (N, K), as Vireo's bench; at least 0.5 s and 5 products, the first not counted."""
    import numpy as np
    random = np.random.default_rng(0)
    x = random.standard_normal((m, k), dtype=np.float32)
    w = random.standard_normal((n, k), dtype=np.float32)
    x @ w.T
    times, begin = [], time.perf_counter()
    while len(times) < 5 or time.perf_counter() - begin < 0.5:
        start = time.perf_counter()
        x @ w.T
        times.append(time.perf_counter() - start)
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    work = 2e-9 * m * k * n
    return {"best": work / min(times), "median": work / median(times),
            "peer": f"{blas['name']} {blas['version']} (NumPy {np.__version__})"}


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


def peer_minilm(folder, texts_file, output, threads):
    """One pass over the texts that is not counted, then three."""
    import numpy as np
    import onnxruntime
    from tokenizers import Tokenizer
    with open(texts_file, encoding="utf-8") as f:
        texts = f.read().split("\n")[:-1]
    tokenizer = Tokenizer.from_file(os.path.join(folder, "tokenizer.json"))
    tokenizer.enable_truncation(256)
    tokenizer.no_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = onnxruntime.InferenceSession(os.path.join(folder, "minilm_f32.onnx"), options,
                                           providers=["CPUExecutionProvider"])
    vectors = sentence_vectors(session, tokenizer, texts)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        vectors = sentence_vectors(session, tokenizer, texts)
        times.append(time.perf_counter() - start)
    np.save(output, vectors)
    return {"texts_per_second": len(texts) / median(times),
            "peer": f"onnxruntime {onnxruntime.__version__}, CPU provider"}


def peer_cosine(a, b):
    import numpy as np
    x, y = np.load(a), np.load(b)
    cosine = (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)
    return {"texts": len(cosine), "least_cosine": float(cosine.min()),
            "largest_difference": float(abs(x - y).max())}


def run_peer(name, args):
    if name == "matmul":
        return peer_matmul(*map(int, args))
    if name == "minilm":
        return peer_minilm(args[0], args[1], args[2], int(args[3]))
    return peer_cosine(*args)


# ---- Figures ----------------------------------------------------------------------------------------


def median(values):
    v = sorted(values)
    return v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2


def spread(values):
    return {"median": median(values), "min": min(values), "max": max(values)}


def number(x):
    return f"{x:.2f}" if abs(x) < 10 else f"{x:.1f}" if abs(x) < 100 else f"{x:.0f}"


def load_average():
    return round(os.getloadavg()[0], 2)


class Idleness:
    """What others took of these cores since it was made: figures of a busy machine mean nothing."""

    def __init__(self, cores):
        self.names = {f"cpu{c}" for c in cores}
        self.start = self.read()

    def read(self):
        """Time; seconds in which the cores were not idle (the host's steal included); ours and our
        children's seconds."""
        busy = 0
        try:
            with open("/proc/stat", encoding="ascii") as f:
                for name, *ticks in (line.split() for line in f):
                    if name in self.names:
                        user, nice, kernel, _, _, irq, soft, steal = map(int, ticks[:8])
                        busy += user + nice + kernel + irq + soft + steal
        except OSError:
            return None
        t = os.times()
        ours = t.user + t.system + t.children_user + t.children_system
        return time.perf_counter(), busy / os.sysconf("SC_CLK_TCK"), ours

    def share(self):
        if not self.start or not self.names:
            return None
        seconds, busy, ours = (b - a for a, b in zip(self.start, self.read()))
        return max(0.0, (busy - ours) / (seconds * len(self.names)))


def processor():
    """Name and the widest vector instructions, for a name alone may say little ("AMD EPYC")."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as f:
            lines = f.read().split("\n")
    except OSError:
        return platform.processor() or platform.machine()
    pick = lambda key: next((x.split(":", 1)[1].strip() for x in lines if x.startswith(key)), "")
    flags = pick("flags").split()
    vectors = next((x for x in ("avx512f", "avx2", "avx", "sse4_2") if x in flags), "")
    return " ".join(x for x in (pick("model name") or platform.machine(), vectors) if x)


def system():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


# ---- The run ----------------------------------------------------------------------------------------


class Comparison:
    def __init__(self, options, temporary):
        self.o, self.temporary, self.core_list = options, temporary, []
        self.patience, self.others, self.repeated = options.patience, None, 0
        self.cores = self.limit_cores()
        self.environment = dict(os.environ)
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "LP_NUM_THREADS"):
            self.environment[name] = str(self.cores)
        # The driver's own disk cache stands in a folder of ours: warm runs find what this run made.
        self.environment["MESA_SHADER_CACHE_DIR"] = self.folder("mesa")
        self.environment["XDG_CACHE_HOME"] = self.folder("home")
        self.cache = self.folder("vireo")
        self.device = self.find_device()
        self.kind = self.kind_of_driver()
        self.rows, self.faults = [], []

    def folder(self, name):
        path = os.path.join(self.temporary, name)
        os.makedirs(path, exist_ok=True)
        return path

    def limit_cores(self):
        """Both sides on the same cores, however many the machine has."""
        if not hasattr(os, "sched_setaffinity"):
            return self.o.threads
        cores = sorted(os.sched_getaffinity(0))[:self.o.threads]
        os.sched_setaffinity(0, cores)
        self.core_list = cores
        return len(cores)

    def note(self, text):
        print(text, file=sys.stderr, flush=True)

    def command(self, *arguments, cache=None):
        # The device only here: no default of the program decides what is measured.
        base = [self.o.vireo, "--cache-dir", cache or self.cache]
        return base + (["--device", self.o.device] if self.o.device else []) + list(arguments)

    def vireo(self, *arguments):
        done = subprocess.run(self.command(*arguments), env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            fail(f"vireo {' '.join(arguments)}: exit status {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def peer(self, *arguments):
        done = subprocess.run([self.o.python, os.path.abspath(__file__), "--peer", *arguments],
                              env=self.environment, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode:
            fail(f"{arguments[0]}: {done.stderr.strip() or done.returncode}")
        return json.loads(done.stdout)

    def find_device(self):
        done = subprocess.run([self.o.vireo, "devices", "--json"], env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            fail(f"no Vulkan device: {done.stderr.strip()}")
        devices = [d for d in json.loads(done.stdout)["devices"] if d["usable"]]
        name = json.loads(self.vireo("bench", "matmul", "--m", "8", "--n", "8", "--k", "8",
                                     "--json"))["device"]
        return next(d for d in devices if d["name"] == name)

    def kind_of_driver(self):
        text = f"{self.device['name']} {self.device['driver']}".lower()
        return ("lavapipe" if "llvmpipe" in text else
                "swiftshader" if "swiftshader" in text else "other")

    def rounds(self, what, once):
        """once() for every round, the results turned into a tuple of columns. A round in which others
        took much of the cores is done again, as long as there is patience."""
        results = []
        for r in range(self.o.rounds):
            self.note(f"{what}: round {r + 1} of {self.o.rounds}")
            while True:
                watch, start = Idleness(self.core_list), time.perf_counter()
                result = once()
                others = watch.share()
                if others is None or others <= MOST_OTHERS or self.patience <= 0:
                    break
                self.note(f"  others took {100 * others:.0f} % of the cores: again")
                self.patience -= time.perf_counter() - start
                self.repeated += 1
                self.wait_for_quiet()
            results.append(result)
            if others is not None:
                self.others = max(self.others or 0, others)
        return list(zip(*results))

    def wait_for_quiet(self):
        while self.patience > 0:
            watch = Idleness(self.core_list)
            time.sleep(3)
            self.patience -= 3
            if watch.share() <= MOST_OTHERS:
                return

    def add(self, what, unit, ours, theirs, peer, bar, **more):
        """ours and theirs: a figure a round; higher is better. The ratio is taken round by round."""
        ratios = [a / b for a, b in zip(ours, theirs)]
        row = {"what": what, "unit": unit, "vireo": spread(ours), "peer": peer,
               "peer_figure": spread(theirs), "ratio": spread(ratios), "bar": bar, **more}
        self.judge(row, bar is None or row["ratio"]["median"] >= bar)

    def add_limit(self, what, unit, values, limit, **more):
        row = {"what": what, "unit": unit, "vireo": spread(values), "limit": limit, **more}
        self.judge(row, limit is None or row["vireo"]["median"] <= limit)

    def judge(self, row, ok):
        row["ok"] = ok
        self.rows.append(row)
        if not ok:
            self.faults.append(row["what"])

    # ---- matmul

    def matmul(self):
        """The best product of a process against the best: OpenBLAS' threads wait for each other by
        spinning, so that one busy neighbour makes most of its products ten times slower."""
        for m, k, n in MATMULS:
            def once():
                peer = self.peer("matmul", str(m), str(k), str(n))
                ours = json.loads(self.vireo("bench", "matmul", "--m", str(m), "--k", str(k),
                                             "--n", str(n), "--json"))
                return (2e-6 * m * k * n / ours["ms"]["min"], peer["best"],
                        ours["gflops"] / peer["median"], ours["kernel"], peer["peer"])

            ours, theirs, medians, kernels, peers = self.rounds(f"matmul {m} x {k} x {n}", once)
            self.add(f"matmul f32 {m} x {k} x {n}", "GFLOPS", ours, theirs, peers[0],
                     MATMUL_BARS.get(self.kind), kernel=kernels[0], ratio_of_medians=spread(medians))

    # ---- MiniLM

    def film_texts(self):
        """title (year). genres, a line each, of RecBole's item file."""
        path, texts = os.path.join(self.temporary, "films.txt"), []
        with open(self.o.items, encoding="utf-8") as f:
            names = [c.split(":")[0] for c in next(f).rstrip("\n").split("\t")]
            for line in f:
                row = dict(zip(names, line.rstrip("\n").split("\t")))
                year = f" ({row['release_year']})" if row["release_year"].isdigit() else ""
                texts.append(f"{row['movie_title']}{year}. {row['class']}")
        if self.o.texts:
            texts = texts[:self.o.texts]
        with open(path, "w", encoding="utf-8") as f:
            f.write("".join(t + "\n" for t in texts))
        return path

    def model_for_peer(self):
        """The ONNX graph reads the weights from the file beside it."""
        folder = self.folder("onnx")
        shutil.copy(os.path.join(HERE, "minilm_f32.onnx"), folder)
        for name in ("model.safetensors", "tokenizer.json"):
            source, target = os.path.join(self.o.model, name), os.path.join(folder, name)
            try:
                os.link(source, target)
            except OSError:
                shutil.copy(source, target)
        return folder

    def minilm(self):
        texts, folder = self.film_texts(), self.model_for_peer()
        theirs_file, ours_file = (os.path.join(self.temporary, n) for n in ("peer.npy", "vireo.npy"))

        def once():
            peer = self.peer("minilm", folder, texts, theirs_file, str(self.cores))
            ours = json.loads(self.vireo("bench", "model", "--model", self.o.model, "--input", texts,
                                         "--runs", "1", "--json"))
            return ours["texts_per_second"], peer["texts_per_second"], ours["tokens"], peer["peer"]

        ours, theirs, tokens, peers = self.rounds("MiniLM over the film texts", once)
        self.vireo("embed", "--model", self.o.model, "--input", texts, "--format", "npy", "--output",
                   ours_file)
        answers = self.peer("cosine", ours_file, theirs_file)
        self.add("MiniLM, film texts", "texts/s", ours, theirs, peers[0],
                 MINILM_BARS.get(self.kind), tokens=tokens[0], answers=answers)
        if answers["least_cosine"] < COSINE:
            self.faults.append(f"answers differ: least cosine {answers['least_cosine']:.7f}")

    # ---- vireo embed

    def embed_once(self, environment, cache):
        """Seconds from start to end, peak resident MiB, and what --log info says of the parts."""
        with tempfile.TemporaryFile("w+", dir=self.temporary) as log:
            start = time.perf_counter()
            child = subprocess.Popen(self.command("--log", "info", "embed", "--model", self.o.model,
                                                  SENTENCE, cache=cache),
                                     env=environment, stdout=subprocess.DEVNULL, stderr=log)
            _, status, usage = os.wait4(child.pid, 0)
            seconds = time.perf_counter() - start
            child.returncode = os.waitstatus_to_exitcode(status)
            log.seek(0)
            lines = log.read().strip().split("\n")
        if child.returncode:
            fail(f"vireo embed: exit status {child.returncode}: {lines[-1]}")
        parts = next((x for x in lines if "glslang" in x), "")
        return seconds, usage.ru_maxrss / 1024, parts.split("info: ", 1)[-1]

    def embed(self):
        def once():
            warm, warm_mib, warm_parts = self.embed_once(self.environment, self.cache)
            with tempfile.TemporaryDirectory(dir=self.temporary) as empty:
                environment = dict(self.environment, XDG_CACHE_HOME=empty,
                                   MESA_SHADER_CACHE_DIR=os.path.join(empty, "mesa"))
                cold, cold_mib, cold_parts = self.embed_once(environment,
                                                             os.path.join(empty, "vireo"))
            return warm, cold, max(warm_mib, cold_mib), warm_parts, cold_parts

        self.embed_once(self.environment, self.cache)
        warm, cold, memory, warm_parts, cold_parts = self.rounds("vireo embed", once)
        weights = os.path.getsize(os.path.join(self.o.model, "model.safetensors")) / 2**20
        software = self.kind != "other"
        self.add_limit("embed, one sentence, caches warm", "s", warm,
                       WARM_SECONDS if software else None, parts=warm_parts[-1])
        self.add_limit("embed, one sentence, caches empty", "s", cold,
                       COLD_SECONDS if software else None, parts=cold_parts[-1])
        self.add_limit("embed, peak resident memory", "MiB", memory,
                       RSS_FACTOR * weights + RSS_MIB if software else None, weights_mib=weights)

    # ---- Report

    def report(self, before):
        if self.others is not None and self.others > MOST_OTHERS:
            self.faults.append(f"the machine was busy: others took {100 * self.others:.0f} % of the "
                               "cores in a round")
        return {"machine": {"processor": processor(), "cores": self.cores,
                            "system": system(), "load_before": before,
                            "load_after": load_average(), "others_share": self.others,
                            "rounds_repeated": self.repeated},
                "device": {k: self.device[k] for k in ("name", "driver", "driver_info")},
                "vireo": self.vireo("--version").strip(), "rounds": self.o.rounds,
                "rows": self.rows, "faults": self.faults}


def cell(s):
    return f"{number(s['median'])} ({number(s['min'])}-{number(s['max'])})"


def print_table(report):
    machine, device = report["machine"], report["device"]
    print(f"{report['vireo']} on {device['name']}, {device['driver']} {device['driver_info']}")
    print(f"{machine['cores']} cores of {machine['processor']}, {machine['system']}; load "
          f"{machine['load_before']} before, {machine['load_after']} after; {report['rounds']} rounds: "
          "median (least-most)")
    if machine["others_share"] is not None:
        print(f"others took at most {100 * machine['others_share']:.1f} % of the cores in a round; "
              f"{machine['rounds_repeated']} rounds repeated for that\n")
    print("| What | Vireo | Peer | Ratio | Bar | |\n|---|---|---|---|---|---|")
    for row in report["rows"]:
        verdict = "ok" if row["ok"] else "MISSED"
        if "ratio" in row:
            bar = "-" if row["bar"] is None else f"≥ {row['bar']}"
            s = row["ratio"]
            print(f"| {row['what']} | {cell(row['vireo'])} {row['unit']} | {cell(row['peer_figure'])} "
                  f"{row['peer']} | {s['median']:.3f} ({s['min']:.3f}-{s['max']:.3f}) | {bar} "
                  f"| {verdict} |")
        else:
            bar = "-" if row["limit"] is None else f"≤ {number(row['limit'])}"
            print(f"| {row['what']} | {cell(row['vireo'])} {row['unit']} | - | - | {bar} | {verdict} |")
    for row in report["rows"]:
        if "answers" in row:
            a = row["answers"]
            print(f"\nAnswers: {a['texts']} texts, {row['tokens']} tokens; least cosine "
                  f"{a['least_cosine']:.7f}, largest difference {a['largest_difference']:.1e}")
        if row.get("parts"):
            print(f"\n{row['what']}: {row['parts']}")


def set_up():
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
    subprocess.run([python, "-m", "pip", "install", "--disable-pip-version-check", *PACKAGES],
                   check=True)


def find_python(given):
    own = os.path.join(VENV, "bin", "python")
    for python in [given] if given else [own, sys.executable]:
        if os.path.exists(python) and subprocess.run(
                [python, "-c", "import numpy, onnxruntime, tokenizers"],
                stderr=subprocess.DEVNULL).returncode == 0:
            return python
    return fail("numpy, onnxruntime and tokenizers are needed: python3 tests/bench/compare.py --setup")


def parse(arguments):
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--setup", action="store_true", help=f"make {VENV} with {', '.join(PACKAGES)}")
    p.add_argument("--vireo", default=os.path.join(HERE, "../../build/release/vireo"))
    p.add_argument("--device", help="as of vireo --device; VK_DRIVER_FILES chooses the driver")
    p.add_argument("--model", default=os.path.join(CACHE, "models/minilm"))
    p.add_argument("--items", default=os.path.join(CACHE, "models/ml-100k/ml-100k.item"))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--threads", type=int, default=2, help="cores for either side (2)")
    p.add_argument("--texts", type=int, default=0, help="only the first N film texts")
    p.add_argument("--patience", type=float, default=120,
                   help="seconds spent on repeating disturbed rounds and waiting for quiet (120)")
    p.add_argument("--only", default="matmul,minilm,embed")
    p.add_argument("--python", help="a Python that has the packages")
    p.add_argument("--json", action="store_true")
    p.add_argument("--check", action="store_true", help="exit status 1 if a bar is missed "
                   "or the machine was busy")
    return p.parse_args(arguments)


def main():
    if sys.argv[1:2] == ["--peer"]:
        print(json.dumps(run_peer(sys.argv[2], sys.argv[3:])))
        return 0
    o = parse(sys.argv[1:])
    if o.setup:
        set_up()
        return 0
    parts = o.only.split(",")
    if o.rounds < 1 or o.threads < 1 or not set(parts) <= {"matmul", "minilm", "embed"}:
        fail("--rounds and --threads are at least 1; --only takes matmul, minilm, embed")
    for path, how in ((o.vireo, "cmake --preset release && cmake --build --preset release"),
                      (o.model, "sh models/fetch.sh minilm"), (o.items, "sh models/fetch.sh ml-100k")):
        if not os.path.exists(path):
            fail(f"{path} is not there: {how}")
    o.vireo = os.path.abspath(o.vireo)
    o.python = find_python(o.python)
    before = load_average()
    with tempfile.TemporaryDirectory(prefix="vireo-bench-") as temporary:
        c = Comparison(o, temporary)
        for part in ("matmul", "minilm", "embed"):
            if part in parts:
                getattr(c, part)()
        report = c.report(before)
    if o.json:
        print(json.dumps(report, indent=1))
    else:
        print_table(report)
    if c.faults:
        print(f"failed: {'; '.join(c.faults)}", file=sys.stderr)
    return 1 if o.check and c.faults else 0


if __name__ == "__main__":
    sys.exit(main())
