/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/profile_output.h"
#include "cli/bench_roof.h"
#include "cli/json_out.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TOP = 10 };

/* What the device does at most. */
typedef struct roof {
    double gflops, gb_per_s;
} roof;

typedef struct profile {
    vireo_profile info;
    vireo_profile_event *events; /* (info.events) */
    roof roof;
} profile;

/* Events of one kernel with one shape, added up. */
typedef struct row {
    const vireo_profile_event *first;
    uint64_t runs, ns;
    double flops, bytes;
} row;

static int by_kernel(const void *pa, const void *pb)
{
    const vireo_profile_event *a = pa, *b = pb;
    const int op = strcmp(a->op, b->op), kernel = strcmp(a->kernel, b->kernel);
    return op ? op : kernel ? kernel : strcmp(a->shape, b->shape);
}

static int longest_first(const void *pa, const void *pb)
{
    const row *a = pa, *b = pb;
    if (a->ns != b->ns)
        return a->ns < b->ns ? 1 : -1;
    return by_kernel(a->first, b->first);
}

static double per_ns(double amount, uint64_t ns)
{
    return ns ? amount / (double)ns : 0;
}

/* The least time that the device's measured speed allows, as a share of the time taken. */
static double roof_share(const roof *most, double flops, double bytes, uint64_t ns)
{
    const double compute = flops / most->gflops, memory = bytes / most->gb_per_s;
    return per_ns(compute > memory ? compute : memory, ns);
}

vireo_status vr_profile_start(vr_engine *e)
{
    const char *path = e->cli->global.profile;
    if (path && !strcmp(path, "-"))
        return vr_fail(&e->error, VIREO_ERROR_INVALID_ARGUMENT,
                       "--profile=-: standard output is the command's; name a file");
    return path && *path ? vr_output_check(path, &e->error) : VIREO_OK;
}

static vireo_status read_events(const vr_engine *e, profile *p, vireo_error *err)
{
    vireo_device_get_profile(e->device, &p->info);
    p->events = vr_calloc(NULL, p->info.events + 1, sizeof *p->events);
    if (!p->events)
        return vr_fail_memory(err, "profile");
    for (size_t i = 0; i < p->info.events; i++)
        vireo_device_get_profile_event(e->device, i, &p->events[i]);
    return VIREO_OK;
}

/* ---- The top ten ---------------------------------------------------------------------------- */

/* Sorts the events; rows: (info.events). */
static size_t add_up(const profile *p, row *rows)
{
    size_t n = 0;
    qsort(p->events, p->info.events, sizeof *p->events, by_kernel);
    for (size_t i = 0; i < p->info.events; i++) {
        const vireo_profile_event *e = &p->events[i];
        if (!n || by_kernel(rows[n - 1].first, e) != 0)
            rows[n++] = (row){.first = e};
        rows[n - 1].runs++;
        rows[n - 1].ns += e->ns;
        rows[n - 1].flops += e->flops;
        rows[n - 1].bytes += e->bytes;
    }
    qsort(rows, n, sizeof *rows, longest_first);
    return n;
}

static void add_row(vr_table *t, const row *r, uint64_t total, const roof *most)
{
    vr_table_addf(t, "%s/%s", r->first->op, r->first->kernel);
    vr_table_add(t, r->first->shape);
    vr_table_addf(t, "%llu", (unsigned long long)r->runs);
    vr_table_addf(t, "%.2f", (double)r->ns / 1e6);
    vr_table_addf(t, "%.0f%%", 100 * per_ns((double)r->ns, total));
    vr_table_addf(t, "%.3g", per_ns(r->flops, r->ns));
    vr_table_addf(t, "%.3g", per_ns(r->bytes, r->ns));
    vr_table_addf(t, "%.0f%%", 100 * roof_share(most, r->flops, r->bytes, r->ns));
}

static void write_top(const profile *p, const row *rows, size_t n, vr_str *s)
{
    static const vr_column columns[] = {
        {.title = "kernel", .shrinks = true}, {.title = "shape", .shrinks = true},
        {.title = "runs", .right = true},     {.title = "ms", .right = true},
        {.title = "time", .right = true},     {.title = "GFLOPS", .right = true},
        {.title = "GB/s", .right = true},     {.title = "roof", .right = true}};
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++)
        total += rows[i].ns;
    vr_str_addf(s, "%zu kernels and shapes, %.2f ms by the %s clock;\n"
                   "the roof is %.3g GFLOPS and %.3g GB/s\n",
                n, (double)total / 1e6, p->info.device_clock ? "device's" : "host's",
                p->roof.gflops, p->roof.gb_per_s);
    vr_table t;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < n && i < TOP; i++)
        add_row(&t, &rows[i], total, &p->roof);
    vr_table_write(&t, isatty(STDERR_FILENO) ? VR_TABLE_WIDTH : 0, s);
    vr_table_deinit(&t);
}

static vireo_status print_top(const profile *p, vireo_error *err)
{
    row *rows = vr_calloc(NULL, p->info.events + 1, sizeof *rows);
    vr_str s;
    vr_str_init(&s, NULL);
    if (rows)
        write_top(p, rows, add_up(p, rows), &s);
    vireo_status st = rows && !s.failed ? VIREO_OK : vr_fail_memory(err, "profile");
    if (!st)
        fputs(s.data, stderr);
    vr_str_deinit(&s);
    vr_free(NULL, rows);
    return st;
}

/* ---- The trace ------------------------------------------------------------------------------ */

/* Each kernel is a row of the viewer: a thread of its name. */
static size_t track_of(const vireo_profile_event *e, const vireo_profile_event **tracks, size_t *n)
{
    size_t i = 0;
    while (i < *n && (strcmp(tracks[i]->op, e->op) != 0 || strcmp(tracks[i]->kernel, e->kernel) != 0))
        i++;
    if (i == *n)
        tracks[(*n)++] = e;
    return i;
}

static void write_name(vr_json_out *j, const char *what, size_t track, const char *name)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "name", what);
    vr_out_text(j, "ph", "M");
    vr_out_uint(j, "pid", 1);
    vr_out_uint(j, "tid", track);
    vr_out_begin(j, "args", '{');
    vr_out_text(j, "name", name);
    vr_out_end(j, '}');
    vr_out_end(j, '}');
}

static void write_event(vr_json_out *j, const profile *p, const vireo_profile_event *e, size_t track)
{
    char name[96];
    snprintf(name, sizeof name, "%s/%s", e->op, e->kernel);
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "name", name);
    vr_out_text(j, "ph", "X");
    vr_out_number(j, "ts", (double)(e->start_ns - p->events[0].start_ns) / 1e3);
    vr_out_number(j, "dur", (double)e->ns / 1e3);
    vr_out_uint(j, "pid", 1);
    vr_out_uint(j, "tid", track);
    vr_out_begin(j, "args", '{');
    vr_out_text(j, "op", e->op);
    vr_out_text(j, "kernel", e->kernel);
    vr_out_text(j, "shape", e->shape);
    vr_out_uint(j, "dispatches", e->dispatches);
    vr_out_number(j, "us", (double)e->ns / 1e3);
    vr_out_number(j, "gflops", per_ns(e->flops, e->ns));
    vr_out_number(j, "gb_per_s", per_ns(e->bytes, e->ns));
    vr_out_number(j, "roof", roof_share(&p->roof, e->flops, e->bytes, e->ns));
    vr_out_end(j, '}');
    vr_out_end(j, '}');
}

static void write_trace(vr_json_out *j, const profile *p, const char *device,
                        const vireo_profile_event **tracks)
{
    size_t n = 0;
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "displayTimeUnit", "ms");
    vr_out_begin(j, "otherData", '{');
    vr_out_text(j, "device", device);
    vr_out_text(j, "clock", p->info.device_clock ? "device" : "host");
    vr_out_uint(j, "dropped", p->info.dropped);
    vr_out_number(j, "roof_gflops", p->roof.gflops);
    vr_out_number(j, "roof_gb_per_s", p->roof.gb_per_s);
    vr_out_end(j, '}');
    vr_out_begin(j, "traceEvents", '[');
    write_name(j, "process_name", 0, device);
    for (size_t i = 0; i < p->info.events; i++)
        write_event(j, p, &p->events[i], 1 + track_of(&p->events[i], tracks, &n));
    for (size_t i = 0; i < n; i++) {
        char name[96];
        snprintf(name, sizeof name, "%s/%s", tracks[i]->op, tracks[i]->kernel);
        write_name(j, "thread_name", 1 + i, name);
    }
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static vireo_status save_trace(const vr_engine *e, const profile *p, vireo_error *err)
{
    const vireo_profile_event **tracks =
        vr_calloc(NULL, p->info.events + 1, sizeof(const vireo_profile_event *));
    vr_output out = {0};
    vr_json_out j;
    vr_out_init(&j);
    if (tracks)
        write_trace(&j, p, vr_engine_device_name(e), tracks);
    vireo_status st = tracks && !j.text.failed ? VIREO_OK : vr_fail_memory(err, "trace");
    if (!st)
        st = vr_output_open(&out, e->cli->global.profile, err);
    if (!st)
        st = vr_output_put(&out, j.text.data, j.text.length, err);
    if (!st)
        st = vr_output_commit(&out, err);
    vr_output_abort(&out);
    vr_out_deinit(&j);
    vr_free(NULL, (void *)tracks);
    return st;
}

int vr_profile_report(vr_engine *e)
{
    profile p = {0};
    vireo_error err = {0};
    vireo_device_set_profile(e->device, false);
    vireo_status st = read_events(e, &p, &err);
    if (!st && p.info.events)
        st = vr_bench_roof_most(e->device, &p.roof.gflops, &p.roof.gb_per_s, &err);
    vr_progress_clear();
    if (!st && !p.info.device_clock)
        vr_cli_note("profile: the device has no timestamps: times are the host's, each kernel is "
                    "submitted alone");
    if (!st && p.info.dropped)
        vr_cli_note("profile: the first %zu kernels are kept, %llu more are not", p.info.events,
                    (unsigned long long)p.info.dropped);
    if (!st && !p.info.events)
        vr_cli_note("profile: nothing ran on the device");
    else if (!st)
        st = *e->cli->global.profile ? save_trace(e, &p, &err) : print_top(&p, &err);
    vr_free(NULL, p.events);
    return st ? vr_cli_fail(e->cli, st, &err, NULL) : VR_EXIT_OK;
}
