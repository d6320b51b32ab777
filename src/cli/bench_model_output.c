/* SPDX-License-Identifier: Apache-2.0
 * What vireo bench model found, as text and as JSON. */
#include "cli/bench_model.h"
#include "cli/table.h"
#include <math.h>

static double per_second(uint64_t n, const vr_timing *t)
{
    return (double)n / (t->ms.median / 1e3);
}

static double mib(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

static void write_table(vr_table *t, vr_str *s)
{
    vr_table_write(t, vr_terminal_width(), s);
    vr_table_deinit(t);
}

static const char *noise(const vr_timing *t)
{
    return t->ms.noisy ? " noisy" : "";
}

static void add_number(vr_table *t, const char *what, double value)
{
    vr_table_add(t, what);
    vr_table_addf(t, "%.4g", value);
}

static void add_count(vr_table *t, const char *what, uint64_t value)
{
    vr_table_add(t, what);
    vr_table_addf(t, "%llu", (unsigned long long)value);
}

static void add_timing(vr_table *t, const char *what, const vr_timing *v)
{
    vr_table_add(t, what);
    vr_table_addf(t, "%.4g (%.4g to %.4g)%s", v->ms.median, v->ms.min, v->ms.max, noise(v));
}

static void write_whole(vr_str *s, const vr_engine *e, const vr_model_bench *m)
{
    static const vr_column columns[] = {{.title = "what"}, {.title = "value", .shrinks = true}};
    vr_table t;
    vr_table_init(&t, columns, 2);
    vr_table_add(&t, "device");
    vr_table_add(&t, vr_engine_device_name(e));
    vr_table_add(&t, "golden cosine");
    if (m->n_golden)
        vr_table_addf(&t, "%.7f at least, of %zu texts and every batch", m->least_cosine, m->n_golden);
    else
        vr_table_add(&t, "not compared (--golden)");
    add_count(&t, "texts", m->n);
    add_count(&t, "tokens", m->tokens);
    add_number(&t, "texts_per_second", per_second(m->n, &m->all));
    add_number(&t, "tokens_per_second", per_second(m->tokens, &m->all));
    add_timing(&t, "ms", &m->all);
    add_timing(&t, "one_text_ms", &m->one);
    add_count(&t, "runs", m->all.runs);
    add_number(&t, "weight_mib", mib(m->weight_bytes));
    add_number(&t, "device_peak_mib", mib(m->device_peak_bytes));
    add_number(&t, "host_peak_mib", mib(m->host_peak_bytes));
    write_table(&t, s);
}

static void write_batches(vr_str *s, const vr_model_bench *m)
{
    static const vr_column columns[] = {
        {.title = "texts a call", .right = true}, {.title = "tokens", .right = true},
        {.title = "texts/s", .right = true},      {.title = "p50 ms", .right = true},
        {.title = "p95 ms", .right = true},       {.title = "p99 ms", .right = true},
        {.title = "runs", .right = true}};
    vr_table t;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < m->n_batches; i++) {
        const vr_batch_bench *b = &m->batches[i];
        vr_table_addf(&t, "%u", (unsigned)b->texts);
        vr_table_addf(&t, "%llu", (unsigned long long)b->tokens);
        vr_table_addf(&t, "%.4g", per_second(b->texts, &b->time));
        vr_table_addf(&t, "%.4g%s", vr_percentile(&b->time, 0.5), noise(&b->time));
        vr_table_addf(&t, "%.4g", vr_percentile(&b->time, 0.95));
        vr_table_addf(&t, "%.4g", vr_percentile(&b->time, 0.99));
        vr_table_addf(&t, "%zu", b->time.runs);
    }
    write_table(&t, s);
}

static void write_starts(vr_str *s, const vr_model_bench *m)
{
    static const vr_column columns[] = {
        {.title = "start"},                     {.title = "all ms", .right = true},
        {.title = "device", .right = true},     {.title = "load", .right = true},
        {.title = "first text", .right = true}, {.title = "second", .right = true},
        {.title = "glslang", .right = true},    {.title = "driver", .right = true}};
    vr_table t;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < m->n_starts; i++) {
        vr_table_add(&t, m->starts[i].name);
        for (size_t k = 0; k < VR_START_PARTS; k++)
            vr_table_addf(&t, "%.4g%s", m->starts[i].parts[k].ms.median,
                          k == VR_START_ALL ? noise(&m->starts[i].parts[k]) : "");
    }
    write_table(&t, s);
}

void vr_model_text(vr_str *s, const vr_engine *e, const vr_model_bench *m)
{
    write_whole(s, e, m);
    if (m->n_batches) {
        vr_str_add(s, "\n");
        write_batches(s, m);
    }
    if (m->n_starts) {
        vr_str_add(s, "\n");
        write_starts(s, m);
    }
}

/* ---- JSON ----------------------------------------------------------------------------------- */

void vr_out_batch(vr_json_out *j, const vr_batch_bench *b)
{
    vr_out_uint(j, "texts", b->texts);
    vr_out_uint(j, "tokens", b->tokens);
    vr_out_number(j, "texts_per_second", per_second(b->texts, &b->time));
    vr_out_number(j, "p50_ms", vr_percentile(&b->time, 0.5));
    vr_out_number(j, "p95_ms", vr_percentile(&b->time, 0.95));
    vr_out_number(j, "p99_ms", vr_percentile(&b->time, 0.99));
}

void vr_out_start(vr_json_out *j, const vr_timing *parts)
{
    for (size_t i = VR_START_DEVICE; i < VR_START_PARTS; i++)
        vr_out_number(j, vr_start_keys[i], parts[i].ms.median);
}

void vr_out_quality(vr_json_out *j, const vr_model_args *a, const vr_model_bench *m)
{
    vr_out_begin(j, "quality", '{');
    vr_out_text(j, "golden", a->golden);
    vr_out_uint(j, "texts", m->n_golden);
    vr_out_number(j, "least_cosine", m->least_cosine);
    vr_out_number(j, "allowed", vr_golden_cosine);
    vr_out_end(j, '}');
}

static void write_starts_json(vr_json_out *j, const vr_model_bench *m)
{
    vr_out_begin(j, "start", '{');
    for (size_t i = 0; i < m->n_starts; i++) {
        vr_out_begin(j, m->starts[i].name, '{');
        vr_out_timing(j, vr_start_keys[VR_START_ALL], &m->starts[i].parts[VR_START_ALL]);
        vr_out_start(j, m->starts[i].parts);
        vr_out_end(j, '}');
    }
    vr_out_end(j, '}');
}

void vr_model_json(vr_json_out *j, const vr_engine *e, const vr_model_args *a, const vr_model_bench *m)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "device", vr_engine_device_name(e));
    vr_out_quality(j, a, m);
    vr_out_uint(j, "texts", m->n);
    vr_out_uint(j, "tokens", m->tokens);
    vr_out_number(j, "texts_per_second", per_second(m->n, &m->all));
    vr_out_number(j, "tokens_per_second", per_second(m->tokens, &m->all));
    vr_out_timing(j, "ms", &m->all);
    vr_out_timing(j, "one_text_ms", &m->one);
    vr_out_uint(j, "runs", m->all.runs);
    vr_out_begin(j, "batches", '[');
    for (size_t i = 0; i < m->n_batches; i++) {
        vr_out_begin(j, NULL, '{');
        vr_out_batch(j, &m->batches[i]);
        vr_out_timing(j, "ms", &m->batches[i].time);
        vr_out_uint(j, "runs", m->batches[i].time.runs);
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
    vr_out_begin(j, "memory", '{');
    vr_out_uint(j, "weight_bytes", m->weight_bytes);
    vr_out_uint(j, "device_peak_bytes", m->device_peak_bytes);
    vr_out_uint(j, "host_peak_bytes", m->host_peak_bytes);
    vr_out_end(j, '}');
    write_starts_json(j, m);
    vr_out_end(j, '}');
    vr_out_line(j);
}
