#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/bench/vendor.py with both sides made up: what it asks, computes and refuses.
set -eu
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"
export PYTHONDONTWRITEBYTECODE=1
cd "$temporary"
mkdir none torch transformers
echo 'raise ImportError' >none/torch.py

# A product takes the other side a millisecond for each replay of the graph, whatever it holds.
cat >torch/__init__.py <<'PYTHON'
import os
from types import SimpleNamespace as Names
__version__, float32, float16 = "9.8", "float32", "float16"
class Tensor:
    def __init__(self, *_, **named): self.named = named
    def __getattr__(self, name): return lambda *_: self
    def __mul__(self, other): return self
    __truediv__ = __mul__
class Nothing:
    def __init__(self, *_, **__): pass
    def __enter__(self): return self
    def __exit__(self, *_): return None
    def record(self): pass
    def replay(self): pass
    def elapsed_time(self, other): return 20.0
def randn(*shape, device, dtype):
    print(*shape, dtype, file=open("drawn", "a", encoding="utf-8"))
    return Tensor()
def linear(x, w):
    print("product", file=open("drawn", "a", encoding="utf-8"))
nn = Names(functional=Names(linear=linear, normalize=lambda x, dim: x))
backends = Names(cuda=Names(matmul=Names(allow_tf32=True)))
inference_mode = Nothing
cuda = Names(is_available=lambda: "NO_GPU" not in os.environ, get_device_name=lambda: "Other", CUDAGraph=Nothing,
             graph=Nothing, Event=Nothing, synchronize=lambda: None)
PYTHON
cat >transformers/__init__.py <<'PYTHON'
import torch
class Batch(dict):
    def to(self, device): return self
class AutoTokenizer:
    @staticmethod
    def from_pretrained(folder):
        return lambda texts, **_: Batch(attention_mask=torch.Tensor())
class Model(torch.Tensor):
    def __call__(self, **_): return self
    last_hidden_state = torch.Tensor()
class AutoModel:
    @staticmethod
    def from_pretrained(folder): return Model()
PYTHON
cat >vireo <<'SIDE'
#!/bin/sh
echo "$*" >>asked
case "$*" in
*"${FAIL:-nothing}"*) echo "vireo: no room for it" >&2; exit 1 ;;
"bench device --json"*) echo '{"device": "Ours", "copy_gb_per_s": 1000}' ;;
"bench op matmul"*) echo '{"results": [{"kernel": "k", "ms": {"median": 0.5, "noisy": true}, "gflops": 4000, "gb_per_s": 250}]}' ;;
"bench model --model m --input texts --throughput --json"*) echo '{"texts_per_second": 300}' ;;
*) exit 2 ;;
esac
SIDE
chmod +x vireo
printf 'long text\ntext\n' >texts
vendor() { # STATUS ARGUMENT...
    want=$1
    shift
    status=0
    rm -f asked drawn
    PYTHONPATH=${MODULES-$temporary} python3 "$VIREO_SOURCE/tests/bench/vendor.py" --vireo ./vireo "$@" \
        >output 2>&1 || status=$?
    [ "$status" -eq "$want" ]
}
prints() {
    grep -q -e "$1" output
}

expect "a table" vendor 0
expect "both devices are named" prints '^Ours, PyTorch 9.8 on Other; the device.s copy 1000 GB/s$'
expect "a product of both, 200 a replay" prints '^| 32 × 384 × 1536 | f32 | `k` | 0.5 noisy | 4 | 250 | 0.25 | 0.1 | 0.2 |$'
expect "large ones, one a replay" prints '^| 4096 × 4096 × 4096 | f16 | `k` | 0.5 noisy | 4 | 250 | 0.25 | 20 | 40 |$'
expect "blocks, which the other has not" prints '^| 1 × 2048 × 2048 | q4_0 | `k` | 0.5 noisy | 4 | 250 | 0.25 | - | - |$'
expect "16 products and the roof are asked for" test "$(wc -l <asked)" -eq 17
expect "with their types" grep -q -x 'bench op matmul --shapes 1x8192x8192 --dtype q8_0 --json' asked
expect "the other's weights are (N, K)" grep -q -x '1536 384 float16' drawn
expect "a model beside it" vendor 0 --model m --texts texts --device 1 --json
expect "all are asked of the device" test "$(grep -c -- '--json --device 1$' asked)" -eq 18
expect "figures of each" python3 - <<'PYTHON'
import json
r = json.load(open("output", encoding="utf-8"))
assert r["device"] == "Ours" and len(r["products"]) == 16
assert all((p["dtype"] in ("f32", "f16")) == ("ratio" in p) for p in r["products"])
assert all(abs(p["ratio"] - p["other_ms"] / p["ms"]) < 1e-9 for p in r["products"] if "ratio" in p)
e = r["encoder"]
assert e["texts"] == 2 and e["texts_per_second"] == 300 and set(e["other"]) == {"32", "256", "2"}
assert all(rate > 0 for rate in e["other"].values())
PYTHON
export FAIL=q8_0
expect "a failure is told" vendor 1
expect "with its command" prints 'vendor.py: ./vireo bench op matmul .*: vireo: no room for it$'
unset FAIL
expect "a model needs texts" vendor 2 --model m
export NO_GPU=1
expect "no GPU" vendor 1
expect "what to do then" prints 'PyTorch sees no GPU; without one see tests/bench/peers.sh'
export MODULES=$temporary/none
expect "no PyTorch" vendor 1
expect "how to get it" prints 'pip install torch$'
