/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench.h"
#include "base/thread.h"
#include "cli/progress.h"
#include "vireo/inspect.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_RUNS = 10, LEAST_NS = 500 * 1000 * 1000, TRIES = 4, MAX_REPEATS = 32, MEMORY_SIDE = 1024 };

/* A graph of small inputs and one output, ready to run. */
typedef struct bench {
    vireo_model *model;
    vireo_session *session;
    vireo_tensor in[2], out;
    size_t n_in;
    float *result;
} bench;

/* n of them, in turns. */
static vireo_status time_turns(vr_bench_run *run, void *const *users, size_t n, size_t least_runs,
                               uint64_t least_ns, vr_timing *out, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < n; i++) {
        out[i] = (vr_timing){.runs = 0};
        st = run(users[i], err);
    }
    const uint64_t begin = vr_now_ns();
    while (!st && out->runs < VR_TIMING_RUNS &&
           (out->runs < least_runs || vr_now_ns() - begin < least_ns)) {
        for (size_t i = 0; !st && i < n; i++) {
            const uint64_t start = vr_now_ns();
            st = run(users[i], err);
            out[i].samples[out[i].runs++] = (double)(vr_now_ns() - start) / 1e6;
        }
        if (!st && vr_interrupted())
            st = vr_fail(err, VIREO_ERROR_CANCELLED, "interrupted");
    }
    for (size_t i = 0; !st && i < n; i++)
        vr_timing_scale(&out[i], 1);
    return st;
}

vireo_status vr_bench_time(vr_bench_run *run, void *user, size_t least_runs, vr_timing *out, vireo_error *err)
{
    return time_turns(run, &user, 1, least_runs, LEAST_NS, out, err);
}

vireo_status vr_bench_time_few(vr_bench_run *run, void *user, size_t runs, vr_timing *out, vireo_error *err)
{
    return time_turns(run, &user, 1, runs, 0, out, err);
}

vireo_status vr_bench_time_further(vr_bench_run *run, void *const users[2], size_t n, size_t least_runs,
                                   vr_timing *one, vr_timing *further, vireo_error *err)
{
    vr_timing both[2];
    for (int i = 0; i < TRIES; i++) {
        vireo_status st = time_turns(run, users, 2, least_runs, LEAST_NS, both, err);
        if (st)
            return st;
        if (one)
            *one = both[0];
        *further = both[1];
        vr_timing_less(further, &both[0], 1.0 / (double)n);
        if (further->ms.median > 0)
            return VIREO_OK;
    }
    return vr_fail(err, VIREO_ERROR_DEVICE,
                   "a run with %zu further dispatches took %.3g ms, one without them %.3g: what else the machine "
                   "does takes more time than what is measured; run it again when less runs",
                   n, both[1].ms.median, both[0].ms.median);
}

vireo_status vr_bench_open(vireo_model *model, const char *force, const vireo_tensor *in, size_t n_in,
                           vireo_tensor *out, size_t n_out, vireo_session **session, vireo_error *err)
{
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.force_kernel = force;
    options.progress = vr_progress_inner;
    vireo_status st = vireo_session_create(model, &options, session, err);
    return st ? st : vireo_session_run(*session, in, n_in, out, n_out, err);
}

/* ---- Timings -------------------------------------------------------------------------------- */

/* The samples stay as they are: the estimate sorts what it is given. */
static vr_estimate estimate(const vr_timing *t, double *figures)
{
    for (size_t i = 0; i < t->runs; i++)
        figures[i] = (t->samples[i] - t->less) * t->by;
    return vr_estimate_of(figures, t->runs);
}

void vr_timing_scale(vr_timing *t, double by)
{
    double figures[VR_TIMING_RUNS];
    t->less = 0;
    t->by = by;
    t->less_runs = 0;
    t->ms = estimate(t, figures);
}

void vr_timing_less(vr_timing *t, const vr_timing *one, double by)
{
    double figures[VR_TIMING_RUNS];
    const double low = (t->ms.low - one->ms.high) * by, high = (t->ms.high - one->ms.low) * by;
    t->less = one->ms.median;
    t->by = by;
    t->less_runs = one->runs;
    memcpy(t->less_samples, one->samples, one->runs * sizeof *one->samples);
    t->ms = estimate(t, figures);
    t->ms.low = low; /* both are measured */
    t->ms.high = high;
    t->ms.noisy = vr_is_noisy(&t->ms);
}

double vr_percentile(const vr_timing *t, double share)
{
    double figures[VR_TIMING_RUNS];
    const double rank = ceil(share * (double)t->runs);
    estimate(t, figures);
    return figures[rank > 1 ? (size_t)rank - 1 : 0];
}

static void write_samples(vr_json_out *j, const char *key, const double *samples, size_t n)
{
    vr_out_begin(j, key, '[');
    for (size_t i = 0; i < n; i++)
        vr_out_number(j, NULL, samples[i]);
    vr_out_end(j, ']');
}

void vr_out_samples(vr_json_out *j, const vr_timing *t)
{
    write_samples(j, "samples", t->samples, t->runs);
    vr_out_number(j, "less", t->less);
    vr_out_number(j, "by", t->by);
    write_samples(j, "less_samples", t->less_samples, t->less_runs);
}

void vr_out_timing(vr_json_out *j, const char *key, const vr_timing *t)
{
    vr_out_begin(j, key, '{');
    vr_out_number(j, "min", t->ms.min);
    vr_out_number(j, "median", t->ms.median);
    vr_out_number(j, "max", t->ms.max);
    vr_out_number(j, "low", t->ms.low);
    vr_out_number(j, "high", t->ms.high);
    vr_out_bool(j, "noisy", t->ms.noisy);
    vr_out_end(j, '}');
}

/* ---- Small graphs --------------------------------------------------------------------------- */

static vireo_status run_bench(void *user, vireo_error *err)
{
    bench *b = user;
    return vireo_session_run(b->session, b->in, b->n_in, &b->out, 1, err);
}

static vireo_status open_bench(bench *b, vireo_device *device, vireo_graph **graph,
                               size_t out_floats, vireo_error *err)
{
    b->result = vr_calloc(NULL, out_floats, sizeof *b->result);
    b->out = (vireo_tensor){.data = b->result, .bytes = out_floats * sizeof *b->result};
    if (!b->result) {
        vireo_graph_destroy(graph);
        return vr_fail_memory(err, "bench");
    }
    vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
    options.no_fuse = true; /* what is measured stays what it is */
    vireo_status st = vireo_model_create(device, graph, &options, &b->model, err);
    return st ? st : vr_bench_open(b->model, NULL, b->in, b->n_in, &b->out, 1, &b->session, err);
}

static void close_bench(bench *b)
{
    vireo_session_destroy(&b->session);
    vireo_model_destroy(&b->model);
    vr_free(NULL, b->result);
    *b = (bench){0};
}

/* n elements in [-0.5, 0.5), the same in every run. */
static void *random_values(size_t n, bool f16)
{
    uint32_t state = 1;
    float *f = vr_alloc(NULL, n * sizeof *f);
    uint16_t *h = (uint16_t *)(void *)f;
    for (size_t i = 0; f && i < n; i++) {
        state = state * 1664525u + 1013904223u; /* Knuth's generator by way of Numerical Recipes */
        if (f16) /* sign and fraction at random, exponent of [0.25, 0.5) */
            h[i] = (uint16_t)((state >> 16 & 0x83FF) | 13 << 10);
        else
            f[i] = (float)(state >> 8) / (float)(1 << 24) - 0.5f;
    }
    return f;
}

/* `repeats` equal products, of each of which one row is read. */
static vireo_status open_matmul(bench *b, vireo_device *device, const vr_matmul_bench *o,
                                uint32_t repeats, float *a_data, void *b_data, int32_t *row,
                                vireo_error *err)
{
    const int64_t a_shape[] = {o->m, o->k}, one[] = {1};
    vireo_graph *g = NULL;
    vireo_status st = vireo_graph_create(NULL, &g, err);
    if (st)
        return st;
    vireo_tensor weights = {.dtype = o->f16 ? VIREO_F16 : VIREO_F32,
                            .rank = 2,
                            .shape = {o->plain_b ? o->k : o->n, o->plain_b ? o->n : o->k},
                            .data = b_data,
                            .bytes = (size_t)o->n * o->k * (o->f16 ? 2 : 4)};
    vireo_value x = vireo_graph_input(g, "a", VIREO_F32, 2, a_shape, (vireo_symbol){0});
    vireo_value id = vireo_graph_input(g, "row", VIREO_I32, 1, one, (vireo_symbol){0});
    vireo_value w = vireo_graph_constant(g, "b", &weights), sum = VIREO_NONE;
    for (uint32_t i = 0; i < repeats; i++) {
        vireo_value product =
            vireo_matmul(g, x, w, &(vireo_matmul_args){.transpose_b = !o->plain_b});
        vireo_value part = vireo_gather_rows(g, product, id);
        sum = i ? vireo_binary_op(g, VIREO_ADD, sum, part) : part;
    }
    vireo_graph_output(g, "rows", sum);
    b->n_in = 2;
    b->in[0] = (vireo_tensor){.dtype = VIREO_F32,
                              .rank = 2,
                              .shape = {o->m, o->k},
                              .data = a_data,
                              .bytes = (size_t)o->m * o->k * sizeof *a_data};
    b->in[1] = (vireo_tensor){
        .dtype = VIREO_I32, .rank = 1, .shape = {1}, .data = row, .bytes = sizeof *row};
    return open_bench(b, device, &g, o->n, err);
}

static const char *matmul_kernel(const bench *b)
{
    const char *op = "", *kernel;
    for (size_t i = 0; (kernel = vireo_session_get_kernel(b->session, i, &op)); i++)
        if (!strcmp(op, "matmul"))
            return kernel;
    return "";
}

/* One product is timed first; if it is short, many are put into one run. */
static vireo_status time_matmul(vireo_device *device, vr_matmul_bench *o, float *a_data,
                                void *b_data, vireo_error *err)
{
    bench b = {0};
    int32_t row = 0;
    vireo_status st = open_matmul(&b, device, o, 1, a_data, b_data, &row, err);
    if (!st)
        st = vr_bench_time(run_bench, &b, LEAST_RUNS, &o->time, err);
    double once = o->time.ms.median;
    o->repeats = 1;
    if (!st && once < 20.0) {
        double wanted = 20.0 / once;
        o->repeats = wanted > MAX_REPEATS ? MAX_REPEATS : (uint32_t)wanted + 1;
        close_bench(&b);
        st = open_matmul(&b, device, o, o->repeats, a_data, b_data, &row, err);
        if (!st)
            st = vr_bench_time(run_bench, &b, LEAST_RUNS, &o->time, err);
    }
    if (!st) {
        double operations = 2.0 * o->m * o->n * o->k;
        vr_timing_scale(&o->time, 1.0 / o->repeats);
        o->gflops = operations / (o->time.ms.median * 1e6);
        o->kernel = matmul_kernel(&b);
    }
    close_bench(&b);
    return st;
}

vireo_status vr_bench_matmul(vireo_device *device, vr_matmul_bench *o, vireo_error *err)
{
    float *a = random_values((size_t)o->m * o->k, false);
    void *b = random_values((size_t)o->n * o->k, o->f16);
    vireo_status st = a && b ? time_matmul(device, o, a, b, err) : vr_fail_memory(err, "matrices");
    vr_free(NULL, b);
    vr_free(NULL, a);
    return st;
}

/* A chain of `length` additions (with a constant) or of one tiny unary op; one row is read. */
static vireo_status open_chain(bench *b, vireo_device *device, int64_t side, const float *constant,
                               uint32_t length, vireo_error *err)
{
    static float one = 1.0f;
    static int32_t row;
    const int64_t scalar[] = {1, 1}, single[] = {1};
    vireo_graph *g = NULL;
    vireo_status st = vireo_graph_create(NULL, &g, err);
    if (st)
        return st;
    vireo_tensor c = {.dtype = VIREO_F32,
                      .rank = 2,
                      .shape = {side, side},
                      .data = (void *)(uintptr_t)constant,
                      .bytes = (size_t)(side * side) * sizeof *constant};
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, scalar, (vireo_symbol){0});
    vireo_value id = vireo_graph_input(g, "row", VIREO_I32, 1, single, (vireo_symbol){0});
    vireo_value term = constant ? vireo_graph_constant(g, "c", &c) : VIREO_NONE;
    for (uint32_t i = 0; i < length; i++)
        x = constant ? vireo_binary_op(g, VIREO_ADD, i ? x : term, i ? term : x)
                     : vireo_unary_op(g, VIREO_TANH, x);
    vireo_graph_output(g, "row", vireo_gather_rows(g, x, id));
    b->n_in = 2;
    b->in[0] = (vireo_tensor){VIREO_F32, 2, {1, 1}, &one, sizeof one};
    b->in[1] = (vireo_tensor){VIREO_I32, 1, {1}, &row, sizeof row};
    return open_bench(b, device, &g, (size_t)side, err);
}

/* one: of a chain of one; further: of each that `length` are more. */
static vireo_status time_chain(vireo_device *device, int64_t side, const float *constant, uint32_t length,
                               vr_timing *one, vr_timing *further, vireo_error *err)
{
    bench b[2] = {0};
    vireo_status st = open_chain(&b[0], device, side, constant, 1, err);
    if (!st)
        st = open_chain(&b[1], device, side, constant, length, err);
    if (!st)
        st = vr_bench_time_further(run_bench, (void *[]){&b[0], &b[1]}, length - 1, LEAST_RUNS, one, further, err);
    close_bench(&b[0]);
    close_bench(&b[1]);
    return st;
}

vireo_status vr_bench_device(vireo_device *device, vr_device_bench *o, vireo_error *err)
{
    enum { LONG = 65, ADDS = 17 };
    const double bytes = 3.0 * sizeof(float) * MEMORY_SIDE * MEMORY_SIDE;
    float *constant = random_values((size_t)MEMORY_SIDE * MEMORY_SIDE, false);
    vireo_status st = constant ? time_chain(device, 1, NULL, LONG, &o->submit, &o->dispatch, err)
                               : vr_fail_memory(err, "matrices");
    if (!st)
        st = time_chain(device, MEMORY_SIDE, constant, ADDS, NULL, &o->memory, err);
    vr_free(NULL, constant);
    if (st)
        return st;
    o->submit_us = o->submit.ms.median * 1e3;
    o->dispatch_us = o->dispatch.ms.median * 1e3;
    o->memory_gb_per_s = bytes / (o->memory.ms.median * 1e6);
    o->matmul = (vr_matmul_bench){.m = 512, .n = 512, .k = 512};
    return vr_bench_matmul(device, &o->matmul, err);
}
