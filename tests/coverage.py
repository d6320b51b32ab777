# SPDX-License-Identifier: Apache-2.0
"""python3 tests/coverage.py BUILD ROOT [DOCUMENT]: line coverage of src and models, a row per file.

Reads what a run of programs built with gcc --coverage left in BUILD, through gcov. A file compiled into
several programs counts once: a line is reached if any of them reached it. With DOCUMENT the table is put
there, between the lines <!-- coverage --> and <!-- /coverage -->.
"""
import collections
import json
import os
import subprocess
import sys

FOLDERS = ("src/", "models/")


def data_files(build):
    for folder, _, names in os.walk(build):
        yield from (os.path.join(folder, name) for name in names if name.endswith(".gcda"))


def lines(build, root):
    """(path, function, line, reached) of every line, as often as it was compiled."""
    for path in data_files(build):
        text = subprocess.run(["gcov", "--json-format", "--stdout", path], cwd=os.path.dirname(path),
                              capture_output=True, text=True, check=True).stdout
        for document in text.splitlines():
            for entry in json.loads(document)["files"]:
                name = os.path.relpath(os.path.join(os.path.dirname(path), entry["file"]), root)
                if name.startswith(FOLDERS):
                    for line in entry["lines"]:
                        yield name, line.get("function_name", ""), line["line_number"], line["count"] > 0


def read(build, root):
    """path: {line: reached}"""
    files = collections.defaultdict(dict)
    for name, _, number, reached in lines(build, root):
        files[name][number] = files[name].get(number, False) or reached
    return files


def table(files):
    rows = [(name, len(found), sum(found.values())) for name, found in sorted(files.items())]
    rows.append(("all", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    text = ["| File | Lines | Reached | % |", "|---|---:|---:|---:|"]
    text += [f"| {name} | {count} | {hit} | {100 * hit / count:.1f} |" for name, count, hit in rows]
    return "\n".join(text) + "\n"


def put(document, text, mark):
    """Between the lines <!-- mark --> and <!-- /mark -->."""
    begin, end = f"<!-- {mark} -->", f"<!-- /{mark} -->"
    with open(document, encoding="utf-8") as f:
        old = f.read()
    if old.count(begin) != 1 or old.count(end) != 1:
        sys.exit(f"{document}: needs one line {begin} and one {end}")
    head, rest = old.split(begin)
    with open(document, "w", encoding="utf-8") as f:
        f.write(head + begin + "\n" + text + end + rest.split(end)[1])


def main():
    build, root = sys.argv[1:3]
    files = read(build, os.path.realpath(root))
    if not files:
        sys.exit(f"{build}: no coverage data")
    text = table(files)
    print(text, end="")
    if sys.argv[3:]:
        put(sys.argv[3], text, "coverage")


if __name__ == "__main__":
    main()
