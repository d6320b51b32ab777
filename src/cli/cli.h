/* SPDX-License-Identifier: Apache-2.0
 * What all commands share: the global options, messages, exit statuses, interruption. */
#ifndef VR_CLI_CLI_H
#define VR_CLI_CLI_H
#include "base/error.h"
#include "base/str.h"
#include "cli/args.h"
#include "vireo/vireo.h"

enum { VR_EXIT_OK, VR_EXIT_FAILED, VR_EXIT_USAGE, VR_EXIT_NO_DEVICE };

typedef struct vr_global_options {
    const char *device, *cache_dir;
    const char *profile; /* NULL: none is made; "": the top ten are printed; else the trace's file */
    uint32_t log; /* a vireo_log_level */
    bool deterministic, no_fuse;
} vr_global_options;

struct vr_cli {
    const vr_command *command;
    vr_global_options global;
    vireo_log_level log_level;
    uint64_t given; /* bit i: option i of the command was given */
};

/* What was built, as git describes it: "-dirty" with changes to a commit, "unknown" without git. Made at
 * build time (cmake/commit.cmake). */
extern const char vr_commit[];

/* In the order of --help; NULL at the end. */
extern const vr_command vr_command_devices, vr_command_inspect, vr_command_tokenize,
    vr_command_embed, vr_command_import, vr_command_recommend, vr_command_similar,
    vr_command_evaluate, vr_command_tune, vr_command_bench;

/* ---- Messages, all to stderr ---------------------------------------------------------------- */

/* Prints the error and, if it has one, what to do next; the exit status for it. An interruption or
 * a closed pipe says nothing of its own. */
int vr_cli_fail(const vr_cli *, vireo_status, const vireo_error *, const char *next);
void vr_cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* For vireo_device_options; user is the vr_cli. */
void vr_cli_log(void *user, vireo_log_level, const char *message);
void vr_cli_logf(const vr_cli *, vireo_log_level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Writes to stdout and flushes; the exit status. */
int vr_cli_print(const vr_cli *, const vr_str *);
/* Writes all bytes to stdout, unbuffered. A closed pipe: VIREO_ERROR_IO with an empty message. */
vireo_status vr_cli_write(const void *data, size_t bytes, vireo_error *);

/* ---- Interruption ---------------------------------------------------------------------------- */

/* The first SIGINT, SIGTERM or SIGHUP sets a flag, which progress callbacks and loops look at; if
 * the program is still there after VR_GRACE_MS, or at a second signal, the file being written is
 * removed and the signal ends the process. */
enum { VR_GRACE_MS = 700 };
void vr_interrupt_install(void);
bool vr_interrupted(void);
void vr_interrupt_finish(void); /* dies by the signal, if there was one */
/* A temporary file to remove at a sudden end (copied); NULL: none. */
void vr_interrupt_guard(const char *path);
#endif
