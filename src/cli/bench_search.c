/* SPDX-License-Identifier: Apache-2.0
 * vireo bench search: the k rows of a table with the largest inner product with each query, exact.
 */
#include "cli/bench.h"
#include "cli/json_out.h"
#include "cli/table.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <string.h>

/* Rows of a part at most: its scores should still be in the cache when the largest are looked for.
 */
enum { DEFAULT_K = 10, DEFAULT_RUNS = 5, MOST_PART = 1 << 16 };

typedef struct search {
    vr_bench_search_args a; /* with defaults filled in */
    uint32_t part, n_parts; /* rows of a part of the table; its parts */
    float *queries;         /* (queries, dim), owned as the rest */
    float *scores;          /* (queries, k) */
    int32_t *ids;           /* (queries, k) */
    int32_t *found;         /* (queries, n_parts * k): rows of a part */
    vireo_model *model;
    vireo_session *session;
    vireo_tensor in, out[3];
    vr_timing time;
} search;

static size_t row_bytes(const search *s)
{
    return vireo_dtype_row_bytes(s->a.dtype, s->a.dim);
}

/* Equal parts. The scores of a part are one binding, the part itself one allocation. */
static void cut_table(search *s, const vireo_device_info *d)
{
    uint64_t most = MOST_PART;
    if (most > d->max_storage_binding_bytes / sizeof(float) / s->a.queries)
        most = d->max_storage_binding_bytes / sizeof(float) / s->a.queries;
    if (most > d->max_allocation_bytes / row_bytes(s))
        most = d->max_allocation_bytes / row_bytes(s);
    if (most == 0)
        most = 1; /* the graph tells what does not fit */
    s->n_parts = (uint32_t)((s->a.rows + most - 1) / most);
    s->part = (s->a.rows + s->n_parts - 1) / s->n_parts;
    s->n_parts = (s->a.rows + s->part - 1) / s->part;
}

/* The k largest of queries · partᵀ. */
static vireo_top_k_result search_part(const search *s, vireo_graph *g, vireo_value queries,
                                      uint8_t *table, uint32_t part)
{
    char name[32];
    const uint32_t first = part * s->part, left = s->a.rows - first;
    const uint32_t n = left < s->part ? left : s->part;
    const vireo_tensor rows = {.dtype = s->a.dtype,
                               .rank = 2,
                               .shape = {n, s->a.dim},
                               .data = table + first * row_bytes(s),
                               .bytes = n * row_bytes(s)};
    snprintf(name, sizeof name, "rows from %u", first);
    vireo_value scores = vireo_matmul(g, queries, vireo_graph_constant(g, name, &rows),
                                      &(vireo_matmul_args){.transpose_b = true});
    return vireo_top_k(g, scores, s->a.k, VIREO_NONE);
}

/* One graph: of each part the k largest, of these the k largest. The table is on the device alone
 * afterwards. Ties are to the lower row, as parts stand in their order. */
static vireo_status build(search *s, vireo_device *device, uint8_t *table, vireo_error *err)
{
    const int64_t shape[] = {s->a.queries, s->a.dim};
    vireo_graph *g = NULL;
    vireo_status st = vireo_graph_create(NULL, &g, err);
    vireo_value *values = vr_calloc(NULL, (size_t)s->n_parts * 2, sizeof *values);
    if (!st && !values)
        st = vr_fail_memory(err, "search");
    if (st) {
        vireo_graph_destroy(&g);
        vr_free(NULL, values);
        return st;
    }
    vireo_value q = vireo_graph_input(g, "queries", VIREO_F32, 2, shape, (vireo_symbol){0});
    for (uint32_t i = 0; i < s->n_parts; i++) {
        const vireo_top_k_result part = search_part(s, g, q, table, i);
        values[i] = part.values;
        values[s->n_parts + i] = part.indices;
    }
    vireo_top_k_result top =
        vireo_top_k(g, vireo_concat(g, values, s->n_parts, 1), s->a.k, VIREO_NONE);
    vireo_graph_output(g, "scores", top.values);
    vireo_graph_output(g, "places", top.indices);
    vireo_graph_output(g, "found", vireo_concat(g, values + s->n_parts, s->n_parts, 1));
    vr_free(NULL, values);
    return vireo_model_create(device, &g, NULL, &s->model, err);
}

static vireo_status open_search(search *s, vireo_device *device, vireo_error *err)
{
    const size_t n = (size_t)s->a.queries * s->a.dim, best = (size_t)s->a.queries * s->a.k;
    uint8_t *table = vr_alloc(NULL, row_bytes(s) * s->a.rows);
    cut_table(s, vireo_device_get_info(device));
    s->queries = vr_alloc(NULL, n * sizeof *s->queries);
    s->scores = vr_calloc(NULL, best, sizeof *s->scores);
    s->ids = vr_calloc(NULL, best, sizeof *s->ids);
    s->found = vr_calloc(NULL, best * s->n_parts, sizeof *s->found);
    vireo_status st = table && s->queries && s->scores && s->ids && s->found
                          ? VIREO_OK
                          : vr_fail_memory(err, "search");
    if (!st) {
        const size_t elements = (size_t)s->a.rows * s->a.dim;
        vr_bench_fill(s->a.dtype, 0, elements, table);
        vr_bench_fill(VIREO_F32, (uint32_t)elements, n, s->queries);
        st = build(s, device, table, err);
    }
    vr_free(NULL, table);
    s->in =
        (vireo_tensor){VIREO_F32, 2, {s->a.queries, s->a.dim}, s->queries, n * sizeof *s->queries};
    s->out[0] = (vireo_tensor){.data = s->scores, .bytes = best * sizeof *s->scores};
    s->out[1] = (vireo_tensor){.data = s->ids, .bytes = best * sizeof *s->ids};
    s->out[2] = (vireo_tensor){.data = s->found, .bytes = best * s->n_parts * sizeof *s->found};
    return st ? st : vr_bench_open(s->model, NULL, &s->in, 1, s->out, 3, &s->session, err);
}

static void close_search(search *s)
{
    vireo_session_destroy(&s->session);
    vireo_model_destroy(&s->model);
    vr_free(NULL, s->queries);
    vr_free(NULL, s->scores);
    vr_free(NULL, s->ids);
    vr_free(NULL, s->found);
}

/* From a place among what the parts have found to a row of the table; -1 stays. */
static vireo_status search_once(void *user, vireo_error *err)
{
    search *s = user;
    const uint32_t k = s->a.k;
    vireo_status st = vireo_session_run(s->session, &s->in, 1, s->out, 3, err);
    for (size_t i = 0; !st && i < (size_t)s->a.queries * k; i++) {
        const uint32_t place = (uint32_t)s->ids[i];
        const int32_t row = s->ids[i] < 0 ? -1 : s->found[i / k * k * s->n_parts + place];
        s->ids[i] = row < 0 ? -1 : row + (int32_t)(place / k * s->part);
    }
    return st;
}

/* Of the first part: "matmul/texel, top_k/subgroup". */
static void kernels_text(const search *s, vr_str *out)
{
    const char *op = "", *kernel;
    for (size_t i = 0; i < 2 && (kernel = vireo_session_get_kernel(s->session, i, &op)); i++)
        vr_str_addf(out, "%s%s/%s", i ? ", " : "", op, kernel);
}

static double gb_per_s(const search *s)
{
    return (double)row_bytes(s) * s->a.rows / (s->time.ms.median * 1e6);
}

static void write_json(vr_json_out *j, const vr_engine *e, const search *s, const char *kernels)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "device", vr_engine_device_name(e));
    vr_out_uint(j, "rows", s->a.rows);
    vr_out_uint(j, "dim", s->a.dim);
    vr_out_uint(j, "queries", s->a.queries);
    vr_out_uint(j, "k", s->a.k);
    vr_out_text(j, "dtype", vireo_dtype_name(s->a.dtype));
    vr_out_text(j, "kernels", kernels);
    vr_out_timing(j, "ms", &s->time);
    vr_out_uint(j, "runs", s->time.runs);
    vr_out_number(j, "gb_per_s", gb_per_s(s));
    vr_out_begin(j, "ids", '[');
    for (uint32_t q = 0; q < s->a.queries; q++) {
        vr_out_begin(j, NULL, '[');
        for (uint32_t i = 0; i < s->a.k; i++)
            vr_out_int(j, NULL, s->ids[(size_t)q * s->a.k + i]);
        vr_out_end(j, ']');
    }
    vr_out_end(j, ']');
    vr_out_begin(j, "scores", '[');
    for (uint32_t q = 0; q < s->a.queries; q++)
        vr_out_floats(j, NULL, s->scores + (size_t)q * s->a.k, s->a.k);
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static void write_text(vr_str *out, const search *s, const char *kernels)
{
    static const vr_column columns[] = {{.title = "table"},
                                        {.title = "dtype"},
                                        {.title = "queries", .right = true},
                                        {.title = "k", .right = true},
                                        {.title = "kernels", .shrinks = true},
                                        {.title = "ms", .right = true},
                                        {.title = "GB/s", .right = true}};
    vr_table t;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    vr_table_addf(&t, "%ux%u", s->a.rows, s->a.dim);
    vr_table_add(&t, vireo_dtype_name(s->a.dtype));
    vr_table_addf(&t, "%u", s->a.queries);
    vr_table_addf(&t, "%u", s->a.k);
    vr_table_add(&t, kernels);
    vr_bench_add_ms(&t, &s->time);
    vr_table_addf(&t, "%.3g", gb_per_s(s));
    vr_table_write(&t, vr_terminal_width(), out);
    vr_table_deinit(&t);
}

static int print(const vr_engine *e, const search *s)
{
    vr_json_out out;
    vr_str kernels;
    vr_out_init(&out);
    vr_str_init(&kernels, NULL);
    kernels_text(s, &kernels);
    if (kernels.failed)
        out.text.failed = true;
    else if (s->a.json)
        write_json(&out, e, s, kernels.data);
    else
        write_text(&out.text, s, kernels.data);
    int status = vr_cli_print(e->cli, &out.text);
    vr_str_deinit(&kernels);
    vr_out_deinit(&out);
    return status;
}

int vr_bench_search_command(vr_engine *e, const vr_cli *cli, const vr_bench_search_args *a)
{
    search s = {.a = *a};
    s.a.queries = a->queries ? a->queries : 1;
    s.a.k = a->k ? a->k : DEFAULT_K;
    int status = vr_engine_open_device(e, cli);
    if (status)
        return status;
    vireo_status st = open_search(&s, e->device, &e->error);
    if (!st)
        st = vr_bench_time(search_once, &s, a->runs ? a->runs : DEFAULT_RUNS, &s.time, &e->error);
    status = st ? vr_engine_fail(e, st, NULL) : print(e, &s);
    close_search(&s);
    return status;
}
