/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/scorer.h"
#include "vireo/graph.h"
#include <string.h>

#define MOST_MATRIX_BYTES ((uint64_t)1 << 30)

struct vr_scorer {
    vireo_allocator hook;
    const vireo_allocator *allocator;
    vireo_model *model;
    vireo_session *session;
    bool neighbours, content;
    int64_t n_items, width;
    uint32_t k;
    vireo_progress_fn progress;
    void *progress_user;
};

/* While a graph is made and its constants are uploaded. */
typedef struct builder {
    vireo_graph *graph;
    const vr_scorer_parts *parts;
    vireo_symbol requests;
    float *matrix; /* (n_items, n_users) */
    float *self;   /* (n_items) */
} builder;

static vireo_value constant(builder *b, const char *name, int64_t rows, int64_t columns,
                            const float *data)
{
    vireo_tensor t = {.dtype = VIREO_F32, .rank = 2, .shape = {rows, columns}};
    t.bytes = (size_t)rows * (size_t)columns * sizeof *data;
    t.data = (void *)(uintptr_t)data; /* a tensor serves inputs and outputs; this one is read */
    return vireo_graph_constant(b->graph, name, &t);
}

static vireo_value input(builder *b, const char *name, vireo_dtype dtype, size_t columns)
{
    const int64_t shape[2] = {0, (int64_t)columns};
    return vireo_graph_input(b->graph, name, dtype, 2, shape, b->requests);
}

/* What an item adds to its own score, cos(i, i) = 1, is taken off again. */
static vireo_value neighbour_scores(builder *b)
{
    const vr_co_occurrence *c = b->parts->neighbours;
    const int64_t items = (int64_t)c->n_items, users = (int64_t)c->n_users;
    for (size_t i = 0; i < c->n_items; i++)
        b->self[i] = c->offsets[i + 1] > c->offsets[i] ? -1.0f : 0.0f;
    vireo_value recent = input(b, "recent", VIREO_F32, c->n_items);
    vireo_value matrix = constant(b, "co-occurrence", items, users, b->matrix);
    vireo_value self = constant(b, "self", 1, items, b->self);
    vireo_value query = vireo_matmul(b->graph, recent, matrix, NULL);
    vireo_value own = vireo_binary_op(b->graph, VIREO_MUL, recent, self);
    return vireo_matmul(b->graph, query, matrix,
                        &(vireo_matmul_args){.transpose_b = true, .residual = own});
}

static vireo_value content_scores(builder *b)
{
    const vr_item_vectors *v = b->parts->content;
    vireo_value taste = input(b, "taste", VIREO_F32, v->n_items);
    vireo_value query = input(b, "query", VIREO_F32, v->width);
    vireo_value rows = constant(b, "vectors", (int64_t)v->n_items, (int64_t)v->width, v->rows);
    vireo_value mean = vireo_matmul(b->graph, taste, rows, &(vireo_matmul_args){.residual = query});
    return vireo_matmul(b->graph, mean, rows, &(vireo_matmul_args){.transpose_b = true});
}

static void build(builder *b)
{
    const vr_scorer_parts *p = b->parts;
    vireo_value scores = VIREO_NONE;
    b->requests = vireo_graph_symbol(b->graph, "requests", p->batch);
    if (p->neighbours)
        scores = neighbour_scores(b);
    if (p->content) {
        vireo_value content = content_scores(b);
        if (p->neighbours) {
            vireo_value blend = constant(b, "blend", 1, (int64_t)p->n_items, p->blend);
            content = vireo_binary_op(b->graph, VIREO_MUL, content, blend);
            scores = vireo_binary_op(b->graph, VIREO_ADD, scores, content);
        } else {
            scores = content;
        }
    }
    if (!p->neighbours && !p->content)
        scores = input(b, "given", VIREO_F32, p->n_items);
    if (p->k == 0) {
        vireo_graph_output(b->graph, "scores", scores);
        return;
    }
    vireo_value deny = input(b, "deny", VIREO_I32, (p->n_items + 31) / 32);
    vireo_top_k_result top = vireo_top_k(b->graph, scores, p->k, deny);
    vireo_graph_output(b->graph, "scores", top.values);
    vireo_graph_output(b->graph, "items", top.indices);
}

/* The matrix is bound whole as the second operand of a product. */
static uint64_t most_bytes(const vireo_device *d)
{
    const vireo_device_info *info = vireo_device_get_info(d);
    uint64_t most = MOST_MATRIX_BYTES;
    if (info->max_allocation_bytes < most)
        most = info->max_allocation_bytes;
    if (info->max_storage_binding_bytes < most)
        most = info->max_storage_binding_bytes;
    return most;
}

static vireo_status make_model(vr_scorer *s, vireo_device *device, const vr_scorer_parts *parts,
                               vireo_error *err)
{
    builder b = {.parts = parts};
    vireo_status st = vireo_graph_create(s->allocator, &b.graph, err);
    if (!st && parts->neighbours) {
        st = vr_co_occurrence_dense(parts->neighbours, most_bytes(device), &b.matrix, err);
        b.self = vr_calloc(s->allocator, parts->n_items, sizeof *b.self);
        if (!st && !b.self)
            st = vr_fail_memory(err, "neighbours");
    }
    if (!st) {
        vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
        options.no_fuse = parts->no_fuse;
        build(&b);
        st = vireo_model_create(device, &b.graph, &options, &s->model, err);
    }
    vireo_graph_destroy(&b.graph);
    vr_free(s->allocator, b.self);
    vr_free(s->allocator, b.matrix);
    return st;
}

/* What the session tells, but how far a run is: its owner counts requests. */
static int forward(void *user, const char *what, uint64_t done, uint64_t total)
{
    const vr_scorer *s = user;
    return strcmp(what, "run") != 0 && s->progress(s->progress_user, what, done, total);
}

vireo_status vr_scorer_create(vireo_device *device, const vr_scorer_parts *parts,
                              const vireo_allocator *allocator, vr_scorer **out, vireo_error *err)
{
    vr_scorer *s = vr_calloc(allocator, 1, sizeof *s);
    if (!s)
        return vr_fail_memory(err, "scorer");
    if (allocator) {
        s->hook = *allocator;
        s->allocator = &s->hook;
    }
    s->neighbours = parts->neighbours != NULL;
    s->content = parts->content != NULL;
    s->n_items = (int64_t)parts->n_items;
    s->width = parts->content ? (int64_t)parts->content->width : 0;
    s->k = parts->k;
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.deterministic = parts->deterministic;
    s->progress = parts->progress;
    s->progress_user = parts->progress_user;
    options.progress = parts->progress ? forward : NULL;
    options.progress_user = s;
    vireo_status st = make_model(s, device, parts, err);
    if (!st)
        st = vireo_session_create(s->model, &options, &s->session, err);
    if (st)
        vr_scorer_destroy(&s);
    else
        *out = s;
    return st;
}

void vr_scorer_destroy(vr_scorer **scorer)
{
    if (!scorer || !*scorer)
        return;
    vr_scorer *s = *scorer;
    vireo_allocator hook = s->hook;
    vireo_session_destroy(&s->session);
    vireo_model_destroy(&s->model);
    vr_free(s->allocator ? &hook : NULL, s);
    *scorer = NULL;
}

uint32_t vr_scorer_k(const vr_scorer *s)
{
    return s->k;
}

static vireo_tensor rows(vireo_dtype dtype, size_t n, int64_t width, const void *data)
{
    vireo_tensor t = {.dtype = dtype, .rank = 2, .shape = {(int64_t)n, width}};
    t.bytes = n * (size_t)width * 4;
    t.data = (void *)(uintptr_t)data;
    return t;
}

vireo_status vr_scorer_run(vr_scorer *s, const vr_scorer_run_args *args, vireo_error *err)
{
    vireo_tensor in[4], out[2];
    size_t n_in = 0, n_out = 0;
    if (s->neighbours)
        in[n_in++] = rows(VIREO_F32, args->n, s->n_items, args->recent);
    if (s->content) {
        in[n_in++] = rows(VIREO_F32, args->n, s->n_items, args->taste);
        in[n_in++] = rows(VIREO_F32, args->n, s->width, args->query);
    }
    if (n_in == 0)
        in[n_in++] = rows(VIREO_F32, args->n, s->n_items, args->given);
    if (s->k)
        in[n_in++] = rows(VIREO_I32, args->n, (s->n_items + 31) / 32, args->deny);
    out[n_out++] = rows(VIREO_F32, args->n, s->k ? (int64_t)s->k : s->n_items, args->scores);
    if (s->k)
        out[n_out++] = rows(VIREO_I32, args->n, (int64_t)s->k, args->items);
    return vireo_session_run(s->session, in, n_in, out, n_out, err);
}
