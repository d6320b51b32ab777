# SPDX-License-Identifier: Apache-2.0
"""python3 tests/summary.py FOLDER: what run.sh left there, as a table per label and one last line.

FOLDER/NAME.json   ctest --show-only=json-v1 (labels of each test)
FOLDER/NAME.xml    ctest --output-junit (results); a prefix "NAME." is put before all but "tests"
FOLDER/checks.txt  lines: label name passed|failed seconds
FOLDER/ops-DRIVER.txt, FOLDER/NAME.ops-DRIVER.txt  tables of test_ops; the last line says how many ran
Exit status 1: something failed, nothing ran, or, with CI=true, a driver's test was skipped.
"""
import collections
import glob
import json
import os
import sys
import xml.etree.ElementTree as ElementTree

DRIVERS = {"lavapipe", "lavapipe25", "swiftshader", "validation"}
# Skips that are no lack of the machine's, also in CI: the driver has no such feature, or the tier
# leaves the test out.
ALLOWED = ("not supported:", "not in this tier")
Result = collections.namedtuple("Result", "labels name outcome seconds reason")


def reason_of(case):
    """The line of the output that says why: marked as such, else the last."""
    lines = [line.strip() for line in (case.findtext("system-out") or "").splitlines() if line.strip()]
    for line in lines:
        if line.startswith("SKIPPED:"):
            return line[len("SKIPPED:"):].strip()
        if line.startswith(("driver not found:",) + ALLOWED):
            return line
    return lines[-1] if lines else "no reason given"


def outcome_of(case):
    if case.find("skipped") is not None:
        return "skipped"
    return "passed" if case.get("status") == "run" else "failed"


def read_suite(path):
    name = os.path.splitext(os.path.basename(path))[0]
    with open(path[:-4] + ".json", encoding="utf-8") as f:
        tests = json.load(f)["tests"]
    labels = {}
    for test in tests:
        for entry in test.get("properties", []):
            if entry["name"] == "LABELS":
                labels[test["name"]] = [label for label in entry["value"] if label != "host"]
    for case in ElementTree.parse(path).getroot().iter("testcase"):
        ours = labels.get(case.get("name"), ["unlabelled"])
        full = case.get("name")
        if name != "tests":
            ours, full = [name], f"{name}.{full}"
        outcome = outcome_of(case)
        yield Result(ours, full, outcome, float(case.get("time") or 0),
                     reason_of(case) if outcome == "skipped" else "")


def read_folder(folder):
    for listing in sorted(glob.glob(os.path.join(folder, "*.json"))):
        path = listing[:-5] + ".xml"
        try:
            results = list(read_suite(path))
            yield from results
            if all(result.outcome == "skipped" for result in results):
                yield Result(["results"], os.path.basename(path), "failed", 0.0, "no test ran")
        except (OSError, ValueError, KeyError, ElementTree.ParseError) as error:
            yield Result(["results"], os.path.basename(path), "failed", 0.0, f"unreadable: {error}")
    checks = os.path.join(folder, "checks.txt")
    if os.path.exists(checks):
        with open(checks, encoding="utf-8") as f:
            for line in f:
                label, name, outcome, seconds = line.split()
                yield Result([label], name, outcome, float(seconds), "")


def judge(result, ci):
    if ci and result.outcome == "skipped" and DRIVERS & set(result.labels) \
            and not result.reason.startswith(ALLOWED):
        return result._replace(outcome="failed", reason=f"skipped, with CI=true: {result.reason}")
    return result


def print_tables(folder):
    """Where the tables of ops are and how many cases each is about."""
    paths = sorted(glob.glob(os.path.join(folder, "*ops-*.txt")))
    if paths:
        print(f"\nOps by kernel, dtype and class, in {folder}:")
    for path in paths:
        with open(path, encoding="utf-8") as f:
            lines = f.read().splitlines() or ["nothing: the test ended before"]
        print(f"  {os.path.basename(path)}: {lines[-1]}")


def main():
    ci = os.environ.get("CI") == "true"
    results = [judge(result, ci) for result in read_folder(sys.argv[1])]
    rows = collections.OrderedDict()
    for result in results:
        row = rows.setdefault(" ".join(result.labels), collections.Counter())
        row[result.outcome] += 1
        row["seconds"] += result.seconds
    width = max([len(label) for label in rows] + [5])
    print(f"\n{'label':{width}}  passed  failed  skipped  seconds")
    for label in sorted(rows):
        row = rows[label]
        print(f"{label:{width}}  {row['passed']:6}  {row['failed']:6}  {row['skipped']:7}"
              f"  {row['seconds']:7.1f}")
    for title, outcome in (("Skipped", "skipped"), ("Failed", "failed")):
        chosen = [result for result in results if result.outcome == outcome]
        if chosen:
            print(f"\n{title}:")
        for result in chosen:
            print(f"  {result.name}" + (f": {result.reason}" if result.reason else ""))
    print_tables(sys.argv[1])
    count = collections.Counter(result.outcome for result in results)
    print(f"\n{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped")
    return 0 if count["passed"] and not count["failed"] else 1


sys.exit(main())
