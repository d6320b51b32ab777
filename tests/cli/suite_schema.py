# SPDX-License-Identifier: Apache-2.0
"""suite_schema.py SCHEMA DOCUMENT...: each is what "vireo bench suite" writes; of the first, which has a model
and golden vectors, every mutation below must be refused."""
import copy
import json
import sys

import jsonschema


def faults_of(validator, document):
    """What the schema refuses, and what JSON Schema cannot say."""
    faults = [f"{list(e.path)}: {e.message[:200]}" for e in validator.iter_errors(document)]
    if faults:
        return faults
    names = [r["name"] for r in document["results"]] + document["left_out"]
    faults += [f"{name}: {names.count(name)} times" for name in sorted(set(names)) if names.count(name) > 1]
    for r in document["results"]:
        e = r["ms" if "ms" in r else "mib"]
        if not (e["min"] <= e["median"] <= e["max"] and e["low"] <= e["median"] <= e["high"]):
            faults.append(f"{r['name']}: out of order: {e}")
    return faults


def first(document, start):
    """The first result whose name begins so."""
    return next(r for r in document["results"] if r["name"].startswith(start))


def swap(e, a, b):
    e[a], e[b] = e[b] + 1, e[a]


BATCH, START, SIZE = "model model batch 8", "model model warm start", "model model device memory"
MUTATIONS = [
    ("no results", lambda d: d["results"].clear()),
    ("a result twice", lambda d: d["results"].append(d["results"][0])),
    ("a name twice", lambda d: first(d, "matmul").update(name=first(d, "attention")["name"])),
    ("a name left out, too", lambda d: d["left_out"].append(first(d, "matmul")["name"])),
    ("an empty name", lambda d: d["results"][0].update(name="")),
    ("no samples", lambda d: d["results"][0].pop("samples")),
    ("samples of 0", lambda d: first(d, "matmul")["samples"].__setitem__(0, 0)),
    ("negative samples", lambda d: first(d, BATCH)["samples"].__setitem__(3, -1.5)),
    ("negative less_samples", lambda d: first(d, "matmul")["less_samples"].__setitem__(3, -1.5)),
    ("nine samples", lambda d: first(d, "matmul").update(samples=[1.5] * 9)),
    ("an op without less_samples", lambda d: first(d, "matmul").update(less_samples=[])),
    ("an op that takes nothing off", lambda d: first(d, "matmul").update(less=0)),
    ("less of no samples", lambda d: first(d, BATCH).update(less=0.5)),
    ("dispatch without less_samples", lambda d: first(d, "device dispatch").update(less_samples=[], less=0)),
    ("an op without a kernel", lambda d: first(d, "matmul").update(kernel="")),
    ("an op without sizes", lambda d: first(d, "matmul").update(name="matmul")),
    ("an op without nmse", lambda d: first(d, "matmul").pop("nmse")),
    ("an op in MiB", lambda d: first(d, "matmul").update(mib=first(d, "matmul").pop("ms"))),
    ("copying by nothing", lambda d: first(d, "device copy").update(kernel="")),
    ("an unknown kind", lambda d: d["results"][0].update(kind="host")),
    ("low above high", lambda d: swap(first(d, "matmul")["ms"], "low", "high")),
    ("low above the median", lambda d: first(d, "matmul")["ms"].update(low=1e9, high=2e9)),
    ("min above max", lambda d: swap(first(d, BATCH)["ms"], "min", "max")),
    ("a batch in no time", lambda d: first(d, BATCH)["ms"].update(min=0, low=0)),
    ("no time", lambda d: d.pop("time")),
    ("a time in words", lambda d: d.update(time="yesterday")),
    ("a 13th month", lambda d: d.update(time="2026-13-01T00:00:00Z")),
    ("a local time", lambda d: d.update(time="2026-11-01T00:00:00")),
    ("no version", lambda d: d.update(vireo="")),
    ("no commit", lambda d: d.update(commit="")),
    ("no version of glslang", lambda d: d.update(glslang="")),
    ("a version of glslang with its name", lambda d: d.update(glslang="glslang 12.0.0")),
    ("an empty device", lambda d: d["device"].update(name="")),
    ("no uuid", lambda d: d["device"].update(uuid="0")),
    ("no api_version", lambda d: d["device"].pop("api_version")),
    ("an api_version as packed", lambda d: d["device"].update(api_version="4206818")),
    ("no tier", lambda d: d["device"].update(tier="")),
    ("no cores", lambda d: d["machine"].update(cores=0)),
    ("no processor", lambda d: d["machine"].update(cpu="")),
    ("no memory", lambda d: d["machine"].update(memory_bytes=0)),
    ("no vectors", lambda d: d["machine"].pop("vectors")),
    ("no os", lambda d: d["machine"].pop("os")),
    ("a negative load", lambda d: d["machine"].update(load_before=-1)),
    ("a roof of 0", lambda d: d["roof"].update(f32_gflops=0)),
    ("a model's result of no kind", lambda d: first(d, BATCH).update(name="model model")),
    ("starts without a model", lambda d: first(d, START).update(name="cold start")),
    ("a size in ms", lambda d: first(d, SIZE).update(ms=first(d, SIZE).pop("mib"), samples=[1.5] * 10)),
    ("a size of 0", lambda d: first(d, SIZE)["mib"].update(min=0)),
    ("a model without quality", lambda d: d.pop("quality")),
    ("golden vectors of no texts", lambda d: d["quality"].update(texts=0)),
    ("a cosine too low", lambda d: d["quality"].update(least_cosine=0.9)),
    ("a gate that is none", lambda d: d["quality"].update(allowed=0)),
    ("an empty name left out", lambda d: d["left_out"].append("")),
]
MUTATIONS += [(f"a batch without {key}", lambda d, key=key: first(d, BATCH).pop(key))
              for key in ("texts", "tokens", "texts_per_second", "p50_ms", "p95_ms", "p99_ms", "kernels")]
MUTATIONS += [(f"a batch of 0 {key}", lambda d, key=key: first(d, BATCH).update({key: 0}))
              for key in ("texts", "tokens", "p50_ms")]
MUTATIONS += [("a batch that runs nothing", lambda d: first(d, BATCH).update(kernels=[]))]
MUTATIONS += [(f"a start without {key}", lambda d, key=key: first(d, START).pop(key))
              for key in ("device_ms", "load_ms", "first_ms", "second_ms", "glslang_ms", "driver_ms")]


def only_left_out(d):
    """The model's results are left out, and what its vectors were is not told."""
    d["left_out"] += [r["name"] for r in d["results"] if r["kind"] == "model"]
    d["results"] = [r for r in d["results"] if r["kind"] != "model"]
    d.pop("quality")


MUTATIONS += [("a model left out without quality", only_left_out)]


def main():
    schema, *documents = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:])
    jsonschema.Draft7Validator.check_schema(schema)
    validator = jsonschema.Draft7Validator(schema)
    failures = [fault for d in documents for fault in faults_of(validator, d)]
    for what, mutate in MUTATIONS:
        mutated = copy.deepcopy(documents[0])
        mutate(mutated)
        if not faults_of(validator, mutated):
            failures.append(f"{what}: passes")
    print("\n".join(failures), end="\n" if failures else "")
    sys.exit(bool(failures))


main()
