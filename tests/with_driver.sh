#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# with_driver.sh COMMAND...: runs it if the driver named by VK_DRIVER_FILES is there, else skips. With
# VIREO_TEST_NOT_FAST set the fast tier leaves it out.
if [ -n "${VIREO_TEST_NOT_FAST:-}" ]; then
    # shellcheck source=tests/not_fast.sh
    . "${0%/*}/not_fast.sh"
fi
if [ ! -f "$VK_DRIVER_FILES" ]; then
    echo "driver not found: $VK_DRIVER_FILES"
    exit 77
fi
exec "$@"
