#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/bench/peers.sh and compare.py with both sides made up: what they judge, count, leave out and write.
set -eu
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"
bench=$VIREO_SOURCE/tests/bench
export PYTHONDONTWRITEBYTECODE=1
cd "$temporary"

# Both sides: the program, and the Python with the packages. SLOW: a word of what Vireo is slow at; RATE:
# how slow, for ops; FAIL: a word of what it fails at; WRONG: it finds other rows, or gives them other scores;
# PRODUCT: what the inner product of a row and a query is; COMPARED: the kernel of "bench op". MISSING: a module.
# GARBLED: a word of what is answered with ANSWER; NAMED: the device of "vireo devices". A shell: hundreds of them
# are started.
python3 - <<'PYTHON'
import json
def found(n, first, more):
    return {"ids": [[first + i for i in range(10)]] * n,
            "scores": [[more + 10.0 - i for i in range(10)]] * n}
def write(name, out):
    json.dump(out, open(name, "w", encoding="utf-8"))
write("search.json", {"peer": "other",
                      "queries": {str(n): {"median": 1, **found(n, 0, 0)} for n in (1, 64)}})
for n in (1, 64):
    for name, ms, first in (("right", 900, 0), ("slow", 900e3, 0), ("wrong", 900, 50 * (n > 1)),
                            ("turned", 900, 0), ("stranger", 900, 0), ("outside", 900, 0)):
        answers = found(n, first, name == "wrong")
        for ids in answers["ids"][:1]: # of the first query; all are one list
            if name == "turned":
                ids.reverse()
            elif name != "wrong":
                ids[9] = {"stranger": 77, "outside": 1000000}.get(name, ids[9])
        write(f"{name}{n}.json", {"ms": {"median": ms}, "kernels": "k", **answers})
PYTHON
cat >sides.sh <<'SIDES'
echo "$*" >>calls
slow() { # WORD FIGURE SLOW-FIGURE
    if [ "${SLOW:-}" = "$1" ]; then echo "$3"; else echo "$2"; fi
}
arguments=$*
after() { # OPTION: its value
    rest=${arguments#* "$1" }
    echo "${rest%% *}"
}
case "$*" in
*" bench "* | *" embed "*)
    if [ -n "${FAIL:-}" ]; then
        case "$*" in
        *"$FAIL"*)
            printf 'vireo: no room for it\nvireo: next: less\n' >&2
            exit 1
            ;;
        esac
    fi
    ;;
esac
if [ -n "${GARBLED:-}" ]; then
    case "$*" in
    *"$GARBLED"*)
        echo "$ANSWER"
        exit 0
        ;;
    esac
fi
case "$*" in
"-c "*)
    case $2 in
    *"import ${MISSING:-none}"*) exit 1 ;;
    esac
    ;;
*peer.py\ search*) cat search.json ;;
*peer.py\ inner_products*)
    shift 4
    products=
    for _; do products="$products${products:+, }${PRODUCT:-1}"; done
    echo "{\"products\": [$products]}"
    ;;
*peer.py*)
    case $2 in
    first) sleep 0.5 ;; # what is timed is the process
    esac
    printf '%s %s\n' '{"best": 100, "median": 100, "nmse": 1e-14, "texts_per_second": 100, "texts": 2,' \
        '"vector": [0.6, 0.8], "least_cosine": 1.0, "largest_difference": 0.0, "peer": "other"}'
    ;;
--version | *" --version") echo "vireo 9 (1a2b3c4-dirty)" ;;
"devices --json")
    echo '{"devices": [{"name": "'"${NAMED:-llvmpipe}"'", "driver": "llvmpipe", "usable": true,'
    echo "\"driver_info\": \"Mesa ${MESA:-22.3} (LLVM)\"}]}"
    ;;
*" tune "*)
    echo '{"seconds": 3.6, "choices": [{"kernel": "a", "usual": "b", "pinned": false},'
    echo '{"kernel": "a", "usual": "a", "pinned": false}, {"kernel": "c", "pinned": true}]}'
    ;;
*" bench op "*)
    dtype=$(after --dtype)
    figure=$([ "$dtype" = f32 ] && echo 100 || echo 200)
    echo "{\"results\": [{\"gflops\": $(slow "$dtype" "$figure" "${RATE:-0.1}"),"
    echo "\"kernel\": \"${COMPARED:-k}\", \"nmse\": 1e-14}]}"
    ;;
*" bench search "*)
    cat "$(slow search "${WRONG:-right}" slow)$(after --queries).json"
    ;;
*" bench "*)
    echo "{\"device\": \"llvmpipe\", \"gflops\": 150, \"ms\": {\"min\": $(slow matmul 1e-6 1e3)},"
    echo "\"f32_gflops\": $(slow roof 90 200), \"copy_gb_per_s\": 5, \"read_gb_per_s\": 5,"
    echo "\"host_copy_gb_per_s\": 6, \"host_read_gb_per_s\": 6,"
    echo "\"kernel\": \"k\", \"texts_per_second\": $(slow model 90 0.1), \"tokens\": 12}"
    ;;
*)
    echo "info: 1 ms of glslang" >&2
    echo '{"embedding": [0.6, 0.8]}'
    ;;
esac
SIDES
for side in vireo python; do
    { echo '#!/bin/sh' && cat sides.sh; } >"$side"
    chmod +x "$side"
done
mkdir model
echo weights >model/model.safetensors
echo '{}' >model/tokenizer.json
printf 'item_id:token\tmovie_title:token\trelease_year:token\tclass:token\n1\tHeat\t1995\tCrime\n' >items

# A program of the folder; how much of the cores others may have is the second argument. The document of the tree
# is a file here.
cat >run.py <<'PYTHON'
import importlib, sys
sys.path.insert(0, sys.argv[1])
import comparison
comparison.MOST_OTHERS = float(sys.argv[2])
module = importlib.import_module(sys.argv[3])
module.DOCUMENT = "of the tree"
sys.argv = sys.argv[3:]
sys.exit(module.main())
PYTHON
bench() { # STATUS SHARE PROGRAM OPTION...
    wanted_status=$1 share=$2 program=$3
    shift 3
    : >calls
    expect_status "$wanted_status" python3 run.py "$bench" "$share" "$program" --vireo ./vireo --python ./python \
        --model model --items items --rounds 1 --patience 0 "$@"
}

document() { # a document with another driver's section
    printf '%s\n' before '<!-- peers -->' '<!-- driver other -->' '### other' kept '<!-- /peers -->' after \
        >document
}

in_document() { # a line matching each basic regular expression
    for pattern; do
        expect "the document has a line like: $pattern" grep -q -e "$pattern" document
    done
}

echo "all is measured, good and written"
document
bench 0 9 peers --check --document document
expect_output '^peers: 18 measured, 0 missed, 0 not run; written to document$'
in_document '^before$' '^after$' '^kept$' '^### lavapipe 22$' '^18 measured, 0 missed, 0 not run.$' \
    '; 1 round: median (least-most)$' \
    '^| matmul f32 32 x 384 x 1536, beside ncnn | .* other | .* | ≥ 1.0 | ok |$' \
    '^| vector x 2048 x 2048, q4_0 | 200 .* Vireo, f32 | 2.000 (2.000-2.000) | ≥ 1.3 | ok |$' \
    '^| best 10 of 1,000,000 x 384, 64 queries | 71.1 .* | 1.111 .* | ≥ 1.0 | ok |$' \
    '^| MiniLM, 1 film texts, tuned | 90.0 .* | 0.900 .* | ≥ 0.22 | ok |$' \
    '^20[0-9-]*: vireo 9 (1a2b3c4-dirty) on llvmpipe, ' \
    '^MiniLM tuned by "vireo tune" in 4 s: 3 calls, 2 of them with another kernel than usual; all other rows untuned$' \
    '^| embed, one sentence, caches empty | .* s | - | - | ≤ 5.00 | ok |$' \
    '^Answers, best 10 of 1,000,000 x 64, 64 queries: 640 of 640 places have the same row, ' \
    '^Answers, embed, one sentence, caches warm: cosine 1.0000000$'
tuned_by=$(sed -n 's/^--cache-dir \([^ ]*\) tune .*/\1/p' calls)
expect "what was tuned is what MiniLM runs, and nothing else" \
    [ "$(grep -c "^--cache-dir $tuned_by bench model .*--throughput" calls):$(grep -c "^--cache-dir $tuned_by bench [^m]" calls)" = 1:0 ]
expect "each round asks both sides" [ "$(grep -c 'peer.py matmul 512 512 512$' calls)" -eq 1 ]

echo "again: one section a driver; another version of Mesa is another driver"
bench 0 9 peers --document document --only gemv
expect "one section" [ "$(grep -c '^<!-- driver lavapipe 22 -->$' document)" -eq 1 ]
in_document '^4 measured, 0 missed, 0 not run, 5 parts not chosen: matmul, ncnn, search, minilm, start.$'
expect "nothing was tuned" sh -c '! grep -q " tune " calls'
MESA=25.0.7-2 bench 0 9 peers --document document --only gemv,matmul
expect "three sections" [ "$(grep -c '^<!-- driver ' document)" -eq 3 ]
in_document '^### lavapipe 25$' '^| matmul f32 512 x 512 x 512 | .* | ≥ 0.24 | ok |$' \
    '^| vector x 2048 x 2048, f32 | .* | - | ok |$' '^kept$' '^after$'

echo "a target that is missed"
for slow in matmul:matmul gemv:q8_0 search:search minilm:model; do
    SLOW=${slow#*:} bench 1 9 peers --check --document document --only "${slow%:*}"
    expect_output 'MISSED |$' '^failed: ' '^peers: [1-9] measured, [1-9] missed, 0 not run, 5 parts not chosen: '
done
SLOW=search bench 0 9 peers --document document --only search
in_document '^4 measured, 4 missed, 0 not run, 5 parts not chosen: ' '64 queries | .* | ≥ 1.0 | MISSED |$'

echo "what cannot be measured: said, counted, the rest goes on"
MISSING=faiss bench 1 9 peers --check --document document --only search,gemv
expect_output '^search: not run: no faiss$' '^peers: 4 measured, 0 missed, 1 not run, 4 parts not chosen: matmul, ncnn, minilm, start; '
in_document '^| search | not run | - | - | - | no faiss |$' '^4 measured, 0 missed, 1 not run, 4 parts not chosen: '
FAIL='--dim 384' bench 1 9 peers --check --document document --only search
expect_output '^best 10 of 1,000,000 x 384: not run: vireo .*: exit status 1: vireo: no room for it$' \
    '^peers: 2 measured, 0 missed, 1 not run, '
FAIL='bench op' bench 0 9 peers --only gemv,minilm
expect_output '^gemv: not run: vireo ' '^peers: 1 measured, 0 missed, 1 not run, '

SLOW=f16 RATE=-1 bench 1 9 peers --check --only gemv
expect_output '^gemv: not run: matmul 1 x 2048 x 2048, f16: a time below 0, the machine is too busy$' \
    '^peers: 0 measured, 0 missed, 1 not run, '

echo "answers that differ"
WRONG=wrong bench 1 9 peers --check --document document --only search
expect_output '^failed: best 10 of 1,000,000 x 64, 1 query: answers differ: 10 of 10 places' \
    'queries: answers differ: 0 of 640 places'
WRONG=turned bench 1 9 peers --check --document document --only search # right scores, of other rows than named
expect_output '^failed: .* 1 query: answers differ: 0 of 10 places .* score 0.0e+00' \
    'queries: answers differ: 0 of 640 places .* score 0.0e+00'
WRONG=stranger PRODUCT=0.5 bench 1 9 peers --check --document document --only search # the last row is another
expect_output '^failed: .* 1 query: answers differ: 9 of 10 places .* score 0.0e+00' \
    'queries: answers differ: 576 of 640 places .* score 0.0e+00'
expect "the products are of the queries and rows that the other side does not name" \
    grep -q 'peer.py inner_products 1000000 64 0:77$' calls
WRONG=stranger PRODUCT=1 bench 0 9 peers --check --document document --only search # as good as the last
expect_output ', 1 query: 9 of 10 places have the same row, '
WRONG=outside bench 1 9 peers --check --document document --only search
expect_output '^failed: .* 1 query: answers differ: 9 of 10 places'
COMPARED=other bench 1 9 peers --check --only matmul
expect_output '^matmul: not run: matmul f32 512 x 512 x 512: kernel k was timed, but the result of other was compared$'

echo "answers that are none"
GARBLED=' bench model ' ANSWER='{"texts": 1}' bench 1 9 peers --check --document document --only minilm,search
missing="KeyError: 'texts_per_second'"
expect_output "^minilm: not run: minilm: an answer is not understood, at work.py:[0-9]*: $missing\$" \
    '^peers: 4 measured, 0 missed, 1 not run, 4 parts not chosen'
in_document '^| minilm | not run | - | - | - | minilm: an answer is not understood, '
GARBLED=peer.py\ search ANSWER=nonsense bench 1 9 peers --check --document document --only minilm,search
expect_output '^best 10 of 1,000,000 x 64: not run: search: its answer is no JSON: ' \
    '^peers: 1 measured, 0 missed, 2 not run'
GARBLED='devices --json' ANSWER='[]' bench 1 9 peers --document document --only gemv
expect_output '^peers: vireo devices: an answer is not understood, at comparison.py:[0-9]*: TypeError: '
NAMED=other bench 1 9 peers --document document --only gemv
expect_output '^peers: vireo devices: no usable device is named "llvmpipe", as that of vireo bench is; there are other$'
GARBLED=' bench model ' ANSWER='{}' bench 1 9 compare --only minilm
expect_output '^compare.py: minilm: an answer is not understood, ' 

echo "a busy machine"
bench 1 -1 peers --check --document document --only gemv
expect_output '^failed: the machine was busy: '
in_document '^4 measured, 0 missed, 0 not run, 5 parts .*; the machine was busy: '

echo "part of the work writes no table; a document without markers is told before anything is measured"
bench 0 9 peers --only matmul
expect_output '^peers: 3 measured, 0 missed, 0 not run, 5 parts not chosen: .*; part of the work, no table written$'
echo "the document of the tree takes three rounds"
document
mv document "of the tree"
bench 0 9 peers --rounds 2
expect_output '^peers: no table written: of the tree takes 3 rounds or more, these are 2 rounds; next: --rounds 3, or' \
    '^peers: 18 measured, 0 missed, 0 not run; no table written: '
expect "it is as it was" [ "$(grep -c measured "of the tree")" -eq 0 ]
bench 0 9 peers --rounds 3
expect_output '^peers: 18 measured, 0 missed, 0 not run; written to of the tree$' '; 3 rounds: median (least-most)$'
expect "it has the section" grep -q '^18 measured, 0 missed, 0 not run.$' "of the tree"
echo "no markers" >document
bench 1 9 peers --document document
expect_output '^peers: document: needs one line <!-- peers --> and after it one <!-- /peers -->$'
expect "nothing was measured" [ "$(grep -c 'peer.py' calls)" -eq 0 ]
expect "the document is as it was" [ "$(cat document)" = "no markers" ]
bench 1 9 peers --document none
expect_output '^peers: .*none'

echo "compare.py"
bench 0 9 compare --check --json
expect "its JSON" python3 -c 'import json
text = open("output", encoding="utf-8").read()
j = json.loads(text[text.index("{"):])
assert len(j["rows"]) == 9 and all(r["ok"] for r in j["rows"]) and not j["faults"] + j["not_run"], j'
SLOW=roof bench 1 9 compare --check # faster than the host itself: wrongly measured
expect_output '^failed: roof: f32 arithmetic$'
SLOW=model bench 1 9 compare --check
expect_output '^failed: MiniLM, 1 film texts$'
FAIL='bench model' bench 1 9 compare
expect_output '^compare.py: vireo .*: exit status 1: vireo: no room for it$'
MISSING=numpy bench 1 9 compare
expect_output '^compare.py: numpy, onnxruntime, tokenizers are needed: '

echo "arguments"
bench 2 9 peers --only matmul,models
expect_output '"models" is no part; allowed: matmul, ncnn, gemv, search, minilm, start$'
expect_status 0 sh "$bench/peers.sh" --help
expect_output '^usage: sh tests/bench/peers.sh ' '^  --rows ROWS '
expect_status 0 sh "$bench/peers.sh" --vireo ./vireo --python ./python --model model --items=items \
    --patience 0 --only matmul
expect_output '^peers: 3 measured, 0 missed, 0 not run, 5 parts '
expect_status 2 sh "$bench/peers.sh" --vireo ./vireo --python ./python --model model --items items --slow
expect "the document of the tree has the markers" python3 -c 'import sys
sys.path.insert(0, sys.argv[1])
import peers
peers.read_document(peers.DOCUMENT)' "$bench"
