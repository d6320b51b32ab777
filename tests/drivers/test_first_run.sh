#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The first run ever: on a terminal a line says which kernels are compiled; else nothing is said.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
tiny_data
cd "$temporary"

cat >terminal.py <<'PYTHON'
import os, pty, re, shutil, subprocess, sys

def run(words):
    """What the program draws on a terminal while every cache is empty: a list of lines."""
    shutil.rmtree("empty", ignore_errors=True)
    os.makedirs("empty/mesa")
    environment = dict(os.environ, XDG_CACHE_HOME=os.path.abspath("empty"),
                       MESA_SHADER_CACHE_DIR=os.path.abspath("empty/mesa"))
    master, slave = pty.openpty()
    p = subprocess.Popen([os.environ["VIREO"]] + words, env=environment, stdin=subprocess.DEVNULL,
                         stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    drawn = b""
    try:
        while piece := os.read(master, 65536):
            drawn += piece
    except OSError: # the other end is closed
        pass
    assert p.wait() == 0, p.returncode
    return drawn.decode().replace("\r\033[K", "\n").split("\n")

lines = run(sys.argv[1:])
print("\n".join(lines))
named = [x for x in lines
         if re.fullmatch(r"(compile, \d+ of \d+: \w+/\w+(, .*)?|tune, (\d+ s left|time is over): \w+/\w+(, .*)?|"
                         r"first run, \d+ of \d+: \w+/\w+, which the driver may compile now)", x)]
swiftshader = os.environ.get("VIREO_TEST_DRIVER") == "swiftshader"
# A graph of a few kernels may be done before the first line is due, or the second; SwiftShader compiles before the
# run, two for each thread at once.
whole_model = sys.argv[1] in ("embed", "tune")
assert named or (swiftshader and not whole_model), "no kernel is named"
assert all(len(x) < 80 for x in lines), "a line is too wide for a terminal"
parts = [tuple(map(int, p)) for x in named for p in re.findall(r"(\d+) of (\d+)", x)]
assert all(1 <= part <= of for part, of in parts), parts
if whole_model and not swiftshader:
    assert len(set(named)) > 1, "it does not advance"
assert lines[-1] == "", "the last line is not taken away"
left = [int(x) for x in re.findall(r"(\d+) s left", "\n".join(lines))]
if sys.argv[1] == "tune":
    assert set(x.split(",")[0].split(" ")[0] for x in lines if x) == {"tune"}, "another step is told"
    assert left and max(left) <= int(sys.argv[-1]) and left == sorted(left, reverse=True), left
PYTHON
vireo 0 import --store items.db --interactions "$data/t.inter" --items "$data/t.item"
expect "kernels are named: embed" python3 terminal.py embed --model "$model" 'The sea'
expect "kernels are named: recommend" python3 terminal.py recommend --store items.db --user u1
expect "kernels are named: bench op" python3 terminal.py bench op matmul --shapes 512x384x384
expect "kernels are named, and the time left is right: tune" python3 terminal.py tune --model "$model" --budget 3
mkdir empty2
XDG_CACHE_HOME=$temporary/empty2 MESA_SHADER_CACHE_DIR=$temporary/empty2 \
    vireo 0 embed --model "$model" 'The sea'
quiet
