#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# models/fetch.sh against a small wheel made here; no network.
set -eu
# shellcheck source=tests/not_fast.sh
. "$VIREO_SOURCE/tests/not_fast.sh"
here=$(dirname -- "$0")
# shellcheck source=tests/scripts/check.sh
. "$here/check.sh"

mkdir -p "$temporary/models/sources" "$temporary/wheels"
cp "$VIREO_SOURCE/models/fetch.sh" "$temporary/models"
fetch=$temporary/models/fetch.sh
source=$temporary/models/sources/tiny.txt
models=$temporary/cache/vireo/models
export XDG_CACHE_HOME="$temporary/cache" PIP_NO_INDEX=1 PIP_FIND_LINKS="$temporary/wheels"
python3 - "$temporary/wheels/vireo_tiny-1.0-py3-none-any.whl" "$source" <<'PYTHON'
import hashlib, sys, zipfile
wheel, source = sys.argv[1:]
files = {"config.json": b"{}\n", "1_Pooling/config.json": b"[1]\n", "weights file.bin": bytes(70000)}
with zipfile.ZipFile(wheel, "w") as z:
    for name, data in files.items():
        z.writestr("vireo_tiny/model/" + name, data)
    z.writestr("vireo_tiny/model/unpinned.bin", b"x")
    info = "vireo_tiny-1.0.dist-info/"
    z.writestr(info + "METADATA", "Metadata-Version: 2.1\nName: vireo-tiny\nVersion: 1.0\n")
    z.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    z.writestr(info + "RECORD", "")
data = open(wheel, "rb").read()
with open(source, "w") as f:
    f.write(f"package vireo-tiny\nversion 1.0\nwheel {hashlib.sha256(data).hexdigest()} {len(data)}\n"
            "prefix vireo_tiny/model/\ntitle A tiny model\nlicence CC0-1.0\nnotice Cite nobody.\n")
    for name, data in files.items():
        f.write(f"file {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n")
PYTHON

only_lock() { # nothing of a fetch is left but the empty lock
    [ -z "$(find "$models" -mindepth 1 ! -name '.tiny.lock' 2>/dev/null)" ]
}

expect_status 2 sh "$fetch"
expect_output '^usage:'
expect_status 2 sh "$fetch" tiny nothing
expect_output "no source is called 'nothing'" 'tiny'
expect_status 0 sh "$fetch" --list
expect_output '^tiny  *0\.1 MB  A tiny model  *CC0-1.0$'
expect "--list fetches nothing" [ ! -e "$models" ]

echo "fetch, then nothing to do"
expect_status 0 sh "$fetch" tiny
expect_output '^Cite nobody.$' "^tiny is in $models/tiny\$"
expect "a folder below" grep -q '\[1\]' "$models/tiny/1_Pooling/config.json"
expect "a name with a space" [ -f "$models/tiny/weights file.bin" ]
expect "only what is pinned" [ ! -e "$models/tiny/unpinned.bin" ]
expect "no temporary folder is left" [ -z "$(find "$models" -name '.tiny.tmp*')" ]
mv "$temporary/wheels" "$temporary/away"
expect_status 0 sh "$fetch" tiny
expect_no_output
touch "$models/tiny/config.json"
expect_status 0 sh "$fetch" tiny
expect_no_output

echo "a damaged folder is fetched again, and kept as it is when it cannot be"
echo damaged >"$models/tiny/config.json"
expect_status 1 sh "$fetch" tiny
expect_output 'could not download vireo-tiny 1.0'
expect "the folder stays" grep -q damaged "$models/tiny/config.json"
mv "$temporary/away" "$temporary/wheels"
expect_status 0 sh "$fetch" tiny
expect "the file is mended" grep -q '{}' "$models/tiny/config.json"

echo "what does not match leaves nothing"
rm -r "$models"
cp "$source" "$temporary/right"
awk '$1 == "wheel" { gsub(/[0-9a-f]/, "0", $2) } { print }' "$temporary/right" >"$source"
expect_status 1 sh "$fetch" tiny
expect_output 'could not download'
expect "nothing is left" only_lock
sed 's/^file [0-9a-f]*/file 0000/' "$temporary/right" >"$source"
expect_status 1 sh "$fetch" tiny
expect_output 'SHA-256 is not the one'
expect "nothing is left" only_lock
cp "$temporary/right" "$source"

echo "a signal during the download ends it at once and leaves nothing"
mkdir "$temporary/bin"
cat >"$temporary/bin/python3" <<'FAKE'
#!/bin/sh
case "$*" in
*--version*) exit 0 ;;
esac
echo half >"$TMPDIR/half"
exec sleep 30
FAKE
chmod +x "$temporary/bin/python3"
for signal in TERM HUP; do
    PATH=$temporary/bin:$PATH sh "$fetch" tiny >"$temporary/output" 2>&1 </dev/null &
    pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        [ -z "$(find "$models" -name half 2>/dev/null)" ] || break
        sleep 0.1
    done
    expect "the download has begun" [ -n "$(find "$models" -name half)" ]
    before=$(date +%s)
    kill -s "$signal" "$pid"
    status=0
    wait "$pid" || status=$?
    expect "$signal: status above 128 ($status)" [ "$status" -gt 128 ]
    expect "$signal: ends within two seconds" [ $(($(date +%s) - before)) -le 2 ]
    expect "$signal: nothing is left" only_lock
done

echo "what a killed process left is removed by the next"
mkdir -p "$models/.tiny.tmp.dead"
expect_status 0 sh "$fetch" tiny
expect "the dead folder is gone" [ ! -e "$models/.tiny.tmp.dead" ]

echo "two at once"
rm -r "$models/tiny"
sh "$fetch" tiny >"$temporary/first" 2>&1 &
pid=$!
expect_status 0 sh "$fetch" tiny
wait "$pid" || expect "the other process" false
expect "one of them fetched" [ "$(cat "$temporary/first" "$temporary/output" | grep -c 'is in')" -eq 1 ]
