#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -eu
# shellcheck source=tests/scripts/check.sh
. "$VIREO_SOURCE/tests/scripts/check.sh"
model=$temporary/model
python3 "$VIREO_SOURCE/tests/cli/tiny_model.py" "$model"
expect_status 0 "$1" "$model" "a dark sea" "night of the robot" "a dark sea"
# "a dark sea" with [CLS] and [SEP] has 5 tokens; equal texts have cosine 1.
expect_output '^0: 5 tokens, .* 32 numbers\]: a dark sea$' '^2: 5 tokens' \
    '^ 1\.0000 .* 1\.0000$'
expect_status 0 "$1" "$model" "sea sea sea sea sea sea sea sea sea sea sea sea sea sea sea sea \
sea sea sea sea sea sea sea sea sea sea"
expect_output '^0: 24 tokens' '^1 texts were cut at 24 tokens$'
expect_status 2 "$1" "$model"
expect_output '^usage: '
expect_status 1 "$1" "$temporary/none" "a text"
expect_output "^embed: .*$temporary/none"
