#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Signals: the program ends within a second, not as if it were done, and leaves no half file.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
cd "$temporary"
awk 'BEGIN { for (i = 0; i < 400000; i++) print "the sea of the dark city and the night " i }' >big
head -n 1100 big >some
vireo 0 embed --model "$model" --input some # so that compiling is not what is interrupted

expect "signals" python3 - "$VIREO" "$model" <<'PYTHON'
import glob, json, os, signal, subprocess, sys, time
vireo, model = sys.argv[1:]

def run(name, number, delay, args, stdin=None, twice=False, awaited="big.out*"):
    p = subprocess.Popen([vireo] + args, stdin=stdin, stdout=subprocess.DEVNULL,
                         stderr=subprocess.PIPE)
    if delay:
        time.sleep(delay)
    else: # until the file is there, for "big.out" as a temporary one
        for _ in range(3000):
            if glob.glob(awaited):
                break
            time.sleep(0.02)
        assert glob.glob(awaited), f"{name}: no {awaited}"
        time.sleep(0.2)
    assert p.poll() is None, f"{name}: already ended"
    start = time.monotonic()
    p.send_signal(number)
    if twice:
        p.send_signal(number)
    error = p.communicate(timeout=30)[1].decode()
    took = time.monotonic() - start
    print(f"{name}: {took:.2f} s, status {p.returncode}, {error!r}")
    assert took < 1.0, f"{name}: {took} s"
    assert p.returncode == -number, f"{name}: status {p.returncode}"
    assert twice or "interrupted" in error, f"{name}: {error}"
    assert not glob.glob("big.out*"), f"{name}: left {glob.glob('big.out*')}"

embed = ["embed", "--model", model, "--input", "big", "--output", "big.out"]
run("jsonl", signal.SIGINT, 0, embed)
run("npy", signal.SIGTERM, 0, embed + ["--format", "npy"])
run("hang-up", signal.SIGHUP, 0, embed)
run("twice", signal.SIGINT, 0, embed, twice=True)

# Tuning keeps what it has measured, and another run goes on from there.
tuned = os.path.join(os.environ["XDG_CACHE_HOME"], "vireo", "tuned.json")
run("tune", signal.SIGINT, 0, ["tune", "--model", model, "--budget", "120s"], awaited=tuned)
choices = json.load(open(tuned))["choices"]
assert choices and all(c["usual_ns"] > 0 for c in choices), choices
assert any(c["partly"] for c in choices), "the first size was done when the file was written"

run("waiting for input", signal.SIGINT, 1.5, ["embed", "--model", model, "--input", "-"],
    stdin=os.pipe()[0]) # its other end stays open and silent
PYTHON
