#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
set -eu
# shellcheck source=tests/scripts/check.sh
. "$VIREO_SOURCE/tests/scripts/check.sh"
expect_status 0 "$1"
expect_output '^device 0: ' '^using ' '= \[4 6; 310 420\]$'
# A driver that is not there: the message says so, nothing else happens.
expect_status 1 env VK_DRIVER_FILES=/none.json VK_ICD_FILENAMES=/none.json "$1"
expect_output '^hello: no usable device: '
