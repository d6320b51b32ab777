/* SPDX-License-Identifier: Apache-2.0
 * vireo bench suite: the device, every op and a model, as one JSON document (docs/bench.schema.json) that
 * vireo bench compare reads. */
#include "base/thread.h"
#include "cli/bench_model.h"
#include "cli/bench_roof.h"
#include "cli/output.h"
#include "cli/progress.h"
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

enum { QUICK_BATCH = 32 };

/* The first line of /proc/cpuinfo's model name; "" where there is none. */
static void read_cpu(char *out, size_t size)
{
    char line[256];
    FILE *f = fopen("/proc/cpuinfo", "r");
    *out = '\0';
    while (f && !*out && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (colon && !strncmp(line, "model name", 10))
            snprintf(out, size, "%.*s", (int)strcspn(colon + 2, "\n"), colon + 2);
    }
    if (f)
        fclose(f);
}

static void write_head(vr_json_out *j, const vr_engine *e, bool quick)
{
    const vireo_device_info *d = vireo_device_get_info(e->device);
    const time_t now = time(NULL);
    struct utsname system = {0};
    struct tm utc;
    char when[32] = "", cpu[256];
    if (gmtime_r(&now, &utc))
        strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
    uname(&system);
    read_cpu(cpu, sizeof cpu);
    vr_out_text(j, "schema", "vireo-bench-1");
    vr_out_text(j, "time", when);
    vr_out_text(j, "vireo", vireo_version());
    vr_out_text(j, "commit", vr_commit);
    vr_out_bool(j, "quick", quick);
    vr_out_begin(j, "machine", '{');
    vr_out_text(j, "cpu", cpu);
    vr_out_uint(j, "cores", vr_cpu_count());
    vr_out_text(j, "system", system.sysname);
    vr_out_text(j, "release", system.release);
    vr_out_end(j, '}');
    vr_out_begin(j, "device", '{');
    vr_out_text(j, "name", d->name);
    vr_out_text(j, "driver", d->driver);
    vr_out_text(j, "driver_info", d->driver_info);
    vr_out_text(j, "uuid", d->uuid);
    vr_out_uint(j, "driver_version", d->driver_version);
    vr_out_text(j, "tier", d->tier);
    vr_out_end(j, '}');
}

static void begin_result(vr_json_out *j, const char *kind, const char *name, const char *kernel)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "name", name);
    vr_out_text(j, "kind", kind);
    vr_out_text(j, "kernel", kernel);
}

static void write_samples(vr_json_out *j, const char *unit, const vr_timing *t)
{
    vr_out_timing(j, unit, t);
    vr_out_begin(j, "samples", '[');
    for (size_t i = 0; i < t->runs; i++)
        vr_out_number(j, NULL, t->samples[i]);
    vr_out_end(j, ']');
}

/* ---- The device ----------------------------------------------------------------------------- */

static vireo_status write_roof(vr_json_out *j, vr_engine *e, vr_roof_row rows[VR_ROOF_ROWS])
{
    vr_device_bench b = {0};
    vireo_status st = vr_bench_device(e->device, &b, &e->error);
    if (!st)
        st = vr_bench_roof(e, rows, &e->error);
    if (st)
        return st;
    vr_out_begin(j, "roof", '{');
    vr_out_number(j, "submit_us", b.submit_us);
    vr_out_number(j, "dispatch_us", b.dispatch_us);
    vr_out_number(j, "memory_gb_per_s", b.memory_gb_per_s);
    vr_out_number(j, "matmul_gflops", b.matmul.gflops);
    for (size_t i = 0; i < VR_ROOF_ROWS; i++)
        vr_out_number(j, rows[i].key, vr_roof_figure(&rows[i]));
    vr_out_end(j, '}');
    return VIREO_OK;
}

static void write_roof_results(vr_json_out *j, const vr_roof_row rows[VR_ROOF_ROWS])
{
    for (size_t i = 0; i < VR_ROOF_ROWS; i++) {
        if (!rows[i].offered)
            continue;
        begin_result(j, "device", rows[i].name, "");
        write_samples(j, "ms", &rows[i].time);
        vr_out_end(j, '}');
    }
}

/* ---- Ops ------------------------------------------------------------------------------------ */

static vireo_status write_op(vr_json_out *j, vr_engine *e, const vr_bench_op *op,
                             const vr_bench_shape *shape)
{
    char name[96], sizes[64];
    vr_op_bench o = {0};
    memcpy(o.dims, shape->dims, sizeof o.dims);
    vireo_status st = vr_bench_op_time(e->device, op, VIREO_F32, &o, &e->error);
    if (st)
        return st;
    vr_bench_shape_text(op, o.dims, sizes, sizeof sizes);
    snprintf(name, sizeof name, "%s %s", op->name, sizes);
    begin_result(j, "op", name, o.kernel);
    write_samples(j, "ms", &o.time);
    vr_out_number(j, "gflops", o.flops / (o.time.ms.median * 1e6));
    vr_out_number(j, "gb_per_s", o.bytes / (o.time.ms.median * 1e6));
    vr_out_number(j, "nmse", o.nmse);
    vr_out_end(j, '}');
    return VIREO_OK;
}

static vireo_status write_ops(vr_json_out *j, vr_engine *e, bool quick)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < vr_bench_op_count; i++) {
        const vr_bench_op *op = &vr_bench_ops[i];
        vr_progress(NULL, op->name, i, vr_bench_op_count);
        for (size_t k = 0; !st && k < (quick ? 1 : VR_BENCH_SHAPES) && op->shapes[k].model; k++)
            st = write_op(j, e, op, &op->shapes[k]);
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

static void write_size(vr_json_out *j, const char *path, const char *what, uint64_t bytes)
{
    char name[200];
    vr_timing t = {.runs = 1, .samples = {(double)bytes / (1 << 20)}};
    vr_timing_scale(&t, 0, 1);
    name_result(name, sizeof name, path, what, 0);
    begin_result(j, "model", name, "");
    write_samples(j, "mib", &t);
    vr_out_end(j, '}');
}

static void write_model_results(vr_json_out *j, const vr_model_args *a, const vr_model_bench *m)
{
    char name[200], what[32];
    for (size_t i = 0; i < m->n_batches; i++) {
        name_result(name, sizeof name, a->path, "batch", m->batches[i].texts);
        begin_result(j, "model", name, "");
        write_samples(j, "ms", &m->batches[i].time);
        vr_out_batch(j, &m->batches[i]);
        vr_out_end(j, '}');
    }
    for (size_t i = 0; i < m->n_starts; i++) {
        snprintf(what, sizeof what, "%s start", m->starts[i].name);
        name_result(name, sizeof name, a->path, what, 0);
        begin_result(j, "model", name, "");
        write_samples(j, "ms", &m->starts[i].parts[VR_START_ALL]);
        vr_out_start(j, m->starts[i].parts);
        vr_out_end(j, '}');
    }
    write_size(j, a->path, "device memory", m->device_peak_bytes);
    write_size(j, a->path, "host memory", m->host_peak_bytes);
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
    a->runs = 1;
    return vr_engine_close(&own, vr_bench_model(&own, cli, a, m));
}

/* ---- The document --------------------------------------------------------------------------- */

static vireo_status write_all(vr_json_out *j, vr_engine *e, bool quick, const vr_model_args *a,
                              const vr_model_bench *m)
{
    vr_roof_row roof[VR_ROOF_ROWS];
    vr_out_begin(j, NULL, '{');
    write_head(j, e, quick);
    if (a)
        vr_out_quality(j, a, m);
    vireo_status st = write_roof(j, e, roof);
    vr_out_begin(j, "results", '[');
    if (!st)
        write_roof_results(j, roof);
    if (!st && a)
        write_model_results(j, a, m);
    if (!st)
        st = write_ops(j, e, quick);
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
    return !st && j->text.failed ? vr_fail_memory(&e->error, "suite") : st;
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

int vr_bench_suite_command(vr_engine *e, const vr_cli *cli, const char *path, bool quick,
                           vr_model_args *model)
{
    vr_json_out j;
    e->cli = cli;
    vireo_status st = vr_output_check(path, &e->error);
    vr_model_bench *m = vr_calloc(NULL, 1, sizeof *m);
    if (!st && !m)
        st = vr_fail_memory(&e->error, "suite");
    int status = st ? vr_engine_fail(e, st, NULL) : 0;
    if (!status && model)
        status = time_model(e, cli, model, quick, m);
    if (!status)
        status = vr_engine_open_device(e, cli);
    if (!status) {
        vr_out_init(&j);
        st = write_all(&j, e, quick, model, m);
        if (!st)
            st = write_file(path, &j, &e->error);
        vr_out_deinit(&j);
        status = st ? vr_engine_fail(e, st, NULL) : 0;
    }
    vr_free(NULL, m);
    return status;
}
