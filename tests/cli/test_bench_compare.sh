#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench compare: what is slower, by how much, what is missing, and documents that are none.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
cd "$temporary"

# Documents made by hand: name, median, low, high, noisy and, but for ms, the unit.
document() { # FILE NAME:MEDIAN:LOW:HIGH:NOISY[:UNIT]...
    python3 - "$@" <<'PYTHON'
import json, sys
rows = [r.split(":") for r in sys.argv[2:]]
json.dump({"schema": "vireo-bench-1", "results": [
    {"name": r[0], (r + ["ms"])[5]: {"median": float(r[1]), "low": float(r[2]), "high": float(r[3]),
                                     "noisy": r[4] == "yes"}} for r in rows]}, open(sys.argv[1], "w", encoding="utf-8"))
PYTHON
}
document before.json equal:10:9.9:10.1:no faster:10:9.9:10.1:no slower:10:9.9:10.1:no \
    doubtful:10:9:11:no noisy:10:9.9:10.1:no gone:1:1:1:no
document after.json equal:10.2:10:10.3:no faster:8:7.9:8.1:no slower:12:11.9:12.1:no \
    doubtful:11:10.5:12:no noisy:12:10:14:yes new:1:1:1:no
vireo 1 bench compare before.json after.json --json
json '{r["name"]: r["verdict"] for r in j["results"]} == {"equal": "same", "faster": "faster",
      "slower": "slower", "doubtful": "same", "noisy": "noisy"} and j["slower"] == j["noisy"] == 1'
json 'abs(j["results"][1]["ratio"] - 1.25) < 1e-9 and abs(j["results"][1]["low"] - 9.9 / 8.1) < 1e-6'
json '[r["noisy"] for r in j["results"]] == [False] * 4 + [True]'
mentions '^vireo: 1 results are noisy' '^vireo: 1 slower or larger by more than 5 %$'
vireo 1 bench compare before.json after.json
prints '^what (ms)	before	after	speed	95 %	verdict$' '^slower	10	12	0.833	0.82 to 0.85	slower$'
vireo 1 bench compare after.json before.json # faster has become slower
mentions '^vireo: 1 slower'
# What B lacks is named, and no success; what it has besides is named.
vireo 1 bench compare before.json after.json --threshold 30 --json
json 'j["slower"] == 0 and j["missing"] == ["gone"] and j["added"] == ["new"]'
mentions '^vireo: 1 of the 6 results of before.json are missing in after.json$' \
    '^vireo: after.json: 1 results that before.json has not$'
vireo 1 bench compare before.json after.json --threshold 30
prints '^gone	-	-	-	-	missing$'
# Slower by N %: after is more than 1 + N / 100 of before, the intervals' nearest ends, too.
document ten.json a:10:10:10:no
pass() { # EXIT THRESHOLD MEDIAN:LOW:HIGH:NOISY
    document then.json "a:$3"
    vireo "$1" bench compare ten.json then.json --threshold "$2" --json
    json "j['slower'] == $1"
}
pass 1 5 10.51:10.51:10.51:no
pass 0 5 10.49:10.49:10.49:no
pass 0 5 10.6:10.4:10.8:no
pass 1 30 13.5:13.5:13.5:no
pass 1 50 19:19:19:no
pass 0 50 14.9:14.9:14.9:no
pass 1 99 20:20:20:no
# Far apart is slower, noisy or not.
pass 1 5 100:90:110:yes
json 'j["noisy"] == 1 and j["results"][0]["verdict"] == "slower" and j["results"][0]["noisy"]'
pass 0 5 12:10.2:14:yes
json 'j["results"][0]["verdict"] == "noisy"'
document then.json a:100:90:110:yes
vireo 1 bench compare ten.json then.json
prints '	slower noisy$'
vireo 0 bench compare then.json ten.json
prints '	faster noisy$'
# Of sizes less is better, too.
document small.json memory:100:100:100:no:mib equal:1:1:1:no
document large.json memory:110:110:110:no:mib equal:1:1:1:no
vireo 1 bench compare small.json large.json --json
json '[j["results"][0][k] for k in ("name", "unit", "before", "after", "verdict")] == ["memory", "mib", 100,
      110, "larger"] and abs(j["results"][0]["ratio"] - 100 / 110) < 1e-8 and j["slower"] == 1'
vireo 1 bench compare small.json large.json
prints '^memory	100 MiB	110 MiB	0.909	' '^equal	1	1	1.000	'
vireo 0 bench compare large.json small.json --json
json 'j["results"][0]["verdict"] == "smaller" and j["results"][1]["unit"] == "ms" and j["slower"] == 0'
document unit.json memory:110:110:110:no
vireo 1 bench compare small.json unit.json
says 'vireo: the result "memory" is in mib in small.json, in ms in unit.json'
document other.json other:1:1:1:no
vireo 1 bench compare before.json other.json
says 'vireo: before.json and other.json have no result in common'
# As short as the noise: more than it, or not to be told.
document short.json equal:0.1:-0.1:0.3:no
document none_left.json equal:-0.2:-0.3:-0.1:no
for pair in "none_left short" "short none_left" "none_left after" "short short"; do
    # shellcheck disable=SC2086 # two names
    set -- $pair
    vireo 0 bench compare "$1.json" "$2.json" --json
    json 'j["results"][0]["verdict"] == "noisy"'
done
vireo 1 bench compare short.json after.json --json
json 'j["results"][0]["verdict"] == "slower" and j["results"][0]["noisy"] and len(j["added"]) == 5'
printf '{"schema":"vireo-bench-1","results":[{"name":"equal","ms":{"median":1,"low":1}}]}' >broken.json
vireo 1 bench compare broken.json after.json
says 'vireo: broken.json: the result "equal" must have a name, and median, low and high in ms or mib'
vireo 1 bench compare before.json broken.json
says 'vireo: broken.json: the result "equal" must have a name, and median, low and high in ms or mib'
printf '{"schema":"vireo-bench-1","results":[{"name":"a","ms":1},{"name":"b"},{"name":"a","ms":2}]}' >twice.json
vireo 1 bench compare twice.json before.json
says 'vireo: twice.json: two results are named "a"; a name may occur once'
vireo 1 bench compare before.json twice.json
says 'vireo: twice.json: two results are named "a"; a name may occur once'
for bad in '[]' '{"schema":"vireo-bench-2","results":[]}' '{"schema":"vireo-bench-1"}'; do
    printf '%s' "$bad" >bad.json
    vireo 1 bench compare before.json bad.json
    expect "bad.json is named" grep -q '^vireo: bad.json: no document of "vireo bench suite"' err
done
# Read strictly: what cJSON alone would accept is told by its byte.
for bad in '' '{' '{"schema":"vireo-bench-1","results":[],}' '{"schema":"vireo-bench-1","results":[],"results":[]}' \
    '{"schema":"vireo-bench-1","results":[]} x' '{"schema":"vireo-bench-1","results":[],"n":01}'; do
    printf '%s' "$bad" >bad.json
    vireo 1 bench compare before.json bad.json
    expect "bad.json and a byte are named" grep -q '^vireo: bad.json: byte [0-9]*: ' err
done
vireo 1 bench compare before.json none.json
mentions '^vireo: none.json: '
vireo 2 bench compare before.json
says 'vireo bench: compare needs two files of "vireo bench suite"'
vireo 2 bench compare before.json after.json third.json
says 'vireo bench: unexpected argument "third.json" after "after.json"'

# What else differs than the commits is told, once each; the commits stand above the table.
provenance() { # FILE COMMIT DRIVER_INFO CORES QUICK TUNED
    printf '{"schema":"vireo-bench-1","commit":"%s","time":"2026-01-02T03:04:05Z","glslang":"%s.0.0","quick":%s,
        "machine":{"cpu":"one","cores":%s,"load_before":%s},"selection":{"no_fuse":false,"tuned_choices":%s},
        "device":{"name":"llvmpipe","driver_info":"%s","driver_version":1,"uuid":"%s"},
        "results":[{"name":"a","ms":{"median":1,"low":1,"high":1,"noisy":false}}]}' \
        "$2" "$4" "$5" "$4" "$4" "$6" "$3" "$3" >"$1"
}
provenance old.json aaa 'Mesa 22.3.6' 2 true 0
provenance new.json bbb 'Mesa 25.0.7' 4 false 3
vireo 0 bench compare old.json old.json --json
quiet
json 'j["differ"] == []'
vireo 0 bench compare old.json new.json --json
json '(j["differ"] == ["device.driver_info", "glslang", "machine.cores", "quick", "selection.tuned_choices"]
       and j["before"] == {"file": "old.json", "commit": "aaa", "time": "2026-01-02T03:04:05Z"}
       and j["after"]["commit"] == "bbb")'
mentions '^vireo: device.driver_info differs: "Mesa 22.3.6" in old.json, "Mesa 25.0.7" in new.json$' \
    '^vireo: glslang differs: "2.0.0" in old.json, "4.0.0" in new.json$' \
    '^vireo: machine.cores differs: 2 in old.json, 4 in new.json$' \
    '^vireo: quick differs: true in old.json, false in new.json$' \
    '^vireo: selection.tuned_choices differs: 0 in old.json, 3 in new.json$'
expect "a note each" [ "$(wc -l <err)" -eq 5 ]
sed 's/"llvmpipe"/"a\\u001bb"/; s/"cpu":"one",//' new.json >odd.json
vireo 0 bench compare new.json odd.json
mentions '^vireo: device.name differs: "llvmpipe" in new.json, "a.u001bb" in odd.json$' \
    '^vireo: machine.cpu differs: "one" in new.json, not told in odd.json$'
prints '^document	file	commit	measured$' '^before	new.json	bbb	2026-01-02T03:04:05Z$'

# On 80 columns every name is whole, and the verdict there; where there is room the interval, too.
document wide.json windowed_attention\ 1x1x8192x32x8x128x4096:234.5:233:236:no model\ minilm\ memory:134:134:134:no:mib \
    causal_attention\ 1x1x1024x32x8x128:12.35:12:13:yes causal_attention\ 1x4x4096x32x8x128:0.01234:0.012:0.013:yes
document wider.json windowed_attention\ 1x1x8192x32x8x128x4096:334.5:333:336:yes model\ minilm\ memory:234:234:234:no:mib \
    causal_attention\ 1x1x1024x32x8x128:92.35:92:93:yes causal_attention\ 1x4x4096x32x8x128:0.01134:0.011:0.012:yes
on_terminal 80 bench compare wide.json wider.json
expect "at most 80 columns" awk 'length > 80 { exit 1 }' out
prints '^windowed_attention 1x1x8192x32x8x128x4096  *234  *334  0.701  slower noisy$' \
    '^causal_attention 1x1x1024x32x8x128  *12.3  *92.3 .*slower noisy$' '^model minilm memory  *134 MiB  *234 MiB .*larger$' \
    '^causal_attention 1x4x4096x32x8x128  *0.0123  *0.0113 '
on_terminal 120 bench compare wide.json wider.json
prints '^what (ms)  *before  *after  *speed  *95 %  *verdict$'
