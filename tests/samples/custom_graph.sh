#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The numbers come from a NumPy version of the same network.
set -eu
# shellcheck source=tests/scripts/check.sh
. "$VIREO_SOURCE/tests/scripts/check.sh"
expect_status 0 "$1"
expect_output '^length 3: 0\.6422[89]$\|^length 3: 0\.64230$' '^length 5: 0\.4701[89]' \
    'length 1: 0\.4776[012]' 'length 12: 0\.5382[012]$'
