#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -eu
# shellcheck source=tests/scripts/check.sh
. "$VIREO_SOURCE/tests/scripts/check.sh"
python3 "$VIREO_SOURCE/tests/cli/tiny_model.py" "$temporary/model"
python3 "$VIREO_SOURCE/tests/cli/tiny_data.py" "$temporary"
store=$temporary/store.db
expect_status 0 "$VIREO" import --store "$store" --interactions "$temporary/t.inter" \
    --items "$temporary/t.item"
# Users of a group share 20 items, so neighbours come from them.
expect_status 0 "$1" "$store" u7
expect_output '^By neighbours:$' '^ 1\. The .* ([0-9]*)' '^10\. ' ' % because of The '
expect_status 0 "$1" "$store" u7 "$temporary/model"
expect_output '^By neighbours and content:$' 'item vectors: 61 of 61' '^10\. '
expect_status 0 "$1" "$store" u7 "$temporary/model"
expect "the vectors were kept" sh -c "! grep -q 'item vectors' '$temporary/output'"
expect_status 0 "$1" "$store" stranger
expect_output '^This user is not in the store'
expect_status 1 "$1" "$temporary/none.db" u7
expect_output "^recommend: .*$temporary/none.db"
expect_status 2 "$1"
