# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
# Sourced first by tests that take long: the fast tier leaves them out, counted as skipped.
if [ "${VIREO_TIER:-}" = fast ]; then
    echo "SKIPPED: not in this tier"
    exit 77
fi
