/* SPDX-License-Identifier: Apache-2.0
 * Device, model and embedder as the commands need them, with the time each part took. */
#ifndef VR_CLI_ENGINE_H
#define VR_CLI_ENGINE_H
#include "cli/cli.h"
#include "vireo/recommend.h"

typedef struct vr_engine {
    const vr_cli *cli;
    bool allow_nonfinite; /* set by the command, of the model */
    bool tells_cut;       /* vr_engine_close tells how many texts were cut */
    const char *cut_option; /* the command's option that sets the limit; NULL: it has none */
    char *cache_dir; /* owned; NULL: nothing is kept */
    vireo_device *device;
    vireo_source *source;
    vireo_model *model;
    vireo_embedder *embedder;
    vireo_store *store;
    vireo_recommender *recommender;
    vireo_error error; /* of the call that failed */
    uint64_t ns_device, ns_load, ns_recommender, ns_run;
} vr_engine;

/* The option of every command that loads a model, with the field of that name in its structure. */
#define VR_ALLOW_NONFINITE(args)                                                                   \
    {                                                                                              \
        .name = "--allow-nonfinite", .kind = VR_OPTION_FLAG,                                       \
        .target = offsetof(args, allow_nonfinite),                                                 \
        .help = "load a model whose weights hold NaN or infinity"                                  \
    }

/* Each returns 0, or the exit status after it has printed what failed. Afterwards, in either case,
 * vr_engine_close, which also logs the parts of the run and reports its profile. */
int vr_engine_open_device(vr_engine *, const vr_cli *);
int vr_engine_open_source(vr_engine *, const vr_cli *, const char *path); /* no device needed */
int vr_engine_open_embedder(vr_engine *, const char *path, const vireo_embedder_options *);
/* Store first, for it fails fast; then the device, the embedder if `model` is not NULL, the
 * recommender. */
int vr_engine_open_recommender(vr_engine *, const vr_cli *, const char *store, const char *model);
int vr_engine_fail(vr_engine *, vireo_status, const char *next);
int vr_engine_close(vr_engine *, int status); /* status, or what failed after it was 0 */

/* Options of vireo_device_create for the global options; *cache_dir (vr_free) may be NULL. */
int vr_device_options(const vr_cli *, vireo_device_options *, char **cache_dir);
const char *vr_engine_device_name(const vr_engine *);
typedef struct vr_version_text {
    char text[32]; /* "1.3.289" */
} vr_version_text;
vr_version_text vr_api_version(const vireo_device_info *); /* of Vulkan */
extern const char vr_next_model[]; /* what to do without a model */
#endif
