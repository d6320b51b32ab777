#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# import, recommend, similar and evaluate on tiny data.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_model
tiny_data
cd "$temporary"

vireo 0 import --store t.db --interactions "$data/t.inter" --items "$data/t.item" --json
json 'j["interactions"]["read"] == 322 and j["interactions"]["added"] + j["interactions"]["dropped"] == 322'
json 'j["items"]["read"] == 62 and j["items"]["dropped"] == 1 and j["items"]["mended"] == 1'
json 'sum(n["count"] for n in j["notes"] if n["action"] == "dropped") == j["interactions"]["dropped"] + 1'
json 'all(n["first_line"] > 1 and n["reason"] and n["table"] for n in j["notes"])'
vireo 0 import --store t.db --interactions "$data/t.inter" --items "$data/t.item"
prints '^table	read	added	known	mended	dropped$' '^items	62	0	61	'
vireo 1 import --store new.db --interactions "$data/none.inter"
mentions 'none.inter'
expect "a failed import makes no store" [ ! -e new.db ]
vireo 1 import --store "$data/t.item" --interactions "$data/t.inter"
mentions 't.item: '
vireo 2 import --store "$data/t.inter" --interactions "$data/t.inter"
mentions 'is also an input'

vireo 0 recommend --store t.db --user u1 --json
quiet
json 'j["user"] == "u1" and j["known_user"] and j["method"] == "neighbours" and j["device"]'
json '[i["rank"] for i in j["items"]] == list(range(1, 11)) or len(j["items"]) < 10'
json 'all(set(i) == {"rank", "id", "score", "title", "year", "genres", "why"} for i in j["items"])'
json 'all(1 <= len(i["why"]) <= 3 and all(0 < w["share"] <= 1.0001 for w in i["why"]) for i in j["items"])'
json 'all(a["score"] >= b["score"] for a, b in zip(j["items"], j["items"][1:]))'
vireo 0 recommend --store t.db --user u1 -k 3
expect "a heading and three rows" [ "$(wc -l <out)" -eq 4 ]
prints '^rank	title	year	genres	score	why$' '^1	The '
vireo 0 recommend --store t.db --user u1 -k 2 --explain
expect "still a heading and two rows" [ "$(wc -l <out)" -eq 3 ]
prints '^rank	title	year	genres	score	why$' '^1	The .*	The [^;]* [0-9.]* %'
vireo 0 recommend --store t.db --user nobody --json
says 'vireo: the user "nobody" is not in t.db: these are popular items'
json 'not j["known_user"] and j["method"] == "popular" and len(j["items"]) == 10'
vireo 0 recommend --store t.db --history i1,i2,i3 -k 4 --json
json 'j["user"] is None and len(j["items"]) == 4 and not {"i1", "i2", "i3"} & {i["id"] for i in j["items"]}'
vireo 0 recommend --store t.db --history i1,i2,i3 -k 60 --include-seen --json
json '{"i1", "i2", "i3"} & {i["id"] for i in j["items"]}'
vireo 1 recommend --store t.db --history i1,x9,i2,,y
says 'vireo: --history: not in t.db: "x9", "", "y"'
vireo 0 recommend --store t.db --user u1 -k 60 --method popular --genre sci-fi --json
json 'j["items"] and all("Sci-Fi" in i["genres"].split() for i in j["items"])'
vireo 0 recommend --store t.db --user u1 --genre Western --json
mentions 'warn: no item has the genre "Western"' 'nothing is left to recommend'
json 'j["items"] == []'
vireo 0 recommend --store t.db --user u1 -k 5 --json
python3 -c 'import json; print(json.load(open("out"))["items"][0]["id"])' >deny
first=$(cat deny)
echo absent >>deny
vireo 0 recommend --store t.db --user u1 -k 5 --deny deny --json
says 'vireo: warn: deny: 1 ids are not in the store, the first in line 2'
json "'$first' not in [i['id'] for i in j['items']]"

# With a model: content, queries, similar items; the vectors are kept in the store.
vireo 0 recommend --store t.db --model "$model" --user u1 --json
json 'j["method"] in ("neighbours", "neighbours+content")'
vectors='import sqlite3; print(sqlite3.connect("t.db").execute("SELECT count(*) FROM vectors").fetchone()[0])'
expect "vectors are kept" [ "$(python3 -c "$vectors")" -ge 60 ]
vireo 0 recommend --store t.db --model "$model" --query 'dark robot story' -k 3 --json
json 'j["method"] == "content" and j["query"] == "dark robot story" and len(j["items"]) == 3'
mv out by-size
vireo 0 recommend --store t.db --model "$model" --query "$(seq -s ' ' 1 40)" -k 3
says 'vireo: 1 of 1 texts were longer than 24 tokens and were cut'
vireo 0 --deterministic --log debug recommend --store t.db --model "$model" --query 'dark robot story' -k 3 --json
json 'j["items"] == json.load(open("by-size"))["items"]' # so few texts have the same kernels
fixed='deterministic: kernels are chosen once, for the largest sizes'
expect "one choice in both sessions" [ "$(grep -c "$fixed" err)" -eq 2 ]
vireo 0 --log debug recommend --store t.db --user u1
expect "a choice by size" [ "$(grep -c "$fixed" err)" -eq 0 ]
vireo 0 recommend --deterministic --log debug --store t.db --user u1
expect "one choice without a model" [ "$(grep -c "$fixed" err)" -eq 1 ]
vireo 0 --deterministic --log debug evaluate --store t.db --json
expect "one choice for all batches of users" [ "$(grep -c "$fixed" err)" -eq 1 ]
vireo 0 recommend --store t.db --model "$model" --user u1 --method content --json
json 'j["method"] == "content" and abs(sum(i["rank"] for i in j["items"]) - 55) < 1'
vireo 0 similar --store t.db --model "$model" --item i5 -k 4 --json
json 'j["item"] == "i5" and j["title"] and len(j["items"]) == 4 and "i5" not in [i["id"] for i in j["items"]]'
vireo 0 similar --store t.db --model "$model" --item i5
prints '^rank	title	year	genres	score$'
vireo 1 similar --store t.db --model "$model" --item x9
says 'vireo: --item: "x9" is not in t.db'
if [ "$(id -u)" -ne 0 ]; then
    cp t.db locked.db
    chmod 444 locked.db
    vireo 0 recommend --store locked.db --model "$model" --user u1
    mentions 'not writable'
fi

vireo 0 recommend --store t.db --all-users --output all.jsonl -k 2
quiet
expect "one line a user, each as for that user alone" python3 - <<'PYTHON'
import json
lines = [json.loads(line) for line in open("all.jsonl", encoding="utf-8")]
assert sorted(l["user"] for l in lines) == sorted(f"u{i}" for i in range(1, 41))
assert all(len(l["items"]) <= 2 and l["method"] for l in lines)
PYTHON
grep '"user":"u7"' all.jsonl >u7
vireo 0 recommend --store t.db --user u7 -k 2 --json
expect "the same as alone" cmp u7 out
vireo 2 recommend --store t.db --all-users --output t.db
mentions 'is also an input'

vireo 0 evaluate --store t.db --json
json 'j["users"] == 40 and set(j["metrics"]) == {"hr@10", "ndcg@10"} == set(j["baselines"]["popular"])'
json '0 <= j["metrics"]["ndcg@10"] <= j["metrics"]["hr@10"] <= 1 and j["method"] == "auto"'
vireo 0 evaluate --store t.db --method popular --at 5
prints '^method	users	at	hr	ndcg$' '^popular	40	5	0\.[0-9]*	0\.[0-9]*$'

# A terminal of 80 columns: nothing is wider, long titles are shortened.
expect "tables fit a terminal" python3 - "$VIREO" "$model" <<'PYTHON'
import os, pty, sys
def run(*args):
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(sys.argv[1], (sys.argv[1],) + args)
    text = b""
    while True:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        text += part
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, text
    return text.decode().replace("\r\n", "\n").splitlines()
lines = run("recommend", "--store", "t.db", "--user", "u1")
assert lines[0].startswith("For user u1 (neighbours, on "), lines[0]
assert lines[1].split() == ["rank", "title", "year", "genres", "score", "why"]
assert len(lines) == 12 and all(len(line) <= 80 for line in lines), lines
assert any("…" in line for line in lines)
query = "dark robot story " * 2
lines = run("recommend", "--store", "t.db", "--model", sys.argv[2], "--query", query)
assert lines[0] == "For the query " + query, lines[0]
assert lines[1].startswith("(content, on ") and lines[1].endswith(")"), lines[1]
assert all(len(line) <= 80 for line in lines), lines
lines = run("recommend", "--store", "t.db", "--model", sys.argv[2], "--query", "dark\trobot story\n" * 6)
assert lines[0] == "For the query " + ("dark robot story " * 6)[:65] + "…", lines[0]
assert lines[1].startswith("(content, on "), lines[1]
lines = run("similar", "--store", "t.db", "--model", sys.argv[2], "--item", "i1")
assert lines[0].startswith("Like "), lines[0]
assert all(len(line) <= 80 for line in lines), lines
lines = run("--profile", "recommend", "--store", "t.db", "--user", "u1")
assert any(line.endswith(" ms by the device's clock;") for line in lines), lines
assert any(line.startswith("the roof is ") for line in lines), lines
assert all(len(line) <= 80 for line in lines), lines
lines = run("devices")
assert lines[0].startswith("0  ") and any(line.startswith("   features") for line in lines)
PYTHON
