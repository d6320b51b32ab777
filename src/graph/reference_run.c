/* SPDX-License-Identifier: Apache-2.0
 * A graph by the references of its ops, in double precision on the host: what a device's answers are
 * compared with. */
#include "graph/graph.h"
#include "tensor/quant.h"
#include "vireo/inspect.h"
#include <string.h>

typedef struct reference_run {
    const vireo_graph *g;
    vr_arena arena;      /* all that follows */
    vr_value *values;    /* [value id], counts of the run */
    vr_value **pointers; /* [value id] */
    double **data;       /* [value id]: elements without padding */
    vireo_error *err;
} reference_run;

static vireo_status make_values(reference_run *r, const int64_t *counts)
{
    const vireo_graph *g = r->g;
    r->values = vr_arena_array(&r->arena, g->n_values, sizeof *r->values);
    r->pointers = vr_arena_array(&r->arena, g->n_values, sizeof *r->pointers);
    r->data = vr_arena_array(&r->arena, g->n_values, sizeof *r->data);
    if (!r->values || !r->pointers || !r->data)
        return vr_fail_memory(r->err, "reference");
    for (size_t i = 0; i < g->n_values; i++) {
        vr_value *v = r->pointers[i] = &r->values[i];
        *v = g->values[i].v;
        v->pitch = 0;
        v->count = v->symbol != VR_NO_SYMBOL ? counts[v->symbol] : v->rank ? v->shape[0] : 1;
        r->data[i] = i ? vr_arena_array(&r->arena, (size_t)vr_value_elements_now(v) + 1, sizeof(double)) : NULL;
        if (i && !r->data[i])
            return vr_fail_memory(r->err, "reference");
    }
    return VIREO_OK;
}

/* One row of a constant; `stored` holds its bytes if it stands in a file. */
static vireo_status read_row(reference_run *r, uint32_t id, size_t row, char *stored, float *floats)
{
    const vr_graph_value *c = &r->g->values[id];
    const size_t width = (size_t)vr_value_width(&c->v);
    const size_t bytes = vireo_dtype_row_bytes(c->data_dtype, (int64_t)width);
    const char *at = c->file ? stored : (const char *)c->data + row * bytes;
    vireo_status st = c->file ? vr_file_read_at(c->file, c->name, c->file_offset + row * bytes,
                                                stored, bytes, r->err)
                              : VIREO_OK;
    if (st)
        return st;
    double *to = r->data[id] + row * width;
    if (c->data_dtype != VIREO_I32) {
        vr_unpack_row(c->data_dtype, at, width, floats);
        for (size_t i = 0; i < width; i++)
            to[i] = (double)floats[i];
        return VIREO_OK;
    }
    for (size_t i = 0; i < width; i++) {
        int32_t word;
        memcpy(&word, at + i * sizeof word, sizeof word);
        to[i] = (double)word;
    }
    return VIREO_OK;
}

static vireo_status read_constant(reference_run *r, uint32_t id)
{
    const vr_value *v = &r->g->values[id].v;
    const size_t width = (size_t)vr_value_width(v);
    const size_t rows = v->rank < 2 ? 1 : (size_t)vr_value_rows(v);
    char *stored = vr_arena_alloc(&r->arena, width * sizeof(double) + 1);
    float *floats = vr_arena_array(&r->arena, width + 1, sizeof *floats);
    if (!stored || !floats)
        return vr_fail_memory(r->err, "reference");
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < rows; i++)
        st = read_row(r, id, i, stored, floats);
    return st;
}

static void read_inputs(reference_run *r, const vireo_tensor *in)
{
    for (size_t i = 0; i < r->g->n_inputs; i++) {
        const uint32_t id = r->g->inputs[i];
        const size_t n = (size_t)vr_value_elements_now(&r->values[id]);
        for (size_t j = 0; j < n; j++)
            r->data[id][j] = in[i].dtype == VIREO_I32 ? (double)((const int32_t *)in[i].data)[j]
                                                      : (double)((const float *)in[i].data)[j];
    }
}

static void run_node(reference_run *r, const vr_node *node)
{
    vr_call call;
    vr_ref_args args = {.call = &call};
    vr_node_call(r->g, node, r->pointers, NULL, &call);
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        args.in[i] = node->in[i] ? r->data[node->in[i]] : NULL;
    for (uint32_t i = 0; i < VR_MAX_OUT; i++)
        args.out[i] = node->out[i] ? r->data[node->out[i]] : NULL;
    vr_ops[node->op]->reference(&args);
}

static vireo_status check_outputs(const reference_run *r, const vireo_tensor *out)
{
    for (size_t i = 0; i < r->g->n_outputs; i++) {
        const vr_graph_output *o = &r->g->outputs[i];
        const size_t bytes = (size_t)vr_value_elements_now(&r->values[o->value]) * sizeof(float);
        if (bytes > out[i].bytes || (bytes && !out[i].data))
            return vr_fail(r->err, VIREO_ERROR_INVALID_ARGUMENT,
                           "output %s needs %zu bytes, %zu are given", o->name, bytes, out[i].bytes);
    }
    return VIREO_OK;
}

static void write_output(const reference_run *r, const vr_graph_output *o, vireo_tensor *out)
{
    const vr_value *v = &r->values[o->value];
    const size_t n = (size_t)vr_value_elements_now(v);
    for (size_t i = 0; i < n; i++)
        if (v->dtype == VIREO_I32)
            ((int32_t *)out->data)[i] = (int32_t)r->data[o->value][i];
        else
            ((float *)out->data)[i] = (float)r->data[o->value][i];
    out->dtype = v->dtype;
    out->rank = v->rank;
    memcpy(out->shape, v->shape, sizeof out->shape);
    if (v->rank)
        out->shape[0] = v->count;
}

static vireo_status run_all(reference_run *r, const vireo_tensor *in, vireo_tensor *out)
{
    const vireo_graph *g = r->g;
    vireo_status st = check_outputs(r, out);
    for (uint32_t i = 1; !st && i < g->n_values; i++)
        if (g->values[i].v.kind == VR_CONSTANT)
            st = read_constant(r, i);
    if (st)
        return st;
    read_inputs(r, in);
    for (size_t i = 0; i < g->n_nodes; i++)
        run_node(r, &g->nodes[i]);
    for (size_t i = 0; i < g->n_outputs; i++)
        write_output(r, &g->outputs[i], &out[i]);
    return VIREO_OK;
}

vireo_status vireo_graph_run_reference(const vireo_graph *g, const vireo_tensor *in, size_t n_in,
                                       vireo_tensor *out, size_t n_out, vireo_error *err)
{
    int64_t counts[VR_MAX_SYMBOLS + 1];
    if (!g || (n_in && !in) || (n_out && !out))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_graph_run_reference: graph, inputs and outputs are needed");
    vireo_status st = vireo_graph_check(g, err);
    if (!st)
        st = vr_graph_counts(g, 0, in, n_in, counts, err);
    if (!st && n_out != g->n_outputs)
        st = vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                     "%zu outputs asked for, the graph has %zu", n_out, g->n_outputs);
    if (st)
        return st;
    reference_run r = {.g = g, .err = err};
    vr_arena_init(&r.arena, g->allocator);
    st = make_values(&r, counts);
    if (!st)
        st = run_all(&r, in, out);
    vr_arena_deinit(&r.arena);
    return st;
}
