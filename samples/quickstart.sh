#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a bare Debian 12 to film recommendations: sh samples/quickstart.sh [--user N] [--device N]
# Installs what is missing, builds, fetches a model and MovieLens 100K, imports, recommends. Steps that
# are done are not repeated.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
work=$root/build/release
models=${XDG_CACHE_HOME:-${HOME:?}/.cache}/vireo/models
store=${XDG_DATA_HOME:-${HOME:?}/.local/share}/vireo/ml-100k.db
user=196
device=

# shellcheck source=cmake/setup.sh
. "$root/cmake/setup.sh"

usage() {
    say "usage: sh samples/quickstart.sh [--user N] [--device N]"
    say "    --user N     the MovieLens user to recommend for, 1 to 943 (196)"
    say "    --device N   the Vulkan device: an index, a part of its name or a UUID (the most capable)"
}

bad_usage() {
    say "quickstart.sh: $*" >&2
    usage >&2
    exit 2
}

while [ $# -gt 0 ]; do
    case $1 in
    --user=*) user=${1#*=} ;;
    --device=*) device=${1#*=} ;;
    --user | --device)
        [ $# -ge 2 ] || bad_usage "$1 needs a value"
        if [ "$1" = --user ]; then
            user=$2
        else
            device=$2
        fi
        shift
        ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) bad_usage "unknown argument '$1'" ;;
    esac
    shift
done
[ -n "$user" ] || bad_usage "--user needs a value"

import() {
    data=$models/ml-100k
    stamp=$store.imported
    pinned=$(cksum "$root/models/sources/ml-100k.txt" | cut -d ' ' -f 1,2)
    if [ -f "$store" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$pinned" ]; then
        say "4/5 The store $store is there."
        return 0
    fi
    say "4/5 Importing the ratings into $store"
    mkdir -p "$(dirname -- "$store")"
    "$vireo" import --store "$store" --interactions "$data/ml-100k.inter" \
        --items "$data/ml-100k.item" --users "$data/ml-100k.user" ||
        die "the import failed"
    printf '%s\n' "$pinned" >"$stamp"
}

mkdir -p "$work"
say "1/5 Packages: compilers, libraries, a Vulkan driver for the CPU"
install_packages build run fetch
say "2/5 Building Vireo (Release) in $work"
build "$work" vireo_cli -DCMAKE_BUILD_TYPE=Release -DVIREO_TESTS=OFF -DVIREO_WERROR=OFF ||
    die "the build failed"
vireo=$work/vireo
say "3/5 Model and data in $models"
sh "$root/models/fetch.sh" minilm ml-100k || die "model or data could not be fetched"
import
say "5/5 Ten recommendations for user $user, computed on the Vulkan device"
say
set -- recommend --store "$store" --model "$models/minilm" --user "$user" -k 10
if [ -n "$device" ]; then
    set -- --device "$device" "$@"
fi
exec "$vireo" "$@"
