/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_model.h"
#include "base/thread.h"
#include "cli/lines.h"
#include "cli/progress.h"
#include "vireo/inspect.h"
#include <math.h>
#include <string.h>
#include <sys/resource.h>

/* OTHER_RUNS: of a batch, beside those that count: warm-up, golden vectors, selection. */
enum { MAX_TEXTS = 1 << 20, MODEL_RUNS = 3, OTHER_RUNS = 3, BATCH_RUNS = 10, START_RUNS = 10 };
const char *const vr_start_keys[VR_START_PARTS] = {"ms",        "device_ms",  "load_ms",
                                                   "first_ms",  "second_ms",  "glslang_ms",
                                                   "driver_ms"};

/* What is timed at the moment. */
typedef struct model_run {
    vireo_embedder *embedder;
    vr_texts texts;
    float *vectors;    /* (n or VR_MOST_BATCH, width) */
    uint32_t *tokens;  /* the same */
    const char *batch[VR_MOST_BATCH];
    size_t n_batch;
} model_run;

/* ---- Texts ---------------------------------------------------------------------------------- */

/* The golden vectors, and the texts: of the file, or else the golden ones. */
static vireo_status read_all(model_run *b, vr_golden *g, const vr_model_args *a, vireo_error *err)
{
    vireo_status st = a->golden ? vr_golden_read(g, a->golden, err) : VIREO_OK;
    if (st || a->input)
        return st ? st : vr_texts_read(&b->texts, a->input, MAX_TEXTS, err);
    for (size_t i = 0; !st && i < g->n; i++)
        st = vr_texts_add(&b->texts, g->texts[i], err);
    return st;
}

static void free_run(model_run *b)
{
    vr_texts_free(&b->texts);
    vr_free(NULL, b->vectors);
    vr_free(NULL, b->tokens);
}

/* ---- Starting ------------------------------------------------------------------------------- */

static double ms_between(uint64_t start, uint64_t end)
{
    return (double)(end - start) / 1e6;
}

static vireo_status start_embedder(vireo_device *d, const vr_engine *e, const vr_model_args *a,
                                   vireo_source **source, vireo_model **model,
                                   vireo_embedder **embedder, vireo_error *err)
{
    vireo_model_options load = VIREO_OPTIONS(vireo_model_options);
    vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
    load.allow_nonfinite = e->allow_nonfinite;
    load.no_fuse = e->cli->global.no_fuse;
    options.batch_tokens = a->batch_tokens;
    options.deterministic = e->cli->global.deterministic;
    vireo_status st = vireo_source_open(a->path, NULL, source, err);
    if (!st)
        st = vireo_model_load_source(d, *source, &load, model, err);
    return st ? st : vireo_embedder_create(*model, *source, &options, embedder, err);
}

/* From nothing to the first vector, and the second: the k-th sample of each part. */
static vireo_status start_once(const vr_engine *e, const vr_model_args *a,
                               const vireo_device_options *options, const char *text, vr_timing *parts,
                               size_t k, vireo_error *err)
{
    vireo_device *d = NULL;
    vireo_source *source = NULL;
    vireo_model *model = NULL;
    vireo_embedder *embedder = NULL;
    vireo_counters c = {0};
    float *vector = NULL;
    uint64_t at[5] = {vr_now_ns()};
    vireo_status st = vireo_device_create(options, &d, err);
    at[1] = vr_now_ns();
    if (!st)
        st = start_embedder(d, e, a, &source, &model, &embedder, err);
    if (!st && !(vector = vr_calloc(NULL, vireo_embedder_width(embedder), sizeof *vector)))
        st = vr_fail_memory(err, "vector");
    at[2] = vr_now_ns();
    for (int i = 3; !st && i < 5; i++) {
        st = vireo_embed(embedder, &text, 1, vector, NULL, NULL, err);
        at[i] = vr_now_ns();
    }
    if (!st) {
        vireo_device_get_counters(d, &c);
        const double ms[VR_START_PARTS] = {
            [VR_START_ALL] = ms_between(at[0], at[3]),    [VR_START_DEVICE] = ms_between(at[0], at[1]),
            [VR_START_LOAD] = ms_between(at[1], at[2]),   [VR_START_FIRST] = ms_between(at[2], at[3]),
            [VR_START_SECOND] = ms_between(at[3], at[4]), [VR_START_GLSLANG] = (double)c.ns_glslang / 1e6,
            [VR_START_DRIVER] = (double)c.ns_pipeline / 1e6};
        for (size_t i = 0; i < VR_START_PARTS; i++)
            parts[i].samples[k] = ms[i];
    }
    vr_free(NULL, vector);
    vireo_embedder_destroy(&embedder);
    vireo_model_destroy(&model);
    vireo_source_close(&source);
    vireo_device_destroy(&d);
    return st;
}

/* All but the first. */
static vireo_status time_start(const vr_engine *e, const vr_model_args *a,
                               const vireo_device_options *options, const char *text, vr_timing *parts,
                               vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t k = 1; !st && k < START_RUNS; k++) {
        st = start_once(e, a, options, text, parts, k, err);
        if (!st && vr_interrupted())
            st = vr_fail(err, VIREO_ERROR_CANCELLED, "interrupted");
    }
    for (size_t i = 0; !st && i < VR_START_PARTS; i++) {
        parts[i].runs = START_RUNS;
        vr_timing_scale(&parts[i], 1);
    }
    return st;
}

/* Whether so many times what `ns` were spent on end before the deadline. */
static bool has_time(const vr_model_args *a, double ns, double times)
{
    const uint64_t now = vr_now_ns();
    return !a->deadline || (now < a->deadline && ns * times < (double)(a->deadline - now));
}

/* One that is not counted first: it fills the cache folder, and the driver's own cache. The first that is
 * counted then tells what the others take. */
static vireo_status time_starts_of(const vr_engine *e, const vr_model_args *a,
                                   const vireo_device_options *options, const char *text,
                                   const char *name, vr_model_bench *m, vireo_error *err)
{
    vr_start_bench *s = &m->starts[m->n_starts];
    vireo_status st = start_once(e, a, options, text, s->parts, 0, err);
    const uint64_t begin = vr_now_ns();
    if (!st && has_time(a, 0, 1))
        st = start_once(e, a, options, text, s->parts, 0, err);
    if (st)
        return st;
    if (!has_time(a, (double)(vr_now_ns() - begin), 2 * START_RUNS)) { /* half is for what follows */
        m->starts_left_out[m->starts_left_out[0] != NULL] = name;
        return VIREO_OK;
    }
    s->name = name;
    m->n_starts++;
    return time_start(e, a, options, text, s->parts, err);
}

static int time_starts(vr_engine *e, const vr_cli *cli, const vr_model_args *a, const char *text,
                       vr_model_bench *m)
{
    vireo_device_options options;
    char *cache = NULL;
    e->cli = cli;
    const int status = vr_device_options(cli, &options, &cache);
    if (status)
        return status;
    options.cache_dir = NULL;
    vireo_status st = time_starts_of(e, a, &options, text, "cold", m, &e->error);
    options.cache_dir = cache;
    if (!st && cache)
        st = time_starts_of(e, a, &options, text, "warm", m, &e->error);
    vr_free(NULL, cache);
    return st ? vr_engine_fail(e, st, NULL) : 0;
}

/* ---- Running -------------------------------------------------------------------------------- */

static vireo_status embed_all(void *user, vireo_error *err)
{
    model_run *b = user;
    return vireo_embed(b->embedder, (const char *const *)b->texts.list, b->texts.n, b->vectors, b->tokens,
                       NULL, err);
}

static vireo_status embed_batch(void *user, vireo_error *err)
{
    model_run *b = user;
    return vireo_embed(b->embedder, b->batch, b->n_batch, b->vectors, b->tokens, NULL, err);
}

/* The first texts, in every run the same; beginning again where there are fewer. */
static void set_batch(model_run *b, size_t n)
{
    b->n_batch = n;
    for (size_t i = 0; i < n; i++)
        b->batch[i] = b->texts.list[i % b->texts.n];
}

static vireo_status time_batches(model_run *b, vr_golden *g, const vr_model_args *a, vr_model_bench *m,
                                 vireo_error *err)
{
    vireo_status st = VIREO_OK;
    double ns = 0; /* of a text, of the batch before */
    for (size_t i = 0; !st && i < a->n_batches; i++) {
        vr_batch_bench *o = &m->batches[i];
        if (!has_time(a, ns * a->batches[i], BATCH_RUNS + OTHER_RUNS))
            break;
        o->texts = a->batches[i];
        m->n_batches++;
        set_batch(b, o->texts);
        st = g->n ? vr_golden_check(g, b->embedder, o->texts, err) : VIREO_OK;
        if (!st)
            st = vr_bench_time(embed_batch, b, BATCH_RUNS, &o->time, err);
        for (size_t k = 0; !st && k < o->texts; k++)
            o->tokens += b->tokens[k];
        ns = o->time.ms.median * 1e6 / o->texts;
    }
    return st;
}

/* All texts of the golden file at first: what is wrong is told before any time is spent; then with each
 * batch, for other sizes may be other kernels' work. */
static vireo_status time_runs(model_run *b, vr_golden *g, const vr_model_args *a, vr_model_bench *m,
                              vireo_error *err)
{
    const size_t width = vireo_embedder_width(b->embedder);
    const size_t n = b->texts.n > VR_MOST_BATCH ? b->texts.n : VR_MOST_BATCH;
    b->vectors = vr_calloc(NULL, n * width, sizeof *b->vectors);
    b->tokens = vr_calloc(NULL, n, sizeof *b->tokens);
    if (!b->vectors || !b->tokens)
        return vr_fail_memory(err, "vectors");
    vireo_status st = g->n ? vr_golden_check(g, b->embedder, 0, err) : VIREO_OK;
    set_batch(b, 1);
    if (!st && a->whole)
        st = vr_bench_time(embed_batch, b, BATCH_RUNS, &m->one, err);
    if (!st)
        st = time_batches(b, g, a, m, err);
    if (!st && a->whole)
        st = vr_bench_time(embed_all, b, a->runs ? a->runs : MODEL_RUNS, &m->all, err);
    for (size_t i = 0; !st && a->whole && i < b->texts.n; i++)
        m->tokens += b->tokens[i];
    m->n = b->texts.n;
    m->n_golden = g->n;
    m->least_cosine = g->n ? g->least : NAN;
    return st;
}

static void read_memory(const vr_engine *e, vr_model_bench *m)
{
    vireo_counters c;
    struct rusage usage = {0};
    vireo_device_get_counters(e->device, &c);
    getrusage(RUSAGE_SELF, &usage);
    m->weight_bytes = vireo_model_weight_bytes(e->model);
    m->device_peak_bytes = c.memory_peak_bytes;
    m->host_peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
}

/* ---- Which kernels it ran ------------------------------------------------------------------- */

static void count_kernel(vr_batch_bench *o, const vireo_profile_event *e)
{
    size_t i = 0;
    while (i < o->n_kernels &&
           (strcmp(o->kernels[i].op, e->op) != 0 || strcmp(o->kernels[i].kernel, e->kernel) != 0))
        i++;
    if (i == VR_MOST_COUNTS)
        return;
    if (i == o->n_kernels)
        o->kernels[o->n_kernels++] = (struct vr_kernel_count){.op = e->op, .kernel = e->kernel};
    o->kernels[i].nodes++;
}

/* Of each batch once more, by an embedder of its own: what is profiled is recorded apart. */
static vireo_status read_selection(vr_engine *e, model_run *b, const vireo_embedder_options *options,
                                   vr_model_bench *m)
{
    vireo_embedder *timed = b->embedder;
    vireo_profile_event event;
    vireo_profile p;
    vireo_device_set_profile(e->device, true);
    vireo_status st = vireo_embedder_create(e->model, e->source, options, &b->embedder, &e->error);
    for (size_t i = 0; !st && i < m->n_batches; i++) {
        vireo_device_get_profile(e->device, &p);
        set_batch(b, m->batches[i].texts);
        st = embed_batch(b, &e->error);
        for (size_t k = p.events; !st && vireo_device_get_profile_event(e->device, k, &event); k++)
            count_kernel(&m->batches[i], &event);
    }
    vireo_device_set_profile(e->device, false);
    if (b->embedder != timed)
        vireo_embedder_destroy(&b->embedder);
    b->embedder = timed;
    return st;
}

/* The files are read before the device is opened: a wrong one is told at once. */
int vr_bench_model(vr_engine *e, const vr_cli *cli, const vr_model_args *a, vr_model_bench *m)
{
    model_run b = {0};
    vr_golden g = {0};
    vireo_embedder_options options = VIREO_OPTIONS(vireo_embedder_options);
    e->cli = cli;
    vireo_status st = read_all(&b, &g, a, &e->error);
    int status = st ? vr_engine_fail(e, st, NULL) : vr_engine_open_source(e, cli, a->path);
    options.batch_tokens = a->batch_tokens;
    options.progress = vr_progress;
    options.deterministic = cli->global.deterministic;
    if (!status && a->starts && b.texts.n)
        status = time_starts(e, cli, a, b.texts.list[0], m);
    if (!status)
        status = vr_engine_open_device(e, cli);
    if (!status)
        status = vr_engine_open_embedder(e, a->path, &options);
    if (!status) {
        b.embedder = e->embedder;
        st = time_runs(&b, &g, a, m, &e->error);
        read_memory(e, m);
        if (!st && a->selection)
            st = read_selection(e, &b, &options, m);
        if (st)
            status = vr_engine_fail(e, st, NULL);
    }
    vr_golden_free(&g);
    free_run(&b);
    return status;
}
