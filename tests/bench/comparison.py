# SPDX-License-Identifier: Apache-2.0
"""Two sides in turns on the same cores: processes, rounds, rows, the report.

The process that measures stays small and imports no package: the peak memory that the system reports of
a child includes what its parent had when it was started.
"""
import json
import os
import re
import subprocess
import sys
import time

from figures import Idleness, load_average, processor, spread, system

HERE = os.path.dirname(os.path.abspath(__file__))
MOST_OTHERS = 0.05  # of the cores' time
MOST_SECONDS = 900  # of one process


class Failed(Exception):
    """A process of either side failed: what it said."""


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
        self.driver = self.name_of_driver()
        self.rows, self.faults, self.not_run = [], [], []
        self.tuning = None

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

    def process(self, what, command):
        try:
            done = subprocess.run(command, env=self.environment, text=True, timeout=MOST_SECONDS,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except subprocess.TimeoutExpired:
            raise Failed(f"{what}: not done after {MOST_SECONDS} s") from None
        if done.returncode:
            # The program's message comes first, an interpreter's last.
            lines = done.stderr.strip().split("\n")
            said = next((x for x in lines if x.startswith("vireo: ")), lines[-1])
            raise Failed(f"{what}: exit status {done.returncode}: {said}")
        return done.stdout

    def vireo(self, *arguments, cache=None):
        return self.process(f"vireo {' '.join(arguments)}", self.command(*arguments, cache=cache))

    def parsed(self, what, text):
        try:
            return json.loads(text)
        except ValueError as e:
            raise Failed(f"{what}: its answer is no JSON: {e}") from None

    def vireo_json(self, *arguments, cache=None):
        return self.parsed(f"vireo {' '.join(arguments)}", self.vireo(*arguments, "--json", cache=cache))

    def peer(self, *arguments):
        """A function of peer.py, in a process of its own."""
        printed = self.process(
            arguments[0], [self.o.python, os.path.join(HERE, "peer.py"), *map(str, arguments)])
        return self.parsed(arguments[0], printed.strip().split("\n")[-1])

    def find_device(self):
        listed = self.process("vireo devices", [self.o.vireo, "devices", "--json"])
        devices = [d for d in self.parsed("vireo devices", listed)["devices"] if d["usable"]]
        name = self.vireo_json("bench", "matmul", "--m", "8", "--n", "8", "--k", "8")["device"]
        found = [d for d in devices if d["name"] == name]
        if not found:
            raise Failed(f"vireo devices: no usable device is named \"{name}\", as that of vireo bench is; there "
                         f"are {', '.join(d['name'] for d in devices) or 'none'}")
        return found[0]

    def name_of_driver(self):
        """lavapipe and Mesa's major version, swiftshader, or the device's own name."""
        text = f"{self.device['name']} {self.device['driver']}".lower()
        if "swiftshader" in text:
            return "swiftshader"
        mesa = re.search(r"Mesa (\d+)", self.device["driver_info"])
        return f"lavapipe {mesa.group(1)}" if "llvmpipe" in text and mesa else self.device["name"]

    def limit(self, limits):
        """That of this driver, or of all its versions; None: there is none."""
        return limits.get(self.driver, limits.get(self.driver.split(" ")[0]))

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

    def add(self, what, unit, ours, theirs, peer, bar=None, most=None, **more):
        """ours and theirs: a figure a round. The ratio is taken round by round: at least bar, where more
        is better, at most `most`, where less is."""
        ratios = spread([a / b for a, b in zip(ours, theirs)])
        self.rows.append({
            "what": what, "unit": unit, "vireo": spread(ours), "peer": peer, "peer_figure": spread(theirs),
            "ratio": ratios, "bar": bar, "most": most, **more,
            "ok": (bar is None or ratios["median"] >= bar) and (most is None or ratios["median"] <= most)})

    def add_limit(self, what, unit, values, limit, **more):
        figures = spread(values)
        self.rows.append({"what": what, "unit": unit, "vireo": figures, "most": limit, **more,
                          "ok": limit is None or figures["median"] <= limit})

    def answers(self, what, text, right):
        """What both sides have computed, for the last row."""
        self.rows[-1]["answers"] = text
        if not right:
            self.faults.append(f"{what}: answers differ: {text}")

    def leave_out(self, what, why):
        self.not_run.append({"what": what, "why": why})
        self.note(f"{what}: not run: {why}")

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
                "driver": self.driver, "rows": self.rows, "not_run": self.not_run,
                "tuning": self.tuning, "faults": self.faults}
