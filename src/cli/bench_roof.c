/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_roof.h"
#include "base/thread.h"
#include "cli/progress.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <string.h>

/* What a run that is timed takes at least, so that submitting it weighs little; at most so many units. */
enum { FEW_RUNS = 3, RUN_MS = 20, MOST_UNITS = 4096, LEAST_RUNS = 10, COMPILE_RUNS = 10, MAX_SALT = 9999999 };

typedef enum row_way { ROW_DEVICE, ROW_HOST_COPY, ROW_HOST_READ, ROW_COMPILE } row_way;
static const struct {
    const char *key, *by_key, *name;
    row_way way;
    const char *roof;
    const char *texel; /* the same by texel views; the better of the two counts */
} table[] = {{"copy_gb_per_s", "copy_by", "device copy", ROW_DEVICE, "copy", "copy_texel"},
             {"read_gb_per_s", "read_by", "device read", ROW_DEVICE, "read", "read_texel"},
             {"gather_gb_per_s", "gather_by", "device gather", ROW_DEVICE, "gather", "gather_texel"},
             {"host_copy_gb_per_s", NULL, "host copy", ROW_HOST_COPY, NULL, NULL},
             {"host_read_gb_per_s", NULL, "host read", ROW_HOST_READ, NULL, NULL},
             {"upload_gb_per_s", NULL, "device upload", ROW_DEVICE, "upload", NULL},
             {"download_gb_per_s", NULL, "device download", ROW_DEVICE, "download", NULL},
             {"f32_gflops", NULL, "device f32", ROW_DEVICE, "f32", NULL},
             {"f16_gflops", NULL, "device f16", ROW_DEVICE, "f16", NULL},
             {"int8_gops", NULL, "device int8", ROW_DEVICE, "int8", NULL},
             {"compile_ms", NULL, "device compile", ROW_COMPILE, NULL, NULL}, /* and glslang_ms */
             {"glslang_ms", NULL, "device glslang", ROW_COMPILE, NULL, NULL}};
_Static_assert(sizeof table / sizeof *table == VR_ROOF_ROWS, "a row each");

typedef struct roof_run {
    vireo_roof *roof;
    uint32_t units;
} roof_run;

static vireo_status run_units(void *user, vireo_error *err)
{
    const roof_run *r = user;
    return vireo_roof_run(r->roof, r->units, err);
}

/* One unit is timed first, after one that is not counted: drivers compile in it. */
static vireo_status time_units(roof_run *r, bool brief, vr_timing *out, vireo_error *err)
{
    vr_timing one;
    r->units = 1;
    vireo_status st = vr_bench_time_few(run_units, r, FEW_RUNS, &one, err);
    if (st)
        return st;
    const double wanted = RUN_MS / one.ms.median;
    r->units = wanted > MOST_UNITS - 1 ? MOST_UNITS : (uint32_t)wanted + 1;
    st = brief ? vr_bench_time_few(run_units, r, FEW_RUNS, out, err)
               : vr_bench_time(run_units, r, LEAST_RUNS, out, err);
    if (!st)
        st = vireo_roof_check(r->roof, err);
    if (!st)
        vr_timing_scale(out, 1.0 / r->units);
    return st;
}

static vireo_status time_device(vireo_device *d, const char *name, bool brief, vr_roof_row *row, vireo_error *err)
{
    roof_run r = {0};
    vireo_status st = vireo_roof_create(d, name, 0, &r.roof, err);
    if (st == VIREO_ERROR_UNSUPPORTED) { /* it says so in its row */
        if (err)
            *err = (vireo_error){0};
        row->offered = false;
        return VIREO_OK;
    }
    if (!st) {
        const vireo_roof_info *info = vireo_roof_get_info(r.roof);
        row->amount = info->bytes + info->operations;
        st = time_units(&r, brief, &row->time, err);
    }
    vireo_roof_destroy(&r.roof);
    return st;
}

static vr_roof_row row_of(size_t i)
{
    return (vr_roof_row){.key = table[i].key, .by_key = table[i].by_key, .name = table[i].name, .by = "",
                         .offered = true};
}

/* By storage buffers and, where there is a choice, by texel views: the better of the two. brief: in few runs. */
static vireo_status time_both(vireo_device *d, size_t i, bool brief, vr_roof_row *row, vireo_error *err)
{
    vireo_status st = time_device(d, table[i].roof, brief, row, err);
    if (st || !table[i].texel)
        return st;
    vr_roof_row other = *row;
    st = time_device(d, table[i].texel, brief, &other, err);
    row->by = "storage";
    if (!st && other.offered && other.time.ms.median < row->time.ms.median) {
        *row = other;
        row->by = "texel";
    }
    return st;
}

static vireo_status time_host(bool copies, vr_roof_row *row, vireo_error *err)
{
    vr_host_loop loop;
    vireo_status st = vr_host_loop_init(&loop, copies, err);
    if (!st)
        st = vr_bench_time(vr_host_loop_run, &loop, LEAST_RUNS, &row->time, err);
    if (!st)
        st = vr_host_loop_check(&loop, err);
    row->amount = (copies ? 2.0 : 1.0) * VR_HOST_BYTES;
    vr_host_loop_deinit(&loop);
    return st;
}

static double ms_since(uint64_t start)
{
    return (double)(vr_now_ns() - start) / 1e6;
}

/* From the text to the end of the first run, less what a later run takes; glslang's part of it. The roof of
 * f32 with a salt by the clock: a program that no cache, the driver's neither, has seen. */
static vireo_status compile_once(vireo_device *d, uint32_t salt, double *all, double *glslang,
                                 vireo_error *err)
{
    vireo_roof *roof = NULL;
    vireo_counters before, after;
    vireo_device_get_counters(d, &before);
    uint64_t start = vr_now_ns();
    vireo_status st = vireo_roof_create(d, "f32", salt, &roof, err);
    if (!st)
        st = vireo_roof_run(roof, 1, err);
    *all = ms_since(start);
    start = vr_now_ns();
    if (!st)
        st = vireo_roof_run(roof, 1, err);
    *all -= ms_since(start);
    vireo_device_get_counters(d, &after);
    *glslang = (double)(after.ns_glslang - before.ns_glslang) / 1e6;
    if (!st)
        st = vireo_roof_check(roof, err);
    vireo_roof_destroy(&roof);
    return st;
}

static vireo_status time_compile(const vr_engine *e, vr_timing *all, vr_timing *glslang, vireo_error *err)
{
    const vireo_device_info *info = vireo_device_get_info(e->device);
    vireo_device_options options = VIREO_OPTIONS(vireo_device_options);
    vireo_device *d = NULL;
    char index[16];
    snprintf(index, sizeof index, "%u", (unsigned)info->index);
    options.select = index;
    options.log = vr_cli_log;
    options.log_user = (void *)(uintptr_t)e->cli;
    options.log_level = e->cli->log_level;
    vireo_status st = vireo_device_create(&options, &d, err);
    for (uint32_t i = 0; !st && i < COMPILE_RUNS; i++) {
        const uint32_t salt = 1 + (uint32_t)((vr_now_ns() / 1000 + i) % MAX_SALT);
        st = compile_once(d, salt, &all->samples[i], &glslang->samples[i], err);
    }
    vireo_device_destroy(&d);
    if (st)
        return st;
    all->runs = glslang->runs = COMPILE_RUNS;
    vr_timing_scale(all, 1);
    vr_timing_scale(glslang, 1);
    return VIREO_OK;
}

vireo_status vr_bench_roof(const vr_engine *e, vr_roof_row rows[VR_ROOF_ROWS], vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < VR_ROOF_ROWS; i++) {
        rows[i] = row_of(i);
        if (vr_progress(NULL, "roof", i, VR_ROOF_ROWS))
            st = vr_fail(err, VIREO_ERROR_CANCELLED, "interrupted");
        else if (table[i].way == ROW_DEVICE)
            st = time_both(e->device, i, false, &rows[i], err);
        else if (table[i].way != ROW_COMPILE)
            st = time_host(table[i].way == ROW_HOST_COPY, &rows[i], err);
    }
    vr_progress_clear();
    return st ? st
              : time_compile(e, &rows[VR_ROOF_ROWS - 2].time, &rows[VR_ROOF_ROWS - 1].time, err);
}

vireo_status vr_bench_roof_most(vireo_device *d, double *gflops, double *gb_per_s, vireo_error *err)
{
    static const char *const names[] = {"copy", "read", "f32"};
    vireo_status st = VIREO_OK;
    *gflops = *gb_per_s = 0;
    for (size_t i = 0; !st && i < VR_ROOF_ROWS; i++)
        for (size_t k = 0; !st && k < sizeof names / sizeof *names; k++) {
            if (!table[i].roof || strcmp(table[i].roof, names[k]) != 0)
                continue;
            vr_roof_row row = row_of(i);
            st = time_both(d, i, true, &row, err);
            double *most = table[i].texel ? gb_per_s : gflops;
            if (!st && vr_roof_figure(&row) > *most)
                *most = vr_roof_figure(&row);
        }
    return st;
}

double vr_roof_figure(const vr_roof_row *r)
{
    if (!r->offered)
        return NAN;
    return r->amount > 0 ? r->amount / (r->time.ms.median * 1e6) : r->time.ms.median;
}
