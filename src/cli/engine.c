/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/engine.h"
#include "base/file.h"
#include "base/thread.h"
#include "cli/profile_output.h"
#include "cli/progress.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char vr_next_model[] = "a model is a Hugging Face folder with config.json; "
                             "\"sh models/fetch.sh minilm\" brings one";

/* ${XDG_CACHE_HOME:-$HOME/.cache}/vireo; a relative XDG_CACHE_HOME is ignored, as its specification
 * says. NULL without either. */
static char *default_cache(void)
{
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (base && base[0] == '/')
        return vr_path_join(NULL, base, "vireo");
    return home && home[0] == '/' ? vr_path_join(NULL, home, ".cache/vireo") : NULL;
}

int vr_device_options(const vr_cli *cli, vireo_device_options *options, char **cache_dir)
{
    vireo_error err = {0};
    const char *given = cli->global.cache_dir;
    char *folder = given ? vr_strdup(NULL, given) : default_cache();
    vireo_status st = folder ? vr_make_folders(NULL, folder, &err) : VIREO_OK;
    if (st && given) {
        vr_free(NULL, folder);
        return vr_cli_fail(cli, st, &err, "--cache-dir names a folder that can be made");
    }
    if (st) {
        vr_cli_logf(cli, VIREO_LOG_WARN, "%s; nothing is cached (see --cache-dir)", err.message);
        vr_free(NULL, folder);
        folder = NULL;
    }
    *options = VIREO_OPTIONS(vireo_device_options);
    options->select = cli->global.device;
    options->cache_dir = folder;
    options->log = vr_cli_log;
    options->log_user = (void *)(uintptr_t)cli;
    options->log_level = cli->log_level;
    *cache_dir = folder;
    return 0;
}

int vr_engine_fail(vr_engine *e, vireo_status st, const char *next)
{
    return vr_cli_fail(e->cli, st, &e->error, next);
}

int vr_engine_open_device(vr_engine *e, const vr_cli *cli)
{
    vireo_device_options options;
    uint64_t start = vr_now_ns();
    e->cli = cli;
    int status = vr_device_options(cli, &options, &e->cache_dir);
    if (status)
        return status;
    vireo_status st = vr_profile_start(e);
    if (st)
        return vr_engine_fail(e, st, NULL);
    st = vireo_device_create(&options, &e->device, &e->error);
    if (!st)
        vireo_device_set_profile(e->device, cli->global.profile != NULL);
    e->ns_device = vr_now_ns() - start;
    if (st)
        return vr_engine_fail(e, st,
                              "\"vireo devices\" shows every device and why one is unusable");
    vr_cli_logf(cli, VIREO_LOG_INFO, "device %s", vr_engine_device_name(e));
    return 0;
}

int vr_engine_open_source(vr_engine *e, const vr_cli *cli, const char *path)
{
    uint64_t start = vr_now_ns();
    e->cli = cli;
    vireo_status st = vireo_source_open(path, NULL, &e->source, &e->error);
    e->ns_load += vr_now_ns() - start;
    return st ? vr_engine_fail(e, st, st == VIREO_ERROR_NOT_FOUND ? vr_next_model : NULL) : 0;
}

int vr_engine_open_embedder(vr_engine *e, const char *path, const vireo_embedder_options *options)
{
    int status = e->source ? 0 : vr_engine_open_source(e, e->cli, path);
    if (status)
        return status;
    uint64_t start = vr_now_ns();
    vireo_model_options model = VIREO_OPTIONS(vireo_model_options);
    vireo_embedder_options own = *options;
    own.deterministic = e->cli->global.deterministic;
    model.progress = vr_progress;
    model.allow_nonfinite = e->allow_nonfinite;
    model.no_fuse = e->cli->global.no_fuse;
    vireo_status st = vireo_model_load_source(e->device, e->source, &model, &e->model, &e->error);
    if (!st)
        st = vireo_embedder_create(e->model, e->source, &own, &e->embedder, &e->error);
    e->ns_load += vr_now_ns() - start;
    return st ? vr_engine_fail(e, st,
                               st == VIREO_ERROR_UNSUPPORTED
                                   ? "\"vireo inspect MODEL\" says what is missing"
                                   : NULL)
              : 0;
}

static int create_recommender(vr_engine *e, const char *key)
{
    uint64_t start = vr_now_ns();
    vireo_recommender_options options = VIREO_OPTIONS(vireo_recommender_options);
    options.embedder = e->embedder;
    options.model_key = key;
    options.progress = vr_progress;
    options.deterministic = e->cli->global.deterministic;
    options.no_fuse = e->cli->global.no_fuse;
    vireo_status st =
        vireo_recommender_create(e->device, e->store, &options, &e->recommender, &e->error);
    e->ns_recommender = vr_now_ns() - start;
    return st ? vr_engine_fail(e, st, NULL) : 0;
}

/* Vectors of new items are kept in the store: it is opened for writing where that is allowed, but
 * never made here. */
static vireo_status open_store(vr_engine *e, const char *path, bool model)
{
    vireo_status st = vireo_store_open(path, VIREO_STORE_READ, NULL, &e->store, &e->error);
    if (st || !model)
        return st;
    if (access(path, W_OK) != 0) {
        vr_cli_logf(e->cli, VIREO_LOG_WARN, "%s: not writable; vectors of items are not kept",
                    path);
        return VIREO_OK;
    }
    vireo_store_close(&e->store);
    return vireo_store_open(path, VIREO_STORE_CREATE, NULL, &e->store, &e->error);
}

int vr_engine_open_recommender(vr_engine *e, const vr_cli *cli, const char *store,
                               const char *model)
{
    const char *key = NULL;
    e->cli = cli;
    vireo_status st = open_store(e, store, model != NULL);
    if (st)
        return vr_engine_fail(e, st, NULL);
    int status = model ? vr_engine_open_source(e, cli, model) : 0;
    if (!status)
        status = vr_engine_open_device(e, cli);
    if (!status && model) {
        vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
        options.progress = vr_progress_inner; /* the recommender tells of it */
        e->tells_cut = true;
        status = vr_engine_open_embedder(e, model, &options);
    }
    if (!status && model) {
        st = vireo_source_hash(e->source, &key, &e->error);
        status = st ? vr_engine_fail(e, st, NULL) : 0;
    }
    return status ? status : create_recommender(e, key);
}

const char *vr_engine_device_name(const vr_engine *e)
{
    return vireo_device_get_info(e->device)->name;
}

vr_version_text vr_api_version(const vireo_device_info *d)
{
    vr_version_text v;
    const uint32_t packed = d->api_version;
    snprintf(v.text, sizeof v.text, "%u.%u.%u", packed >> 22 & 0x7F, packed >> 12 & 0x3FF, packed & 0xFFF);
    return v;
}

static void log_parts(const vr_engine *e)
{
    vireo_counters c;
    vireo_device_get_counters(e->device, &c);
    vr_cli_logf(e->cli, VIREO_LOG_INFO,
                "device %.0f ms, load %.0f ms (upload %.0f ms), recommender %.0f ms, run %.0f ms; "
                "in them, over all threads: glslang %.0f ms (%llu compiled, %llu cached), driver "
                "compile %.0f ms (%llu pipelines)",
                (double)e->ns_device / 1e6, (double)e->ns_load / 1e6, (double)c.ns_upload / 1e6,
                (double)e->ns_recommender / 1e6, (double)e->ns_run / 1e6,
                (double)c.ns_glslang / 1e6, (unsigned long long)c.shaders_compiled,
                (unsigned long long)c.shaders_cached, (double)c.ns_pipeline / 1e6,
                (unsigned long long)c.pipelines_created);
}

/* The sum of all calls stands in one message: texts that were cut are results of a limit the user may
 * not know of. */
static void tell_cut(const vr_engine *e)
{
    uint64_t texts = 0, cut = 0;
    vireo_embedder_counts(e->embedder, &texts, &cut);
    if (cut)
        vr_cli_note("%llu of %llu texts were longer than %u tokens and were cut%s%s%s",
                    (unsigned long long)cut, (unsigned long long)texts,
                    vireo_embedder_max_tokens(e->embedder), e->cut_option ? " (" : "",
                    e->cut_option ? e->cut_option : "", e->cut_option ? ")" : "");
}

int vr_engine_close(vr_engine *e, int status)
{
    vr_progress_clear();
    if (e->embedder && e->tells_cut && !status)
        tell_cut(e);
    if (e->device)
        log_parts(e);
    if (e->device && e->cli->global.profile && !status)
        status = vr_profile_report(e);
    vireo_recommender_destroy(&e->recommender);
    vireo_store_close(&e->store);
    vireo_embedder_destroy(&e->embedder);
    vireo_model_destroy(&e->model);
    vireo_source_close(&e->source);
    vireo_device_destroy(&e->device);
    vr_free(NULL, e->cache_dir);
    e->cache_dir = NULL;
    return status;
}
