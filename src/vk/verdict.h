/* SPDX-License-Identifier: Apache-2.0
 * What the self-test found, by device, driver, kernel and the kernel's source: in memory, and in
 * verdicts.txt in the cache folder, which every device reads once, when it is created. A line a
 * verdict, fields separated by tabs, for people to read and to delete lines from:
 *
 *     vireo verdicts 1
 *     UUID  DRIVER  OP/KERNEL  SOURCE  passed|failed|lost|trying  TRIES
 *     end LINES
 *
 * DRIVER and SOURCE are hashes. A file with anything else in it is ignored with a warning, and
 * replaced at the next verdict. Without a cache folder verdicts live as long as the device.
 * Thread-safe. */
#ifndef VR_VK_VERDICT_H
#define VR_VK_VERDICT_H
#include "base/hash.h"
#include "vk/device.h"

typedef enum vr_verdict_state {
    VR_VERDICT_NONE,
    VR_VERDICT_PASSED,
    VR_VERDICT_FAILED, /* wrong results, or an error */
    VR_VERDICT_LOST,   /* the device was lost, or gave no answer */
    VR_VERDICT_TRYING, /* written before a kernel is tried: the program ended while it ran */
} vr_verdict_state;

typedef struct vr_verdict {
    vr_verdict_state state;
    uint32_t tries; /* TRYING: how often the program ended, one after the other */
} vr_verdict;

#define VR_VERDICT_FILE "verdicts.txt"
enum { VR_VERDICT_NAME = 64, VR_MOST_TRIES = 99, VR_MOST_VERDICTS = 1024 };

/* Called by the device. Fails on exhausted memory only. */
vireo_status vr_verdicts_create(vireo_device *, vireo_error *);
void vr_verdicts_destroy(vireo_device *);
/* Whether something other than PASSED is known of kernel "op/kernel" on this device and driver,
 * with whatever source: hashing sources takes milliseconds, and is spared where there is nothing to
 * find. */
bool vr_verdict_suspects(vireo_device *, const char *kernel);
vr_verdict vr_verdict_get(vireo_device *, const char *kernel, vr_hash128 source);
/* In memory, until it is saved; NONE forgets it. */
void vr_verdict_set(vireo_device *, const char *kernel, vr_hash128 source, vr_verdict);
/* Saves, with TRYING in place of this kernel's verdict. */
void vr_verdict_try(vireo_device *, const char *kernel, vr_hash128 source, uint32_t tries);
/* Writes what was set since the last time into the file as it is now: other processes may have
 * written. Destroying the device saves too. */
void vr_verdicts_save(vireo_device *);
#endif
