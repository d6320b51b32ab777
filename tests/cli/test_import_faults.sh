#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# vireo import on files that cannot be read: exit status 1, one message, nothing written.
set -eu
# shellcheck source=tests/cli/cli.sh
. "$VIREO_SOURCE/tests/cli/cli.sh"
tiny_data
cd "$temporary"
inter=$data/t.inter

printf 'user_id:token\titem_id:int\n1\t2\n' >type.inter
printf 'user_id:token\n1\n' >column.inter
printf 'user_\000id:token\titem_id:token\n1\t2\n' >nul.inter
: >empty.inter
mkfifo pipe
mkdir folder
vireo 0 import --store old.db --interactions "$inter"
cp old.db kept.db
files() { # all but the streams of the last command
    find . -mindepth 1 -maxdepth 1 ! -name out ! -name err | sort
}
before=$(files)

refuse() { # FILE MESSAGE
    for store in new.db old.db; do
        vireo 1 import --store "$store" --interactions "$1" --items "$data/t.item"
        says "vireo: $1: $2"
        expect "one message about $1" [ "$(grep -c '^vireo: ' err)" -eq 1 ]
        expect "nothing printed about $1" [ ! -s out ]
        expect "no file is left by $1" [ "$(files)" = "$before" ]
        expect "the store is as it was after $1" cmp -s old.db kept.db
    done
}
types="token, token_seq, float, float_seq"
refuse empty.inter "line 1: found nothing; allowed: a header of columns name:type"
refuse type.inter "line 1, column 2: unknown type \"int\"; allowed: $types"
refuse column.inter "line 1: no column \"item_id\"; needed: item_id of type token; found: \"user_id:token\""
refuse nul.inter "line 1: no column \"user_id\"; needed: user_id of type token; found: \"user_?id:token?item_id:token\""
refuse pipe "is a pipe, a regular file is needed (NOT_FILE)"
refuse folder "is a folder, a regular file is needed (NOT_FILE)"
refuse /dev/zero "is a device, a regular file is needed (NOT_FILE)"
refuse none.inter "cannot be opened: No such file or directory"

for store in pipe folder /dev/full type.inter none/new.db; do
    vireo 1 import --store "$store" --interactions "$inter"
    mentions "^vireo: $store: "
    expect "nothing printed about $store" [ ! -s out ]
done
says "vireo: none/new.db: opening the store: unable to open database file"
expect "an input is not written" [ "$(head -n 1 type.inter)" = "$(printf 'user_id:token\titem_id:int')" ]

vireo 2 import --store items.db --items "$data/t.item"
says 'vireo import: --interactions FILE is needed'
expect "items without interactions make no store" [ ! -e items.db ]

# Rows that are all bad are no failure.
printf 'user_id:token\titem_id:token\n1\n2\n' >rows.inter
vireo 0 import --store rows.db --interactions rows.inter --json
json 'j["interactions"]["read"] == j["interactions"]["dropped"] == 2'
json 'j["notes"][0]["reason"] == "wrong number of fields" and j["notes"][0]["first_line"] == 2'
