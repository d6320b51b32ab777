#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# with_driver.sh COMMAND...: runs it if the driver named by VK_DRIVER_FILES is there, else skips.
if [ ! -f "$VK_DRIVER_FILES" ]; then
    echo "driver not found: $VK_DRIVER_FILES"
    exit 77
fi
exec "$@"
