/* SPDX-License-Identifier: Apache-2.0
 * devices --check: the self-test of one device. */
#ifndef VR_CLI_DEVICES_CHECK_H
#define VR_CLI_DEVICES_CHECK_H
#include "cli/cli.h"

/* op: NULL, or the one whose kernels are tried. The exit status: 1 if a kernel failed, or was not tried. */
int vr_devices_check(vr_cli *, const char *op, bool json);
#endif
