# SPDX-License-Identifier: Apache-2.0
"""python3 tests/parser_coverage.py BUILD ROOT [DOCUMENT]: what the committed corpus of each fuzz target reaches
of the sources it is for, which are in tests/fuzz/parsers.txt. Exit status 1: less than 90 % of one of them.

Runs BUILD's replay programs, built with gcc --coverage, one after the other. With DOCUMENT the table is put
there, between the lines <!-- parsers --> and <!-- /parsers -->.
"""
import glob
import os
import subprocess
import sys

import coverage

LEAST = 90 # per cent


def parsers(root):
    """target: {file: names of functions, none: all}"""
    found = {}
    with open(os.path.join(root, "tests/fuzz/parsers.txt"), encoding="utf-8") as f:
        for line in f:
            if not line.startswith("#"): # a file may have several lines
                target, file, *functions = line.split()
                found.setdefault(target, {}).setdefault(file, []).extend(functions)
    targets = {os.path.basename(path)[5:-2] for path in glob.glob(os.path.join(root, "tests/fuzz/fuzz_*.c"))}
    if targets != set(found):
        sys.exit(f"tests/fuzz/parsers.txt names {sorted(found)}, the targets are {sorted(targets)}")
    return found


def replay(build, root, target):
    for path in list(coverage.data_files(build)):
        os.remove(path)
    run = subprocess.run([os.path.join(build, "tests/fuzz/replay_" + target),
                          os.path.join(root, "tests/fuzz/corpus", target)],
                         capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"replay_{target} ended with {run.returncode}:\n{run.stderr[-2000:]}")


def measure(build, root):
    """Rows (target, file, lines, reached), each target's run alone."""
    for target, files in sorted(parsers(root).items()):
        replay(build, root, target)
        found, known = {file: {} for file in files}, set()
        for file, function, line, reached in coverage.lines(build, root):
            if file in files and (not files[file] or function in files[file]):
                found[file][line] = found[file].get(line, False) or reached
                known.add((file, function))
        for file, functions in files.items():
            missing = sorted(name for name in functions if (file, name) not in known)
            if missing or not found[file]:
                sys.exit(f"tests/fuzz/parsers.txt: {target} has nothing of {file} {' '.join(missing)}")
            yield target, file, len(found[file]), sum(found[file].values())


def main():
    build, root = os.path.abspath(sys.argv[1]), os.path.realpath(sys.argv[2])
    rows = list(measure(build, root))
    text = "| Target | Parser | Lines | Reached | % |\n|---|---|---:|---:|---:|\n"
    text += "".join(f"| {target} | {file} | {lines} | {hit} | {100 * hit / lines:.1f} |\n"
                    for target, file, lines, hit in rows)
    print(text, end="")
    if sys.argv[3:]:
        coverage.put(sys.argv[3], text, "parsers")
    short = [f"{target}: {file}: {hit} of {lines} lines are reached, {LEAST} % are needed"
             for target, file, lines, hit in rows if 100 * hit < LEAST * lines]
    print("\n".join(short), end="\n" if short else "")
    sys.exit(1 if short else 0)


main()
