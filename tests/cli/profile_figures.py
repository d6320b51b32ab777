# SPDX-License-Identifier: Apache-2.0
"""profile_figures.py trace FILE SECONDS | table FILE: figures of --profile, worked out again from the shapes
of products, whose work is known, and from each other. SECONDS: what the program took."""
import json
import re
import sys


def product(shape):
    """Operations of "MxK KxN" or "MxK NxK" in f32, and bytes: with and without a bias and a residual."""
    m, k, *other = map(int, re.fullmatch(r"(\d+)x(\d+) (\d+)x(\d+)", shape).groups())
    other.remove(k)
    n = other[0]
    least = 4 * (m * k + n * k + m * n)
    return 2 * m * n * k, [least + bias + residual for bias in (0, 4 * n) for residual in (0, 4 * m * n)]


def near(a, b, share):
    return abs(a - b) <= share * abs(b)


def check_trace(path, seconds):
    trace = json.load(open(path, encoding="utf-8"))
    most = trace["otherData"]
    events = [e for e in trace["traceEvents"] if e["ph"] == "X"]
    products, end = 0, 0
    assert events[0]["ts"] == 0
    for e in events:
        a = e["args"]
        # Nodes wait for each other; to the nanosecond of what is rounded to one.
        assert e["ts"] >= end - 0.01, (e, end)
        end = e["ts"] + e["dur"]
        share = max(a["gflops"] / most["roof_gflops"], a["gb_per_s"] / most["roof_gb_per_s"])
        assert near(a["roof"], share, 1e-6), e
        if a["op"] != "matmul" or a["us"] == 0:
            continue
        flops, sizes = product(a["shape"])
        assert near(a["gflops"] * a["us"] * 1e3, flops, 1e-6), e
        assert any(near(a["gb_per_s"] * a["us"] * 1e3, size, 1e-6) for size in sizes), e
        products += 1
    assert products >= 6
    assert end <= seconds * 1e6, (end, seconds)


def check_table(path):
    lines = open(path, encoding="utf-8").read().splitlines()
    kernels, total = re.fullmatch(r"(\d+) kernels and shapes, ([\d.]+) ms by the .* clock;", lines[0]).groups()
    roof_gflops, roof_bytes = re.fullmatch(r"the roof is (\S+) GFLOPS and (\S+) GB/s", lines[1]).groups()
    rows = [line.split("\t") for line in lines[3:]]
    assert len(rows) == min(10, int(kernels))
    times = [float(row[3]) for row in rows]
    assert times == sorted(times, reverse=True) and times[0] > times[-1], times
    rest = (int(kernels) - len(rows)) * times[-1]
    assert -0.06 <= float(total) - sum(times) <= rest + 0.06 + 0.005 * int(kernels), (total, times)
    products = 0
    for kernel, shape, runs, ms, time, gflops, gb_per_s, roof in rows:
        ms, gflops, gb_per_s = float(ms), float(gflops), float(gb_per_s)
        assert abs(int(time[:-1]) - 100 * ms / float(total)) <= 0.6 + 1 / float(total), (kernel, shape)
        share = max(gflops / float(roof_gflops), gb_per_s / float(roof_bytes))
        assert abs(int(roof[:-1]) - 100 * share) <= 0.6 + 2 * share, (kernel, shape)
        if not kernel.startswith("matmul/"):
            continue
        flops, sizes = product(shape)
        assert abs(int(runs) * flops / (gflops * 1e6) - ms) <= 0.006 + 0.01 * ms, (kernel, shape)
        # Some of the runs may have a bias, or a residual.
        assert flops / max(sizes) * 0.989 <= gflops / gb_per_s <= flops / min(sizes) * 1.011, (kernel, shape)
        products += 1
    assert products >= 1


if sys.argv[1] == "trace":
    check_trace(sys.argv[2], float(sys.argv[3]))
else:
    check_table(sys.argv[2])
