/* SPDX-License-Identifier: Apache-2.0
 * vireo bench suite: the device, every op and a model, as one JSON document (docs/bench.schema.json) that
 * vireo bench compare reads. */
#include "base/thread.h"
#include "cli/bench_machine.h"
#include "cli/bench_model.h"
#include "cli/bench_roof.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A measurement that has begun is finished: USED_PERCENT of the time is when the last one may begin. */
enum {
    QUICK_BATCH = 32,
    SECONDS = 600,
    QUICK_SECONDS = 120,
    USED_PERCENT = 95,
    NS_PER_SECOND = 1000000000
};

typedef struct suite {
    vr_engine *engine;
    vr_json_out json;
    vr_machine machine; /* before anything is measured */
    bool quick;
    const vr_model_args *args; /* of the model; NULL: none */
    const vr_model_bench *model;
    uint64_t deadline; /* vr_now_ns */
    vr_str left_out;   /* names, each ended by a line feed */
    size_t n_left_out, n_results, n_noisy;
} suite;

static void write_head(suite *s)
{
    vr_json_out *j = &s->json;
    const vireo_device_info *d = vireo_device_get_info(s->engine->device);
    const time_t now = time(NULL);
    struct tm utc;
    char when[32] = "";
    if (gmtime_r(&now, &utc))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    vr_out_text(j, "schema", "vireo-bench-1");
    vr_out_text(j, "time", when);
    vr_out_text(j, "vireo", vireo_version());
    vr_out_text(j, "commit", vr_commit);
    vr_out_text(j, "glslang", vireo_glslang_version());
    vr_out_bool(j, "quick", s->quick);
    vr_out_machine(j, &s->machine);
    vr_out_begin(j, "device", '{');
    vr_out_text(j, "name", d->name);
    vr_out_text(j, "driver", d->driver);
    vr_out_text(j, "driver_info", d->driver_info);
    vr_out_text(j, "uuid", d->uuid);
    vr_out_text(j, "api_version", vr_api_version(d).text);
    vr_out_uint(j, "driver_version", d->driver_version);
    vr_out_text(j, "tier", d->tier);
    vr_out_end(j, '}');
}

static void begin_result(suite *s, const char *kind, const char *name, const char *kernel)
{
    vr_out_begin(&s->json, NULL, '{');
    vr_out_text(&s->json, "name", name);
    vr_out_text(&s->json, "kind", kind);
    vr_out_text(&s->json, "kernel", kernel);
    s->n_results++;
}

static void write_estimate(suite *s, const char *unit, const vr_timing *t)
{
    vr_out_timing(&s->json, unit, t);
    vr_out_samples(&s->json, t);
    s->n_noisy += t->ms.noisy;
}

/* For the deadline. */
static void leave_out(suite *s, const char *name)
{
    vr_str_addf(&s->left_out, "%s\n", name);
    s->n_left_out++;
}

/* ---- The device ----------------------------------------------------------------------------- */

static void write_device_result(suite *s, const char *name, const char *kernel, const vr_timing *t)
{
    begin_result(s, "device", name, kernel);
    write_estimate(s, "ms", t);
    vr_out_end(&s->json, '}');
}

static vireo_status measure_device(suite *s, vr_device_bench *b, vr_roof_row rows[VR_ROOF_ROWS])
{
    vr_engine *e = s->engine;
    vireo_status st = vr_bench_device(e->device, b, &e->error);
    if (!st)
        st = vr_bench_roof(e, rows, &e->error);
    if (st)
        return st;
    vr_json_out *j = &s->json;
    vr_out_begin(j, "roof", '{');
    vr_out_number(j, "submit_us", b->submit_us);
    vr_out_number(j, "dispatch_us", b->dispatch_us);
    vr_out_number(j, "memory_gb_per_s", b->memory_gb_per_s);
    vr_out_number(j, "matmul_gflops", b->matmul.gflops);
    for (size_t i = 0; i < VR_ROOF_ROWS; i++) {
        vr_out_number(j, rows[i].key, vr_roof_figure(&rows[i]));
        if (rows[i].by_key)
            vr_out_text(j, rows[i].by_key, rows[i].by);
    }
    vr_out_end(j, '}');
    return VIREO_OK;
}

static void write_device_results(suite *s, const vr_device_bench *b, const vr_roof_row rows[VR_ROOF_ROWS])
{
    write_device_result(s, "device submit", "", &b->submit);
    write_device_result(s, "device dispatch", "", &b->dispatch);
    write_device_result(s, "device memory", "", &b->memory);
    write_device_result(s, "device matmul", b->matmul.kernel, &b->matmul.time);
    for (size_t i = 0; i < VR_ROOF_ROWS; i++)
        if (rows[i].offered)
            write_device_result(s, rows[i].name, rows[i].by, &rows[i].time);
}

/* ---- Ops ------------------------------------------------------------------------------------ */

static vireo_status write_op(suite *s, const vr_bench_op *op, const vr_bench_shape *shape)
{
    char name[96], sizes[64];
    vr_json_out *j = &s->json;
    vr_op_bench o = {0};
    memcpy(o.dims, shape->dims, sizeof o.dims);
    vr_bench_shape_text(op, o.dims, sizes, sizeof sizes);
    snprintf(name, sizeof name, "%s %s", op->name, sizes);
    if (vr_now_ns() >= s->deadline) {
        leave_out(s, name);
        return VIREO_OK;
    }
    vireo_status st = vr_bench_op_time(s->engine->device, op, VIREO_F32, &o, &s->engine->error);
    if (st)
        return st;
    begin_result(s, "op", name, o.kernel);
    write_estimate(s, "ms", &o.time);
    vr_out_number(j, "gflops", o.flops / (o.time.ms.median * 1e6));
    vr_out_number(j, "gb_per_s", o.bytes / (o.time.ms.median * 1e6));
    vr_out_number(j, "nmse", o.nmse);
    vr_out_end(j, '}');
    return VIREO_OK;
}

/* The first shape of each, then the second: what no time is left for is a shape, before it is an op. */
static vireo_status write_ops(suite *s)
{
    vireo_status st = VIREO_OK;
    for (size_t k = 0; k < (s->quick ? 1 : VR_BENCH_SHAPES); k++)
        for (size_t i = 0; !st && i < vr_bench_op_count; i++) {
            const vr_bench_op *op = &vr_bench_ops[i];
            if (!op->shapes[k].model)
                continue;
            if (vr_progress(NULL, op->name, i, vr_bench_op_count))
                st = vr_fail(&s->engine->error, VIREO_ERROR_CANCELLED, "interrupted");
            else
                st = write_op(s, op, &op->shapes[k]);
        }
    vr_progress_clear();
    return st;
}

/* ---- A model -------------------------------------------------------------------------------- */

/* "model minilm batch 8": the last part of the path, and what is measured. */
static void name_result(char *out, size_t size, const char *path, const char *what, unsigned n)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t begin = end;
    while (begin > 0 && path[begin - 1] != '/')
        begin--;
    const int length = snprintf(out, size, "model %.*s %s", (int)(end - begin), path + begin, what);
    if (n && length > 0 && (size_t)length < size)
        snprintf(out + length, size - (size_t)length, " %u", n);
}

static void write_size(suite *s, const char *name, uint64_t bytes)
{
    vr_timing t = {.runs = 1, .samples = {(double)bytes / (1 << 20)}};
    vr_timing_scale(&t, 1);
    begin_result(s, "model", name, "");
    write_estimate(s, "mib", &t);
    vr_out_end(&s->json, '}');
}

static void write_batch(suite *s, const vr_batch_bench *b)
{
    vr_json_out *j = &s->json;
    write_estimate(s, "ms", &b->time);
    vr_out_batch(j, b);
    vr_out_begin(j, "kernels", '[');
    for (size_t i = 0; i < b->n_kernels; i++) {
        vr_out_begin(j, NULL, '{');
        vr_out_text(j, "op", b->kernels[i].op);
        vr_out_text(j, "kernel", b->kernels[i].kernel);
        vr_out_uint(j, "count", b->kernels[i].nodes);
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
    vr_out_end(j, '}');
}

static void write_model_results(suite *s)
{
    const vr_model_args *a = s->args;
    const vr_model_bench *m = s->model;
    char name[200], what[32];
    for (size_t i = 0; i < a->n_batches; i++) {
        name_result(name, sizeof name, a->path, "batch", a->batches[i]);
        if (i >= m->n_batches) {
            leave_out(s, name);
            continue;
        }
        begin_result(s, "model", name, "");
        write_batch(s, &m->batches[i]);
    }
    for (size_t i = 0; i < m->n_starts; i++) {
        snprintf(what, sizeof what, "%s start", m->starts[i].name);
        name_result(name, sizeof name, a->path, what, 0);
        begin_result(s, "model", name, "");
        write_estimate(s, "ms", &m->starts[i].parts[VR_START_ALL]);
        vr_out_start(&s->json, m->starts[i].parts);
        vr_out_end(&s->json, '}');
    }
    for (size_t i = 0; i < 2 && m->starts_left_out[i]; i++) {
        snprintf(what, sizeof what, "%s start", m->starts_left_out[i]);
        name_result(name, sizeof name, a->path, what, 0);
        leave_out(s, name);
    }
    static const char *const sizes[] = {"device memory", "host memory"};
    const uint64_t bytes[] = {m->device_peak_bytes, m->host_peak_bytes};
    for (size_t i = 0; i < 2; i++) {
        name_result(name, sizeof name, a->path, sizes[i], 0);
        if (m->n_batches)
            write_size(s, name, bytes[i]);
        else /* nothing ran that would have taken any */
            leave_out(s, name);
    }
}

/* Before all else, on a device object of its own: peaks of memory are then the model's. */
static int time_model(vr_engine *e, const vr_cli *cli, vr_model_args *a, bool quick, vr_model_bench *m)
{
    vr_engine own = {.cli = cli, .allow_nonfinite = e->allow_nonfinite};
    size_t n = 0;
    for (size_t i = 0; i < a->n_batches; i++)
        if (!quick || a->batches[i] <= QUICK_BATCH)
            a->batches[n++] = a->batches[i];
    a->n_batches = n;
    a->whole = false;
    a->selection = true;
    return vr_engine_close(&own, vr_bench_model(&own, cli, a, m));
}

/* ---- The document --------------------------------------------------------------------------- */

/* What chooses kernels, after all has run: the device reads its choices with the first session. */
static void write_selection(suite *s)
{
    const vr_global_options *o = &s->engine->cli->global;
    vr_json_out *j = &s->json;
    vireo_tuned t;
    size_t n = 0, others = 0;
    for (; vireo_device_get_tuned(s->engine->device, n, &t); n++)
        others += t.pinned || strcmp(t.kernel, t.usual) != 0;
    vr_out_begin(j, "selection", '{');
    vr_out_bool(j, "deterministic", o->deterministic);
    vr_out_bool(j, "no_fuse", o->no_fuse);
    vr_out_uint(j, "tuned_choices", n);
    vr_out_uint(j, "tuned_others", others);
    vr_out_end(j, '}');
}

static void write_left_out(suite *s)
{
    vr_out_begin(&s->json, "left_out", '[');
    for (char *name = s->left_out.data, *end; name && (end = strchr(name, '\n')); name = end + 1) {
        *end = '\0';
        vr_out_text(&s->json, NULL, name);
        vr_cli_note("not measured, for the time is up: %s", name);
    }
    vr_out_end(&s->json, ']');
    if (s->n_left_out)
        vr_cli_note("%zu measurements are left out", s->n_left_out);
    if (s->n_noisy)
        vr_cli_note("%zu of %zu results are noisy", s->n_noisy, s->n_results);
}

static vireo_status write_all(suite *s)
{
    vr_json_out *j = &s->json;
    vr_roof_row roof[VR_ROOF_ROWS];
    vr_device_bench device = {0};
    vr_out_begin(j, NULL, '{');
    write_head(s);
    if (s->args)
        vr_out_quality(j, s->args, s->model);
    vireo_status st = measure_device(s, &device, roof);
    vr_out_begin(j, "results", '[');
    if (!st)
        write_device_results(s, &device, roof);
    if (!st && s->args)
        write_model_results(s);
    if (!st)
        st = write_ops(s);
    vr_out_end(j, ']');
    if (st)
        return st;
    write_selection(s);
    write_left_out(s);
    vr_out_end(j, '}');
    vr_out_line(j);
    return j->text.failed || s->left_out.failed ? vr_fail_memory(&s->engine->error, "suite") : VIREO_OK;
}

static vireo_status write_file(const char *path, const vr_json_out *j, vireo_error *err)
{
    vr_output out = {0};
    vireo_status st = vr_output_open(&out, path, err);
    if (!st)
        st = vr_output_put(&out, j->text.data, j->text.length, err);
    if (!st)
        st = vr_output_commit(&out, err);
    vr_output_abort(&out);
    return st;
}

int vr_bench_suite_command(vr_engine *e, const vr_cli *cli, const vr_suite_args *a)
{
    const uint64_t begin = vr_now_ns();
    const uint32_t seconds = a->seconds ? a->seconds : a->quick ? QUICK_SECONDS : SECONDS;
    suite s = {.engine = e, .quick = a->quick, .args = a->model,
               .deadline = begin + (uint64_t)seconds * NS_PER_SECOND / 100 * USED_PERCENT};
    e->cli = cli;
    vr_machine_read(&s.machine);
    vireo_status st = vr_output_check(a->path, &e->error);
    vr_model_bench *m = vr_calloc(NULL, 1, sizeof *m);
    if (!st && !m)
        st = vr_fail_memory(&e->error, "suite");
    int status = st ? vr_engine_fail(e, st, NULL) : 0;
    s.model = m;
    if (!status && a->model) {
        a->model->deadline = begin + (s.deadline - begin) / 2;
        status = time_model(e, cli, a->model, a->quick, m);
    }
    if (!status)
        status = vr_engine_open_device(e, cli);
    if (!status) {
        vr_out_init(&s.json);
        vr_str_init(&s.left_out, NULL);
        st = write_all(&s);
        if (!st)
            st = write_file(a->path, &s.json, &e->error);
        vr_out_deinit(&s.json);
        vr_str_deinit(&s.left_out);
        status = st ? vr_engine_fail(e, st, NULL) : 0;
    }
    vr_free(NULL, m);
    return status;
}
