# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced by tests of scripts. Gives $temporary, removed at the end; `expect` counts failures, and the
# exit status tells of them.
temporary=$(mktemp -d)
failures=0
checks=0
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

expect() { # DESCRIPTION COMMAND...
    description=$1
    shift
    checks=$((checks + 1))
    if ! "$@"; then
        failures=$((failures + 1))
        echo "failed: $description"
        if [ -f "$temporary/output" ]; then
            sed 's/^/    /' "$temporary/output"
        fi
    fi
}

# Runs a command, its output into $temporary/output, and expects its exit status.
expect_status() { # STATUS COMMAND...
    wanted=$1
    shift
    got=0
    "$@" >"$temporary/output" 2>&1 </dev/null || got=$?
    expect "exit status $wanted of: $* (was $got)" [ "$got" -eq "$wanted" ]
}

expect_output() { # a line matching each basic regular expression
    for pattern; do
        expect "output has a line like: $pattern" grep -q -e "$pattern" "$temporary/output"
    done
}

expect_no_output() {
    expect "no output" [ ! -s "$temporary/output" ]
}
