# SPDX-License-Identifier: Apache-2.0
"""How long the ops that only move memory take, as multiples of the time of the device's copy of as many bytes.

copies.py > lavapipe.json       measures on the device at hand (VK_DRIVER_FILES chooses the driver)
copies.py --table A.json ...    the table for docs/BENCHMARKS.md of what was measured on several
Operands of 16 MiB and more. A round is a process of `vireo bench device`, whose copy (`copy_gb_per_s`: of 64 MiB, by
storage buffers or texel views, whichever is faster) counts, and one of `vireo bench op` for each op; the ratio, of
the bytes a second, is taken round by round, its median printed. `scale` is the copy as an op of a graph.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys

from figures import read_reports

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAM = os.path.join(HERE, "../../build/release/vireo")
BAR = 1.5
WORK = [
    ("scale", "1024x4096"), ("add", "1024x4096"), ("mul", "1024x4096"), ("silu_mul", "1024x4096"),
    ("relu", "1024x4096"), ("tanh", "1024x4096"), ("sigmoid", "1024x4096"), ("silu", "1024x4096"),
    ("gelu_tanh", "1024x4096"), ("gelu", "1024x4096"),
    ("layer_norm", "1024x4096"), ("rms_norm", "1024x4096"), ("l2_normalize", "65536x64"),
    ("softmax", "1024x4096,24000x200,96x49152"), ("log_softmax", "1024x4096"),
    ("sum", "1024x4096,65536x64"), ("mean", "1024x4096"), ("max", "1024x4096"), ("argmax", "1024x4096"),
    ("cumsum", "1024x4096"),
    ("embedding", "12288x30522x384,65536x200000x64"), ("gather_rows", "65536x65536x64"),
    ("embedding_bag", "8192x20x200000x64"), ("scatter_rows", "8192x65536x64"),
    ("mean_pool", "1024x12x384"), ("top_k", "4x1000000x10,2560x1683x10"),
    ("rope", "2048x32x64"), ("transpose", "1024x4096,65536x64"), ("concat", "1024x4096,65536x33"),
]


def measured(vireo, *arguments):
    command = [vireo, "bench", *arguments, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"copies: {' '.join(command)}: exit status {done.returncode}")
    return json.loads(done.stdout)


def run(o):
    found, copies, device = {}, [], ""
    for i in range(o.rounds):
        print(f"copies: round {i + 1} of {o.rounds}, the device's copy", file=sys.stderr)
        roof = measured(o.vireo, "device")
        device = roof["device"]
        copies.append(roof["copy_gb_per_s"])
        for op, shapes in WORK:
            print(f"copies: round {i + 1} of {o.rounds}, {op}", file=sys.stderr)
            for result in measured(o.vireo, "op", op, "--shapes", shapes)["results"]:
                row = found.setdefault((op, result["shape"]), {"gb_per_s": [], "ratio": []})
                row["gb_per_s"].append(result["gb_per_s"])
                row["ratio"].append(copies[-1] / result["gb_per_s"])
    rows = [{"op": op, "shape": shape, "gb_per_s": statistics.median(row["gb_per_s"]),
             "ratio": statistics.median(row["ratio"]), "least": min(row["ratio"]), "most": max(row["ratio"])}
            for (op, shape), row in found.items()]
    print(json.dumps({"device": device, "rounds": o.rounds, "copy_gb_per_s": statistics.median(copies),
                      "rows": rows}, indent=1))
    return 0


def table(paths):
    reports = read_reports(paths)
    print("| Op | " + " | ".join(r["device"] for r in reports) + " |\n|---|" + "---|" * len(reports))
    print("| the device's copy | " + " | ".join(f"{r['copy_gb_per_s']:.3g} GB/s" for r in reports) + " |")
    over = []
    for i, row in enumerate(reports[0]["rows"]):
        cells = [r["rows"][i] for r in reports]
        print(f"| {row['op']} {row['shape']} | "
              + " | ".join(f"{c['ratio']:.2f} ({c['gb_per_s']:.3g})" for c in cells) + " |")
        over += [f"{row['op']} {row['shape']}"] if max(c["ratio"] for c in cells) > BAR else []
    print(f"\nSomewhere above {BAR}: {', '.join(over) or 'none'}.")
    return 0


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--vireo", default=PROGRAM)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--table", nargs="+", metavar="FILE", help="what was measured before")
    o = p.parse_args()
    return table(o.table) if o.table else run(o)


if __name__ == "__main__":
    sys.exit(main())
