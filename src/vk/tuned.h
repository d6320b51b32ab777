/* SPDX-License-Identifier: Apache-2.0
 * Which kernels calls run on this device and driver, as the tuner (run/tune.h) has measured or a person has
 * decided: texts and hashes alone. api/tuned_file.h keeps them on disk. Thread-safe. */
#ifndef VR_VK_TUNED_H
#define VR_VK_TUNED_H
#include "base/hash.h"
#include "vk/device.h"

#define VR_TUNED_FILE "tuned.json" /* in the cache folder */
enum { VR_TUNED_CALL = 384, VR_TUNED_KERNEL = 48, VR_TUNED_HEARD = 512, VR_MOST_TUNED = 4096 };

typedef struct vr_tuned_row {
    char call[VR_TUNED_CALL];     /* op, then dtype and capacities of each input (vr_call_text) */
    char kernel[VR_TUNED_KERNEL]; /* what runs; its name within the op */
    char usual[VR_TUNED_KERNEL];  /* what would without the row */
    vr_hash128 source;            /* of the call (vr_tuned_source): of another one the row says nothing */
    vr_hash128 kernel_source;     /* of what runs: of another one neither */
    vr_hash128 check_source;      /* vr_tuned_check_source of both: tells without the call that one is another */
    double us, usual_us;          /* medians of the call on the device; 0: nobody measured */
    char heard[VR_TUNED_HEARD];   /* the other kernels that need not be timed again, a space between */
    bool partly;                  /* not all kernels but fallbacks were heard: measuring goes on where it ended */
    bool pinned;                  /* a person's: it holds whatever the sources are, and is not measured */
    bool met;                     /* a session of this device has had the call; files do not say it */
    bool refused;                 /* pinned, but it cannot run for the call; neither this */
} vr_tuned_row;

/* Called by the device. Fails on exhausted memory only. */
vireo_status vr_tuned_create(vireo_device *, vireo_error *);
void vr_tuned_destroy(vireo_device *);
bool vr_tuned_any(vireo_device *);
/* Copies row `index`, of all or, if call is not NULL, of that call; false: past the end. */
bool vr_tuned_get(vireo_device *, const char *call, size_t index, vr_tuned_row *out);
/* Whether, where both are known, the first alone counts: of the same call, and pinned or, if neither is, of the
 * same source. */
bool vr_tuned_stands_for(const vr_tuned_row *, const vr_tuned_row *other);
/* Replaces the row of the same call and source, and, if it is pinned, all of the call; where a pinned row of
 * the call stands, one that is not is dropped: *kept is false. The oldest make room. */
vireo_status vr_tuned_put(vireo_device *, const vr_tuned_row *, bool *kept, vireo_error *);
/* Forgets the row of that call and source, if there is one. */
void vr_tuned_drop(vireo_device *, const vr_tuned_row *);
/* Notes in the row, as it stands now, that its call was met, and that its pinned kernel is refused; false: it
 * was refused before. */
bool vr_tuned_note(vireo_device *, const vr_tuned_row *, bool refused);
/* Nanoseconds that the compiling of a kernel (any pointer that is the same for it) has taken at most, ns
 * included: once it is compiled, nobody sees what it took. Of the last few kernels. */
double vr_tuned_compile_ns(vireo_device *, const void *kernel, double ns);
/* The hash of a shader's whole text, by a hash of its name and defines, if it was kept before. */
bool vr_tuned_text(vireo_device *, vr_hash128 key, vr_hash128 *out);
void vr_tuned_keep_text(vireo_device *, vr_hash128 key, vr_hash128 hash);
/* Around reading and writing the file, which one thread does at a time. */
void vr_tuned_lock_file(vireo_device *);
void vr_tuned_unlock_file(vireo_device *);
bool vr_tuned_is_read(const vireo_device *);  /* within the lock */
void vr_tuned_set_read(vireo_device *);
void vr_tuned_touch(vireo_device *);  /* there are rows that the file has not */
bool vr_tuned_settle(vireo_device *); /* whether there were since the last time */
bool vr_tuned_tell(vireo_device *);   /* the first time: that the file cannot be written is one warning */
#endif
