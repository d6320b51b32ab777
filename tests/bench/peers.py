# SPDX-License-Identifier: Apache-2.0
"""Vireo beside OpenBLAS, ncnn (Vulkan), FAISS and onnxruntime: the targets of docs/BENCHMARKS.md.

sh tests/bench/peers.sh is how it is called; README.md beside this file says how it measures. A part whose
packages are missing, or one side of which fails, is left out, printed and counted.
"""
import datetime
import os
import re
import sys

import program
import work
from comparison import HERE, Failed

LEAST_ROUNDS = 3  # of what the document says
DOCUMENT = os.path.join(HERE, "../../docs/BENCHMARKS.md")
BEGIN, END = "<!-- peers -->", "<!-- /peers -->"
# M, K, N
MATMULS = [(512, 512, 512), (128, 384, 1536), (32, 384, 1536)]
MATMUL_BARS = {"lavapipe 22": 0.28, "lavapipe 25": 0.24, "swiftshader": 0.055}
NCNN_BARS = {"lavapipe": 1.0, "swiftshader": 1.0}
GEMV_BARS = {"lavapipe 22": 0.7}
DTYPE_BARS = {"f16": {"lavapipe 22": 1.1}, "q8_0": {"lavapipe 22": 1.3}, "q4_0": {"lavapipe 22": 1.3}}
SEARCH_BARS = {1: {"lavapipe 22": 0.4}, 64: {"lavapipe 22": 1.0}}  # by the number of queries
MINILM_BARS = {"lavapipe 22": 0.22, "lavapipe 25": 0.20, "swiftshader": 0.05}
START_RATIOS = {"lavapipe 22": 1.5}
COLD_SECONDS = {"lavapipe 22": 5.0, "lavapipe 25": 10.0}
ENCODER = ["numpy", "onnxruntime", "tokenizers"]
NEEDS = {"matmul": ["numpy"], "ncnn": ["numpy", "ncnn"], "gemv": ["numpy"], "search": ["numpy", "faiss"],
         "minilm": ENCODER, "start": ENCODER}


def measures(o):
    return {
        "matmul": lambda c: work.matmul(c, MATMULS, MATMUL_BARS),
        "ncnn": lambda c: work.matmul(c, MATMULS, NCNN_BARS, "ncnn_matmul", ", beside ncnn"),
        "gemv": lambda c: work.gemv(c, 2048, 2048, GEMV_BARS, DTYPE_BARS),
        "search": lambda c: work.search(c, o.rows, [64, 384], list(SEARCH_BARS), 10, SEARCH_BARS),
        "minilm": lambda c: work.minilm(c, MINILM_BARS, tuned=True),
        "start": lambda c: work.embed(c, START_RATIOS, COLD_SECONDS, peer=True),
    }


def counts(report):
    missed = sum(not row["ok"] for row in report["rows"])
    text = f"{len(report['rows'])} measured, {missed} missed, {len(report['not_run'])} not run"
    if report["not_chosen"]:
        text += f", {program.counted(len(report['not_chosen']), 'part')} not chosen: {', '.join(report['not_chosen'])}"
    return text


def section(report):
    """A driver's part of the document; the program's version tells its commit."""
    date = datetime.datetime.now(datetime.timezone.utc).date()
    return (f"<!-- driver {report['driver']} -->\n### {report['driver']}\n{date}: "
            f"{program.heading(report)}\n{program.table(report)}\n"
            f"{'; '.join([counts(report), *report['faults']])}.\n")


def read_document(path):
    """What stands before the markers, the drivers' sections between them, what stands after."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(END) < text.index(BEGIN):
        raise Failed(f"{path}: needs one line {BEGIN} and after it one {END}")
    head, rest = text.split(BEGIN)
    inside, tail = rest.split(END)
    sections = re.finditer(r"<!-- driver (.*?) -->\n.*?(?=<!-- driver |\Z)", inside, re.S)
    return head, {m.group(1): m.group(0).rstrip() + "\n" for m in sections}, tail


def write_document(path, driver, text):
    """The section of this driver is replaced or added; the others stay."""
    head, sections, tail = read_document(path)
    sections[driver] = text
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(head + BEGIN + "\n" + "\n".join(sections[d] for d in sorted(sections)) + END + tail)
    os.replace(path + ".new", path)


def main():
    p = program.parser(__doc__.split("\n")[0], NEEDS, program.PACKAGES)
    p.add_argument("--rows", type=int, default=1_000_000, help="of the tables that are searched (1000000)")
    p.add_argument("--document", help="the table goes here, between its markers (docs/BENCHMARKS.md, if "
                   f"neither --only nor --texts nor --rows makes it less and --rounds is at least {LEAST_ROUNDS})")
    o = p.parse_args()
    if o.setup:
        for module in program.set_up(program.PACKAGES):
            print(f"peers: not installed, and left out: {program.PACKAGES[module]}", file=sys.stderr)
        return 0
    parts = program.chosen(p, o, NEEDS)
    whole = len(parts) == len(NEEDS) and not o.texts and o.rows == p.get_default("rows")
    if o.rows < 10:
        p.error("--rows is at least 10")
    program.check_arguments(p, o)
    python = program.find_python(o.python, [])
    if o.python and not python:
        p.error(f"--python: {o.python} is no Python")
    o.python = python or sys.executable
    document, why = o.document, "part of the work, no table written"
    if not document and whole and o.rounds < LEAST_ROUNDS:
        why = (f"no table written: {os.path.relpath(DOCUMENT)} takes {LEAST_ROUNDS} rounds or more, these are "
               f"{program.counted(o.rounds, 'round')}; next: --rounds {LEAST_ROUNDS}, or --document FILE")
        print(f"peers: {why}", file=sys.stderr) # an hour later it would be told too late
    elif not document and whole:
        document = DOCUMENT
    try:
        if document:
            read_document(document) # a fault that shows after an hour is told too late
        report = program.run_parts(o, parts, measures(o), NEEDS)
        status = program.finish(o, report)
        if document:
            write_document(document, report["driver"], section(report))
    except (Failed, OSError) as e:
        return f"peers: {e}"
    where = f"written to {os.path.relpath(document)}" if document else why
    print(f"peers: {counts(report)}; {where}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
