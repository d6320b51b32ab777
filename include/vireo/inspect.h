/* SPDX-License-Identifier: Apache-2.0
 *
 * Looking inside: counters, kernels, plans. Unstable: may change in any version. */
#ifndef VIREO_INSPECT_H
#define VIREO_INSPECT_H
#include "vireo/vireo.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the library that makes SPIR-V of GLSL, as it was built with: a static string, e.g. "12.0.0". Compile
 * times and what drivers are given depend on it. */
const char *vireo_glslang_version(void);

/* Totals of a device since it was created; all but memory_bytes only grow. */
typedef struct vireo_counters {
    uint64_t validation_messages; /* of the validation layer (device option) */
    uint64_t shaders_compiled, shaders_cached, pipelines_created;
    uint64_t commands_recorded;   /* recordings made: one of a bucket, a second where runs overlap */
    uint64_t submits, dispatches, groups; /* submitted */
    uint64_t ns_glslang, ns_pipeline, ns_upload; /* summed over threads */
    uint64_t memory_bytes, memory_peak_bytes; /* of buffers, as the driver allocates them: now, at most */
} vireo_counters;
void vireo_device_get_counters(const vireo_device *, vireo_counters *out);

/* Ops and their kernels in order of preference, for vireo_session_options.force_kernel, which takes
 * "op/kernel" or several with commas. NULL past the end. */
const char *vireo_op_name(size_t op);
const char *vireo_kernel_name(size_t op, size_t kernel);

/* The bucket that ran last. */
typedef struct vireo_plan_info {
    uint64_t arena_bytes, lower_bound_bytes; /* planned peak; most bytes live at one moment */
    size_t nodes, dispatches, buckets;
    size_t submissions; /* of a run, at most */
} vireo_plan_info;
vireo_status vireo_session_get_plan(const vireo_session *, vireo_plan_info *out, vireo_error *);
/* Kernel chosen for a node of the bucket that ran last, "view" where nothing is computed, and, in *op,
 * its op; NULL past the end. Static strings. */
const char *vireo_session_get_kernel(const vireo_session *, size_t node, const char **op);

/* ---- Profile -------------------------------------------------------------------------------- */

/* One node of one run: when it began (monotonic clock) and how long the device took, with its work. */
typedef struct vireo_profile_event {
    const char *op, *kernel; /* static strings */
    char shape[64];          /* of its first two inputs in this run: "12x384 1536x384", "… f16" */
    uint64_t start_ns, ns;
    uint32_t dispatches;
    double flops; /* a multiplication and an addition are two */
    double bytes; /* of its operands, each read or written once; of a table the rows that ids name */
} vireo_profile_event;
typedef struct vireo_profile {
    size_t events;    /* in the order in which runs were waited for, and nodes executed */
    uint64_t dropped; /* beyond 262,144, or of memory */
    bool device_clock; /* the device's own timestamps; else the host's, from a submission of the node
                          alone to the end of waiting for it; of a long node the sum of its submissions */
} vireo_profile;
/* While it is on, what a session records has its nodes timed, each after the one before it is done: set it
 * before the session's first run. Runs recorded so add their events until it is off. Any thread. */
void vireo_device_set_profile(vireo_device *, bool on);
void vireo_device_get_profile(const vireo_device *, vireo_profile *out);
bool vireo_device_get_profile_event(const vireo_device *, size_t index,
                                    vireo_profile_event *out); /* false: past the end */

/* ---- Tuning --------------------------------------------------------------------------------- */

/* Which kernel a call runs on this device and driver, as vireo_session_options.tune_ms has measured or a
 * person has decided. All sessions follow it, where the kernel fits, no self-test has failed it and none is
 * forced; deterministic ones only to kernels that sum in the same order. It is forgotten when the sources of
 * either kernel change. Kept in the cache folder, in tuned.json, which is read when the device's first session
 * is created; a choice there with "pinned": true is followed whatever was measured, and one that is neither
 * pinned nor measured is dropped. Sessions go on without a file that cannot be read or written, with a warning
 * a device. These take any thread. */
typedef struct vireo_tuned {
    char call[384]; /* op, then dtype and capacities of each input: "matmul f32[512,384] f16[1536,384]" */
    char kernel[48], usual[48]; /* what runs, and what would otherwise */
    double us, usual_us;        /* medians, microseconds; before it was timed, or if another kernel than that
                                   was pinned since, 0. usual of a pin that was never timed: "" */
    bool pinned;
    bool open;    /* other kernels are left to be timed: tuning again goes on from here */
    bool stale;   /* measured with a kernel that has changed since: no session follows it */
    bool met;     /* a session of this device has run the call, or a tuning one would */
    bool refused; /* pinned to what is none of the op's kernels or, if it was met, cannot run for it, has
                     failed its self-test or, in a deterministic session, may sum in another order than the
                     usual one: it was not followed, and the log warned of it */
} vireo_tuned;
/* false: past the end. Others that tune meanwhile change the order. */
bool vireo_device_get_tuned(vireo_device *, size_t index, vireo_tuned *out);
/* All of it into a file of the same form, written whole or not at all. */
vireo_status vireo_device_export_tuned(vireo_device *, const char *path, vireo_error *);
/* What sessions only warn of, for who must know. check fails where tuned.json, if it is there, cannot be read, or
 * there is no cache folder (NOT_FOUND). keep fails there, too, and writes what sessions have measured and could
 * not keep; if there is nothing of that, it fails where the file could not be written. */
vireo_status vireo_device_check_tuned(vireo_device *, vireo_error *);
vireo_status vireo_device_keep_tuned(vireo_device *, vireo_error *);
typedef struct vireo_tuned_import {
    size_t taken;
    size_t foreign;    /* skipped: of devices of other names, or with other drivers */
    size_t pinned;     /* skipped: pinned here */
    size_t unmeasured; /* skipped: neither pinned nor measured */
    char device_name[256], driver_name[256]; /* of the first foreign one, else "" */
} vireo_tuned_import;
/* Takes choices for this device, or one of the same name, with the same driver, in place of its own but those
 * that are pinned (which another pin replaces), and keeps them, if there is a cache folder. A file that is not
 * as export writes it: FORMAT; that, or a tuned.json that cannot be read or written, and nothing is taken. */
vireo_status vireo_device_import_tuned(vireo_device *, const char *path, vireo_tuned_import *out,
                                       vireo_error *);

/* ---- Reference ------------------------------------------------------------------------------ */

/* Runs a graph on the host, each node by its op's reference: naive, one thread, double precision from the
 * stored weights to the outputs, which alone are rounded. in and out as for vireo_session_run; the graph
 * stays as it is. Ids and offsets that are out of range are the caller's to avoid. Takes 8 bytes for each
 * element of each value. */
vireo_status vireo_graph_run_reference(const vireo_graph *, const vireo_tensor *in, size_t n_in,
                                       vireo_tensor *out, size_t n_out, vireo_error *);

/* ---- Roof ----------------------------------------------------------------------------------- */

/* What the device does at most, by programs that do nothing else. Each is one kind of work, done in units:
 *   copy, read, gather   64 MiB of device memory: to another place, summed, summed by 64-byte rows in
 *                        random order; copy_texel, read_texel and gather_texel read by texel views
 *   f32, f16, int8       multiplications and additions in twelve independent chains a lane; int8: products
 *                        of four bytes each, summed in 32 bits
 *   upload, download     64 MiB between host memory and device memory, the way weights take
 * A roof belongs to one thread; its device must outlive it. */
typedef struct vireo_roof vireo_roof;
typedef struct vireo_roof_info {
    const char *name;         /* static string */
    double bytes, operations; /* of a unit: read and written; of multiplying and adding two. One is 0 */
} vireo_roof_info;
const char *vireo_roof_name(size_t index); /* in the order above; NULL past the end */
/* Allocates up to 132 MiB of device memory and 64 MiB of the host's, and compiles. salt: roofs of the
 * arithmetic with different salts (0 to 9,999,999) are different programs that do the same, so that no
 * cache holds one that was never made before. INVALID_ARGUMENT: no roof has that name. UNSUPPORTED: the
 * device does not offer such arithmetic, or views of 64 MiB. */
vireo_status vireo_roof_create(vireo_device *, const char *name, uint32_t salt, vireo_roof **out,
                               vireo_error *);
const vireo_roof_info *vireo_roof_get_info(const vireo_roof *); /* borrowed */
/* So many units (at least 1), of the device's own kinds in one submission, waited for: choose so many
 * that a watchdog is not called. */
vireo_status vireo_roof_run(vireo_roof *, uint32_t units, vireo_error *);
/* Whether what the last run wrote is right, all of it; DEVICE if not: then its time means nothing. */
vireo_status vireo_roof_check(vireo_roof *, vireo_error *);
void vireo_roof_destroy(vireo_roof **);

/* ---- JSON ----------------------------------------------------------------------------------- */

/* Whether text[0..bytes) is JSON as this library accepts it in any file: RFC 8259, UTF-8, without duplicate
 * keys, NUL, lone surrogates, a byte order mark, numbers that no finite double holds, or more than 64
 * containers open at once. FORMAT or LIMIT otherwise: err->offset is the byte of the fault, the message
 * "PATH: byte N: what was found, what is allowed". path is for the message alone. Any thread; linear
 * time. */
vireo_status vireo_json_check(const char *path, const char *text, size_t bytes, vireo_error *);

/* ---- Self-test ------------------------------------------------------------------------------ */

/* Every kernel of every op that the device may use, against the op's double-precision reference, on
 * small calls with operands from a seed. The verdicts are kept, in memory and in the device's cache
 * folder (verdicts.txt), by device, driver and kernel source; sessions never choose a kernel that failed,
 * and fail where none is left. A bucket of sizes that a session has run already keeps its kernels; other
 * device objects see the verdicts when they are created. */
typedef enum vireo_verdict {
    VIREO_VERDICT_PASSED,
    VIREO_VERDICT_FAILED,
    VIREO_VERDICT_NOT_APPLICABLE, /* the device lacks what it needs */
    VIREO_VERDICT_NOT_TRIED,      /* the device was lost before its turn came */
} vireo_verdict;
typedef struct vireo_selftest_result {
    const char *op, *kernel; /* static strings */
    vireo_verdict verdict;
    const char *reason;      /* "" if it passed */
    size_t cases;            /* calls it ran */
    double nmse, error;      /* the worst: Σ(x - r)² / Σr², max |x - r| / max |r|; r is the reference */
    double ms;               /* all that was done with it, compiling included */
    const char *report;      /* NULL, or a text for a bug report: device, driver, defines, values */
    const char *report_path; /* NULL, or the file in the cache folder that holds it */
} vireo_selftest_result;
typedef struct vireo_selftest_options {
    size_t struct_size;
    vireo_progress_fn progress; /* units are kernels; cancels between them */
    void *progress_user;
    const char *op; /* borrowed: the kernels of this op alone; NULL: of all */
} vireo_selftest_options;

/* VIREO_OK if it could run, whatever it found. INVALID_ARGUMENT: no op has that name. A kernel that loses the
 * device, gives no answer in a minute, or ends the program twice has failed and is not tried again. Uses the
 * device alone: no session should be at work meanwhile. */
typedef struct vireo_selftest vireo_selftest;
vireo_status vireo_selftest_run(vireo_device *, const vireo_selftest_options *,
                                vireo_selftest **out, vireo_error *);
/* In the order of ops and kernels; NULL past the end. Borrowed. */
const vireo_selftest_result *vireo_selftest_get(const vireo_selftest *, size_t index);
void vireo_selftest_destroy(vireo_selftest **); /* before the device */

#ifdef __cplusplus
}
#endif
#endif
