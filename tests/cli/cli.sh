# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests of the program: a folder, a tiny model and data, and checks. $VIREO is the program.
temporary=$(mktemp -d)
failures=0
checks=0
here=$VIREO_SOURCE/tests/cli
export XDG_CACHE_HOME="$temporary/cache"
# The driver's own cache is kept between tests and runs: compiling in the driver is most of their time.
export MESA_SHADER_CACHE_DIR="${VIREO%/*}/cli-driver-cache"
finish() {
    status=$?
    rm -rf -- "$temporary"
    echo "$checks checks, $failures failed"
    if [ "$failures" -ne 0 ] || [ "$checks" -eq 0 ]; then
        exit 1
    fi
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

expect() { # DESCRIPTION COMMAND...
    description=$1
    shift
    checks=$((checks + 1))
    if ! "$@"; then
        failures=$((failures + 1))
        echo "failed: $description"
        for stream in out err; do
            sed "s/^/    $stream: /" "$temporary/$stream" 2>/dev/null | cut -c1-300 | head -20
        done
    fi
}

# vireo STATUS ARGUMENT...: streams into $temporary/out and err, and the exit status is checked.
vireo() {
    wanted=$1
    shift
    got=0
    "$VIREO" "$@" >"$temporary/out" 2>"$temporary/err" </dev/null || got=$?
    expect "exit status $wanted of: vireo $* (was $got)" [ "$got" -eq "$wanted" ]
}

# on_terminal COLUMNS ARGUMENT...: stdout is a terminal of so many; whatever the exit status.
on_terminal() {
    columns=$1
    shift
    python3 "$here/on_terminal.py" "$columns" "$VIREO" "$@" >"$temporary/out" 2>"$temporary/err" </dev/null || true
}

# until_noisy PATTERN ARGUMENT...: a run whose stdout has a line like it, while the cores are busy otherwise.
until_noisy() {
    pattern=$1
    shift
    busy=
    for _ in 1 2 3 4; do
        (while :; do :; done) &
        busy="$busy $!"
    done
    tries=0
    while [ "$tries" -lt 20 ] && "$VIREO" "$@" >"$temporary/out" 2>"$temporary/err" </dev/null &&
        ! grep -q -e "$pattern" "$temporary/out"; do
        tries=$((tries + 1))
    done
    # shellcheck disable=SC2086 # several
    kill $busy
    # shellcheck disable=SC2086
    wait $busy 2>/dev/null || true
    prints "$pattern"
}

says() { # stderr's first line is exactly this
    expect "stderr is: $1" [ "$(head -n 1 "$temporary/err")" = "$1" ]
}

mentions() { # stderr has a line like each basic regular expression
    for pattern; do
        expect "stderr has: $pattern" grep -q -e "$pattern" "$temporary/err"
    done
}

prints() { # stdout has a line like each basic regular expression
    for pattern; do
        expect "stdout has: $pattern" grep -q -e "$pattern" "$temporary/out"
    done
}

quiet() {
    expect "no message" [ ! -s "$temporary/err" ]
}

json() { # a Python expression over j, the JSON on stdout
    expect "JSON: $1" python3 -c 'import json, math, sys
j = json.load(open(sys.argv[1], encoding="utf-8"))
sys.exit(not eval(sys.argv[2]))' "$temporary/out" "$1"
}

tiny_model() {
    model=$temporary/model
    python3 "$here/tiny_model.py" "$model"
}

tiny_data() {
    data=$temporary/data
    python3 "$here/tiny_data.py" "$data"
}
