/* SPDX-License-Identifier: Apache-2.0 */
#include "run/check_case.h"
#include "tensor/quant.h"
#include "tensor/shape.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SMALLEST_BUCKET = 16 };

/* SplitMix64 (Steele, Lea and Flood 2014). */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* A sum of four uniform numbers, with deviation 1. */
static double normal(uint64_t *state)
{
    double sum = -2;
    for (int i = 0; i < 4; i++)
        sum += (double)(next(state) >> 11) * 0x1p-53;
    return sum * sqrt(3);
}

static size_t elements_of(const vr_check_operand *o)
{
    size_t n = 1;
    for (uint32_t i = 0; i < o->rank; i++)
        n *= (size_t)o->shape[i];
    return n;
}

/* Squares grow slowly at first: short sequences, the second of them empty, then long ones. */
static double offset(size_t i, size_t n, double rows)
{
    if (i + 1 == n)
        return rows;
    const double part = (double)(i == 2 ? 1 : i) / (double)(n - 1);
    return floor(part * part * rows);
}

static void fill(const vr_check *check, const vr_check_operand *o, uint64_t seed, double *out)
{
    const size_t n = elements_of(o);
    const double rows = (double)check->in[o->of].shape[0];
    for (size_t i = 0; i < n; i++) {
        const uint64_t word = next(&seed);
        switch (o->fill) {
        case VR_FILL_NORMAL:
            out[i] = normal(&seed);
            break;
        case VR_FILL_IDS:
            out[i] = (double)(word % (uint64_t)rows);
            break;
        case VR_FILL_OFFSETS:
            out[i] = offset(i, n, rows);
            break;
        case VR_FILL_BITS:
            out[i] = (double)(int32_t)(uint32_t)word;
            break;
        }
    }
}

/* Stores n numbers, whole rows, as dtype, and what is stored back into them. row: (n) for its use. */
static void store(vireo_dtype dtype, double *numbers, size_t n, float *row, void *out)
{
    if (dtype == VIREO_I32) {
        for (size_t i = 0; i < n; i++)
            ((int32_t *)out)[i] = (int32_t)numbers[i];
        return;
    }
    for (size_t i = 0; i < n; i++)
        row[i] = (float)numbers[i];
    vr_pack_row(dtype, row, n, out);
    vr_unpack_row(dtype, out, n, row);
    for (size_t i = 0; i < n; i++)
        numbers[i] = (double)row[i];
}

/* The bucket's capacity for n rows: then capacities in the graph and in the run are the same. */
static int64_t capacity_for(int64_t n)
{
    int64_t capacity = SMALLEST_BUCKET;
    while (capacity < n)
        capacity *= 2;
    return capacity;
}

static vireo_status add_operand(vr_check_case *c, uint32_t i, uint64_t seed,
                                vireo_symbol symbols[3], vireo_value *out, vireo_error *err)
{
    char name[16];
    const vr_check_operand *o = &c->check->in[i];
    const size_t n = elements_of(o);
    vireo_tensor t = {.dtype = o->dtype, .rank = o->rank};
    if (!vr_shape_bytes(o->shape, o->rank, o->dtype, &t.bytes))
        return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                       "self-test: %s: input %u is no tensor of %s", vr_ops[c->op]->name,
                       (unsigned)i, vireo_dtype_name(o->dtype));
    memcpy(t.shape, o->shape, sizeof t.shape);
    snprintf(name, sizeof name, "in%u", (unsigned)i);
    t.data = vr_arena_alloc(&c->arena, t.bytes + 1);
    c->operands[i] = vr_arena_array(&c->arena, n + 1, sizeof(double));
    float *row = vr_arena_array(&c->arena, n + 1, sizeof *row);
    if (!t.data || !c->operands[i] || !row)
        return vr_fail_memory(err, "self-test");
    fill(c->check, o, seed, c->operands[i]);
    store(o->dtype, c->operands[i], n, row, t.data);
    if (o->symbol && !symbols[o->symbol].id)
        symbols[o->symbol] = vireo_graph_symbol(c->graph, o->symbol == 1 ? "first" : "second",
                                                capacity_for(o->shape[0]));
    if (o->dtype == VIREO_F32 || o->dtype == VIREO_I32) {
        *out = vireo_graph_input(c->graph, name, o->dtype, o->rank, o->shape, symbols[o->symbol]);
        c->in[c->n_in++] = t;
    } else {
        *out = vireo_graph_constant(c->graph, name, &t);
    }
    return VIREO_OK;
}

/* Copies the node's operands, and sets their counts. */
static void set_call(vr_check_case *c, const vireo_symbol symbols[3])
{
    const vireo_graph *g = c->graph;
    const vr_node *node = &g->nodes[0];
    int64_t counts[VR_MAX_SYMBOLS + 1] = {0};
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (c->check->in[i].symbol)
            counts[symbols[c->check->in[i].symbol].id] = c->check->in[i].shape[0];
    for (size_t i = 1; i < g->n_symbols; i++)
        if (g->symbols[i].base)
            counts[i] = counts[g->symbols[i].base] + g->symbols[i].add;
    vr_node_call(g, node, NULL, NULL, &c->call);
    for (uint32_t i = 0; i < VR_MAX_IN + VR_MAX_OUT; i++) {
        const uint32_t id = i < VR_MAX_IN ? node->in[i] : node->out[i - VR_MAX_IN];
        vr_value *v = &c->values[i];
        if (!id)
            continue;
        *v = g->values[id].v;
        if (v->symbol != VR_NO_SYMBOL)
            v->count = counts[v->symbol];
        if (i < VR_MAX_IN)
            c->call.in[i] = v;
        else
            c->call.out[i - VR_MAX_IN] = v;
    }
}

vireo_status vr_check_case_init(vr_check_case *c, const vireo_allocator *a, vr_op_id op,
                                size_t index, vireo_error *err)
{
    const vr_op *o = vr_ops[op];
    vireo_symbol symbols[3] = {{0}};
    vireo_value in[VR_MAX_IN] = {{0}}, out[VR_MAX_OUT] = {{0}};
    *c = (vr_check_case){.op = op, .check = &o->checks[index]};
    vr_arena_init(&c->arena, a);
    vireo_status st = vireo_graph_create(a, &c->graph, err);
    for (uint32_t i = 0; !st && i < o->max_in; i++)
        if (c->check->in[i].rank)
            st = add_operand(c, i, 1000 * index + i, symbols, &in[i], err);
    if (st)
        return st;
    vr_graph_add(c->graph, op, &c->check->at, in, o->max_in, out);
    for (uint32_t i = 0; i < o->n_out; i++)
        vireo_graph_output(c->graph, i ? "out1" : "out0", out[i]);
    st = vireo_graph_check(c->graph, err);
    if (!st)
        set_call(c, symbols);
    return st;
}

vireo_status vr_check_case_expect(vr_check_case *c, vireo_error *err)
{
    vr_ref_args args = {.call = &c->call};
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        args.in[i] = c->operands[i];
    for (uint32_t i = 0; i < vr_ops[c->op]->n_out; i++) {
        const vr_value *v = c->call.out[i];
        c->elements[i] =
            v->rank == 1 ? (size_t)v->count : (size_t)(vr_value_rows_now(v) * vr_value_width(v));
        c->expected[i] = vr_arena_array(&c->arena, c->elements[i] + 1, sizeof(double));
        if (!c->expected[i])
            return vr_fail_memory(err, "self-test");
        args.out[i] = c->expected[i];
    }
    vr_ops[c->op]->reference(&args);
    return VIREO_OK;
}

void vr_check_case_deinit(vr_check_case *c)
{
    vireo_graph_destroy(&c->graph);
    vr_arena_deinit(&c->arena);
}
