/* SPDX-License-Identifier: Apache-2.0
 * vireo bench suite: the device and every op, as one JSON document (docs/bench.schema.json) that
 * vireo bench compare reads. */
#include "base/thread.h"
#include "cli/bench.h"
#include "cli/output.h"
#include "cli/progress.h"
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

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
    vr_out_text(j, "commit", VIREO_COMMIT);
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

static void write_result(vr_json_out *j, const char *name, const char *kernel, const vr_timing *t)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "name", name);
    vr_out_text(j, "kernel", kernel);
    vr_out_timing(j, "ms", t);
    vr_out_begin(j, "samples", '[');
    for (size_t i = 0; i < t->runs; i++)
        vr_out_number(j, NULL, t->samples[i]);
    vr_out_end(j, ']');
}

static vireo_status write_device(vr_json_out *j, vr_engine *e)
{
    vr_device_bench b = {0};
    vireo_status st = vr_bench_device(e->device, &b, &e->error);
    if (st)
        return st;
    vr_out_begin(j, "roof", '{');
    vr_out_number(j, "submit_us", b.submit_us);
    vr_out_number(j, "dispatch_us", b.dispatch_us);
    vr_out_number(j, "memory_gb_per_s", b.memory_gb_per_s);
    vr_out_number(j, "matmul_gflops", b.matmul.gflops);
    vr_out_end(j, '}');
    return VIREO_OK;
}

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
    write_result(j, name, o.kernel, &o.time);
    vr_out_number(j, "gflops", o.flops / (o.time.ms.median * 1e6));
    vr_out_number(j, "gb_per_s", o.bytes / (o.time.ms.median * 1e6));
    vr_out_number(j, "nmse", o.nmse);
    vr_out_end(j, '}');
    return VIREO_OK;
}

static vireo_status write_ops(vr_json_out *j, vr_engine *e, bool quick)
{
    vireo_status st = VIREO_OK;
    vr_out_begin(j, "results", '[');
    for (size_t i = 0; !st && i < vr_bench_op_count; i++) {
        const vr_bench_op *op = &vr_bench_ops[i];
        vr_progress(NULL, op->name, i, vr_bench_op_count);
        for (size_t k = 0; !st && k < (quick ? 1 : VR_BENCH_SHAPES) && op->shapes[k].model; k++)
            st = write_op(j, e, op, &op->shapes[k]);
    }
    vr_progress_clear();
    vr_out_end(j, ']');
    return st;
}

int vr_bench_suite_command(vr_engine *e, const vr_cli *cli, const char *path, bool quick)
{
    vr_output out = {0};
    vr_json_out j;
    e->cli = cli;
    vireo_status st = vr_output_check(path, &e->error);
    if (st)
        return vr_engine_fail(e, st, NULL);
    int status = vr_engine_open_device(e, cli);
    if (status)
        return status;
    vr_out_init(&j);
    vr_out_begin(&j, NULL, '{');
    write_head(&j, e, quick);
    st = write_device(&j, e);
    if (!st)
        st = write_ops(&j, e, quick);
    vr_out_end(&j, '}');
    vr_out_line(&j);
    if (!st && j.text.failed)
        st = vr_fail_memory(&e->error, "suite");
    if (!st)
        st = vr_output_open(&out, path, &e->error);
    if (!st)
        st = vr_output_put(&out, j.text.data, j.text.length, &e->error);
    if (!st)
        st = vr_output_commit(&out, &e->error);
    vr_output_abort(&out);
    vr_out_deinit(&j);
    return st ? vr_engine_fail(e, st, NULL) : 0;
}
