# SPDX-License-Identifier: Apache-2.0
"""What compare.py and peers.py share as programs: packages, options, the run, the printed table."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import traceback

from comparison import HERE, Comparison, Failed
from figures import cell, load_average, number

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vireo")
VENV = os.path.join(CACHE, "bench-venv")
# By module, what has it.
PACKAGES = {"numpy": "numpy==2.4.6", "onnxruntime": "onnxruntime==1.32.0",
            "tokenizers": "tokenizers==0.23.3", "faiss": "faiss-cpu==1.15.1",
            "ncnn": "ncnn==1.0.20261020"}


def bound(row):
    if row.get("bar") is not None:
        return f"≥ {row['bar']}"
    return "-" if row["most"] is None else f"≤ {number(row['most'])}"


def counted(n, noun):
    return f"{n} {noun}{'' if n == 1 else 's'}"


def heading(report):
    machine, device = report["machine"], report["device"]
    text = (f"{report['vireo']} on {device['name']}, {device['driver']} {device['driver_info']}\n"
            f"{machine['cores']} cores of {machine['processor']}, {machine['system']}; load "
            f"{machine['load_before']} before, {machine['load_after']} after; {counted(report['rounds'], 'round')}: "
            "median (least-most)\n")
    if machine["others_share"] is not None:
        text += (f"others took at most {100 * machine['others_share']:.1f} % of the cores in a round; "
                 f"{counted(machine['rounds_repeated'], 'round')} repeated for that\n")
    if report["tuning"]:
        t = report["tuning"]
        text += (f"MiniLM tuned by \"vireo tune\" in {t['seconds']:.0f} s: {t['calls']} calls, {t['others']} of "
                 "them with another kernel than usual; all other rows untuned\n")
    return text


def table(report):
    text = "| What | Vireo | Peer | Ratio | Bar | |\n|---|---|---|---|---|---|\n"
    for row in report["rows"]:
        peer, ratio = "-", "-"
        if "ratio" in row:
            s = row["ratio"]
            peer = f"{cell(row['peer_figure'])} {row['peer']}"
            ratio = f"{s['median']:.3f} ({s['min']:.3f}-{s['max']:.3f})"
        text += (f"| {row['what']} | {cell(row['vireo'])} {row['unit']} | {peer} | {ratio} | {bound(row)} "
                 f"| {'ok' if row['ok'] else 'MISSED'} |\n")
    for left in report["not_run"]:
        text += f"| {left['what']} | not run | - | - | - | {left['why']} |\n"
    for row in report["rows"]:
        if row.get("answers"):
            text += f"\nAnswers, {row['what']}: {row['answers']}\n"
        if row.get("parts"):
            text += f"\n{row['what']}: {row['parts']}\n"
    return text


def has_modules(python, names):
    imports = "".join(f"import {n}\n" for n in names)
    return subprocess.run([python, "-c", imports], stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def set_up(names):
    """Makes the environment and puts the packages of these modules into it; those that could not be."""
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python) and subprocess.run([sys.executable, "-m", "venv", VENV],
                                                     stdout=sys.stderr).returncode:
        return list(names)
    return [name for name in names if subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGES[name]],
        stdout=sys.stderr).returncode]


def find_python(given, names):
    """One that has these modules; None: there is none."""
    own = os.path.join(VENV, "bin", "python")
    for python in [given] if given else [own, sys.executable]:
        if os.path.exists(python) and has_modules(python, names):
            return python
    return None


def parser(text, parts, modules):
    p = argparse.ArgumentParser(description=text)
    p.add_argument("--setup", action="store_true",
                   help=f"make {VENV} with {', '.join(PACKAGES[m] for m in modules)}")
    p.add_argument("--vireo", default=os.path.join(HERE, "../../build/release/vireo"))
    p.add_argument("--device", help="as of vireo --device; VK_DRIVER_FILES chooses the driver")
    p.add_argument("--model", default=os.path.join(CACHE, "models/minilm"))
    p.add_argument("--items", default=os.path.join(CACHE, "models/ml-100k/ml-100k.item"))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--threads", type=int, default=2, help="cores for either side (2)")
    p.add_argument("--texts", type=int, default=0, help="only the first N film texts")
    p.add_argument("--patience", type=float, default=120,
                   help="seconds spent on repeating disturbed rounds and waiting for quiet (120)")
    p.add_argument("--only", default=",".join(parts), help=f"some of {','.join(parts)}")
    p.add_argument("--python", help="a Python that has the packages")
    p.add_argument("--json", action="store_true")
    p.add_argument("--check", action="store_true", help="exit status 1 if a bar is missed, a part was "
                   "not run or the machine was busy")
    return p


def chosen(p, options, parts):
    """The parts that --only names, in their own order."""
    names = options.only.split(",")
    wrong = [name for name in names if name not in parts]
    if wrong:
        p.error(f"--only: \"{wrong[0]}\" is no part; allowed: {', '.join(parts)}")
    return [name for name in parts if name in names]


def understood(what, call, *arguments):
    """call(): an answer that lacks what is looked for in it, or has something else there, is a failure, told with
    the place; hours of other answers are not lost for it."""
    try:
        return call(*arguments)
    except (LookupError, TypeError, ValueError, ArithmeticError) as e:
        at = traceback.extract_tb(e.__traceback__)[-1]
        raise Failed(f"{what}: an answer is not understood, at {os.path.basename(at.filename)}:{at.lineno}: "
                     f"{type(e).__name__}: {e}") from e


def run_parts(options, parts, measure, needs):
    """measure[part](comparison) for each. needs: the modules of a part without which it is left out, as is
    one that fails; None: a failure is the end."""
    with tempfile.TemporaryDirectory(prefix="vireo-bench-") as temporary:
        before = load_average()
        c = understood("vireo devices", Comparison, options, temporary)
        for part in parts:
            missing = [n for n in needs[part] if not has_modules(options.python, [n])] if needs else []
            try:
                if missing:
                    c.leave_out(part, f"no {', '.join(missing)}")
                else:
                    understood(part, measure[part], c)
            except Failed as e:
                if not needs:
                    raise
                c.leave_out(part, str(e))
        return {**c.report(before), "not_chosen": [part for part in measure if part not in parts]}


def check_arguments(p, o):
    if o.rounds < 1 or o.threads < 1 or o.texts < 0:
        p.error("--rounds and --threads are at least 1, --texts at least 0")
    for path, how in ((o.vireo, "cmake --preset release && cmake --build --preset release"),
                      (o.model, "sh models/fetch.sh minilm"), (o.items, "sh models/fetch.sh ml-100k")):
        if not os.path.exists(path):
            sys.exit(f"{path} is not there: {how}")
    o.vireo = os.path.abspath(o.vireo)


def faults_of(report):
    """What --check fails for: bars that are missed, answers that differ, a busy machine, what was left out."""
    return ([row["what"] for row in report["rows"] if not row["ok"]] + report["faults"] +
            [f"{left['what']}: not run" for left in report["not_run"]])


def finish(options, report):
    """Prints it; the exit status."""
    if options.json:
        print(json.dumps(report, indent=1))
    else:
        print(f"{heading(report)}\n{table(report)}", end="")
    faults = faults_of(report)
    if faults:
        print(f"failed: {'; '.join(faults)}", file=sys.stderr)
    return 1 if options.check and faults else 0
