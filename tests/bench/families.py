# SPDX-License-Identifier: Apache-2.0
"""Where each kernel of each op is the fastest: what keeps it in the tables of src/ops.

families.py > lavapipe.json     measures on the device at hand (VK_DRIVER_FILES chooses the driver)
families.py --table A.json ...  the table for docs/BENCHMARKS.md of what was measured on several. A kernel that
                                is nowhere the fastest has to run what the others refuse, or to go
Times are of the device as `vireo bench op NAME --kernels` takes them; of several rounds the least median.
"""
import argparse
import json
import os
import subprocess
import sys

from figures import read_reports

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "../../build/release/vireo")
CLEARLY = 1.05  # times as fast as the next: less is a draw
# Op, weights, shapes: of models, and on both sides of each limit that `fits` and `pays` of src/ops name; small, for
# the slowest kernel of an op is timed, too.
WORK = [
    ("matmul", "f32", "128x384x384,1024x64x256,32x384x1536,16x384x384,8x384x1536,4x384x1536,2x384x1536,"
                      "1x64x1683,1x384x1536,1x2048x2048,4x2048x2048,64x64x64,2048x256x1,512x384x8"),
    ("matmul", "f16", "32x384x1536,8x384x1536,4x2048x2048,2x384x1536,1x2048x2048,512x384x8"),
    ("matmul", "bf16", "32x384x1536,8x384x1536,4x2048x2048,1x2048x2048"),
    ("matmul", "q8_0", "32x384x1536,8x384x1536,4x2048x2048,1x2048x2048"),
    ("matmul", "q4_0", "32x384x1536,8x384x1536,1x2048x2048"),
    ("attention", "f32", "42x12x12x12x12x32,8x64x64x12x12x32,1x200x200x1x1x64,1x1x1024x12x12x64,1x1x8192x32x8x64,"
                         "8x200x200x1x1x50,8x50x50x2x2x25,1x16x64x4x4x160"),
    ("layer_norm", "f32", "512x384,200x64,1024x4096,16x2048,4096x20"),
    ("l2_normalize", "f32", "512x384,65536x64,16x2048"),
    ("softmax", "f32", "2400x200,8x49152,1024x4096,24000x20"),
    ("embedding", "f32", "512x30522x384,200x1683x64,8192x200000x64,4096x5000x33"),
    ("embedding", "f16", "512x30522x384,8192x200000x64"),
    ("embedding", "q8_0", "512x30522x384,8192x200000x64"),
    ("embedding_bag", "f32", "512x20x200000x64,64x50x1683x64,512x20x5000x33"),
    ("embedding_bag", "f16", "512x20x200000x64"),
    ("embedding_bag", "q8_0", "512x20x200000x64"),
    ("gather_rows", "f32", "42x512x384,8192x65536x64"),
    ("scatter_rows", "f32", "200x1683x64,8192x65536x64,12800x4000x64"),
    ("gelu", "f32", "512x1536,1024x4096,16x100"),
    ("add", "f32", "512x384,1024x4096,16x100"),
    ("sum", "f32", "512x384,1024x4096,65536x64"),
    ("argmax", "f32", "1x49152,1024x4096"),
    ("cumsum", "f32", "512x384,1024x4096"),
    ("mean_pool", "f32", "42x12x384,8x64x384,1024x12x384"),
    ("top_k", "f32", "64x1683x10,1x1000000x10,16x100000x100,2560x200x10"),
    ("rope", "f32", "512x32x64"),
    ("concat", "f32", "512x384,1024x4096,4096x33"),
    ("slice", "f32", "4096x65x33,1024x4097x4096"),
    ("transpose", "f32", "512x384,1024x4096"),
]


def measure(vireo, op, dtype, shapes, rounds):
    """Rows of {"op", "dtype", "shape", "ms": {kernel: least median}}."""
    found, device = {}, ""
    for _ in range(rounds):
        command = [vireo, "bench", "op", op, "--kernels", "--json", "--shapes", shapes]
        command += [] if dtype == "f32" else ["--dtype", dtype]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            sys.exit(f"families: {' '.join(command)}: exit status {done.returncode}")
        report = json.loads(done.stdout)
        device = report["device"]
        for r in report["results"]:
            ms = found.setdefault(r["shape"], {})
            if "ms" in r and r["ms"]["median"] > 0:
                ms[r["kernel"]] = min(r["ms"]["median"], ms.get(r["kernel"], float("inf")))
    return device, [{"op": op, "dtype": dtype, "shape": s, "ms": ms} for s, ms in found.items()]


def run(o):
    rows, device = [], ""
    for op, dtype, shapes in WORK:
        if o.only and op not in o.only.split(","):
            continue
        print(f"families: {op} {dtype}", file=sys.stderr)
        device, new = measure(o.vireo, op, dtype, shapes, o.rounds)
        rows += new
    print(json.dumps({"device": device, "rounds": o.rounds, "rows": rows}, indent=1))
    return 0


def best_cases(reports):
    """By (op, kernel): (how many times as fast as the next best, where, ms), the largest; and how often it was
    the fastest, of how many cases it ran."""
    cases, counts = {}, {}
    for report in reports:
        for row in report["rows"]:
            for kernel, ms in row["ms"].items():
                key = row["op"], kernel
                others = [t for k, t in row["ms"].items() if k != kernel]
                ratio = min(others) / ms if others else float("inf")
                won, ran = counts.get(key, (0, 0))
                counts[key] = won + (ratio >= CLEARLY), ran + 1
                where = f"{row['shape']} {row['dtype']}, {report['device']}"
                # Alone says less than a comparison that it wins.
                rank = (CLEARLY <= ratio < float("inf"), ratio)
                if key not in cases or rank > cases[key][0]:
                    cases[key] = rank, ratio, where, ms
    return cases, counts


def verdict(ratio):
    if ratio == float("inf"):
        return "alone"
    return f"{ratio:.2f} times" + ("" if ratio >= CLEARLY else ": no")


def table(paths):
    reports = read_reports(paths)
    cases, counts = best_cases(reports)
    print("| Op | Kernel | Fastest in | At best | Where |\n|---|---|---|---|---|")
    losers = []
    for (op, kernel), (_, ratio, where, ms) in sorted(cases.items()):
        won, ran = counts[op, kernel]
        print(f"| {op} | `{kernel}` | {won} of {ran} | {verdict(ratio)} | {where}: {ms:.3g} ms |")
        if not won:
            losers.append(f"{op}/{kernel}")
    print(f"\nNowhere the fastest: {', '.join(losers) or 'none'}.")
    return 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--vireo", default=PROGRAM)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--only", help="some ops, with commas")
    p.add_argument("--table", nargs="+", metavar="FILE", help="what was measured before")
    o = p.parse_args()
    return table(o.table) if o.table else run(o)


if __name__ == "__main__":
    sys.exit(main())
