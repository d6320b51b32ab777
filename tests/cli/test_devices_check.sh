#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# vireo devices --check: table, JSON, verdicts that are kept, kernels that failed.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
cache=$temporary/cache/vireo
tab=$(printf '\t')

vireo 0 devices --check
quiet
prints "^op${tab}kernel${tab}verdict${tab}cases${tab}nmse${tab}error${tab}ms${tab}reason$"
prints "^matmul${tab}plain${tab}passed${tab}[1-9]" "^concat${tab}elements${tab}passed${tab}[1-9]"
lines=$(($(grep -vc "${tab}not_applicable${tab}" "$temporary/out") - 1)) # some drivers are spared a kernel
expect "one verdict a kernel is kept" [ "$(grep -c "${tab}passed${tab}0$" "$cache/verdicts.txt")" -eq "$lines" ]
expect "the file ends with their number" [ "$(tail -n 1 "$cache/verdicts.txt")" = "end $lines" ]

vireo 0 devices --check --json
json 'sorted(j) == ["checks", "device", "driver", "driver_info", "driver_version", "failed", "not_applicable", "not_tried", "passed", "uuid"]'
json 'all(sorted(c) == ["cases", "error", "kernel", "ms", "nmse", "op", "reason", "report", "verdict"] for c in j["checks"])'
json "j['failed'] == j['not_tried'] == 0 and j['passed'] == len(j['checks']) - j['not_applicable'] == $lines"
json 'all((c["verdict"] == "not_applicable" and c["reason"][:6] == "needs ") or (c["verdict"] == "passed" and c["reason"] == "" and c["report"] is None and c["nmse"] < 1e-9 and c["ms"] > 0) for c in j["checks"])'
uuid=$(python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))["uuid"])' "$temporary/out")
expect "verdicts are those of the device" [ "$(grep -c "^$uuid$tab" "$cache/verdicts.txt")" -eq "$lines" ]

vireo 0 devices --check --op norm --json
json 'j["failed"] == 0 and {c["op"] for c in j["checks"]} == {"norm"}'
vireo 2 devices --check --op nrom
mentions '^vireo devices: --op: no op is named "nrom"; the nearest is norm$'
vireo 2 devices --op norm
mentions '^vireo devices: --op needs --check'

# A kernel that lost the device once: refused, named, reported, not tried again.
tiny_model
embed() { # the numbers go into $temporary/$1
    vireo 0 embed --model "$model" --log info "the sea"
    cp "$temporary/out" "$temporary/$1"
}
embed before
sed -i "/${tab}norm\/lane${tab}/s/passed/lost/" "$cache/verdicts.txt"
embed after
mentions '^vireo: info: norm/lane failed its self-test here and is not used$'
expect "the next kernel answers the same" python3 -c 'import json, sys
a, b = (json.load(open(f))["embedding"] for f in sys.argv[1:])
sys.exit(not a or max(abs(x - y) for x, y in zip(a, b, strict=True)) > 1e-5)' "$temporary/before" "$temporary/after"
vireo 1 devices --check --device "$uuid"
prints "^norm${tab}lane${tab}failed${tab}0" "^norm${tab}row${tab}passed"
report=$cache/selftest-norm-lane-$(echo "$uuid" | cut -c 1-8).txt
says 'vireo: norm/lane failed: the device was lost when it was tried before; it is not tried again until its line in verdicts.txt is deleted'
mentions "^vireo: next: report it with $report\$" "^vireo: 1 of $lines kernels failed"
expect "the report is there" grep -q '^shader: norm.comp, with$' "$report"
vireo 1 devices --check --op norm --json
json 'j["failed"] == 1 and [c["report"] for c in j["checks"] if c["verdict"] == "failed"] == ["'"$report"'"]'
vireo 0 --log info devices --check --op norm --json --cache-dir "$temporary/other"
json 'j["failed"] == 0'

# Its line is deleted, and it is tried again.
sed -i "/${tab}norm\/lane${tab}/d; s/^end .*/end $((lines - 1))/" "$cache/verdicts.txt"
vireo 0 devices --check --op norm
quiet

# Damage is told once; the verdicts are made anew.
echo more >>"$cache/verdicts.txt"
vireo 0 devices --check --op norm
expect "one warning" [ "$(wc -l <"$temporary/err")" -eq 1 ]
says "vireo: warn: the self-test's verdicts are ignored: $cache/verdicts.txt: line $((lines + 2)) is damaged or foreign"
vireo 0 devices --check --op norm
quiet

# A folder that cannot be written.
: >"$temporary/plain"
vireo 1 devices --check --op norm --cache-dir "$temporary/plain/cache"
mentions 'plain: folder cannot be made'
vireo 3 devices --check --device tapir
mentions '^vireo: no device matches "tapir"'
