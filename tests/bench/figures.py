# SPDX-License-Identifier: Apache-2.0
"""Figures of several rounds, and the machine they were taken on."""
import json
import os
import platform
import time


def median(values):
    v = sorted(values)
    return v[len(v) // 2] if len(v) % 2 else (v[len(v) // 2 - 1] + v[len(v) // 2]) / 2


def spread(values):
    return {"median": median(values), "min": min(values), "max": max(values)}


def number(x):
    return f"{x:.2f}" if abs(x) < 10 else f"{x:.1f}" if abs(x) < 100 else f"{x:.0f}"


def read_reports(paths):
    """What was written as JSON before, a file each."""
    reports = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            reports.append(json.load(f))
    return reports


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


def cell(s):
    return f"{number(s['median'])} ({number(s['min'])}-{number(s['max'])})"
