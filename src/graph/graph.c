/* SPDX-License-Identifier: Apache-2.0 */
#include "graph/graph.h"
#include "tensor/dtype.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

vireo_status vireo_graph_create(const vireo_allocator *a, vireo_graph **out, vireo_error *err)
{
    vireo_graph *g = vr_calloc(a, 1, sizeof *g);
    if (!g)
        return vr_fail_memory(err, "graph");
    if (a) {
        g->allocator_storage = *a;
        g->allocator = &g->allocator_storage;
    }
    vr_arena_init(&g->arena, g->allocator);
    g->n_symbols = g->n_values = 1;
    if (!vr_grow(g->allocator, (void **)&g->symbols, &g->cap_symbols, 1, sizeof *g->symbols) ||
        !vr_grow(g->allocator, (void **)&g->values, &g->cap_values, 1, sizeof *g->values)) {
        vireo_graph_destroy(&g);
        return vr_fail_memory(err, "graph");
    }
    memset(&g->symbols[0], 0, sizeof g->symbols[0]);
    memset(&g->values[0], 0, sizeof g->values[0]);
    *out = g;
    return VIREO_OK;
}

void vireo_graph_destroy(vireo_graph **pg)
{
    if (!pg || !*pg)
        return;
    vireo_graph *g = *pg;
    vireo_allocator storage = g->allocator_storage;
    const vireo_allocator *a = g->allocator ? &storage : NULL;
    vr_free(a, g->symbols);
    vr_free(a, g->values);
    vr_free(a, g->nodes);
    vr_free(a, g->inputs);
    vr_free(a, g->outputs);
    vr_arena_deinit(&g->arena);
    vr_free(a, g);
    *pg = NULL;
}

vireo_status vireo_graph_check(const vireo_graph *g, vireo_error *err)
{
    if (g->fault.status && err)
        *err = g->fault;
    return g->fault.status;
}

vireo_value vireo_graph_fail(vireo_graph *g, vireo_status status, const char *format, ...)
{
    if (g->fault.status)
        return VIREO_NONE;
    char text[sizeof g->fault.message];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    vr_fail(&g->fault, status, "%s", text);
    return VIREO_NONE;
}

static void fail_memory(vireo_graph *g)
{
    if (!g->fault.status)
        vr_fail_memory(&g->fault, "graph");
}

static vireo_symbol add_symbol(vireo_graph *g, const char *name, int64_t max, uint32_t base,
                               int64_t add)
{
    if (g->fault.status)
        return (vireo_symbol){0};
    if (max < 0 || max > INT32_MAX) {
        vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                         "symbol %s: maximum %lld, allowed 0 to 2147483647", name, (long long)max);
        return (vireo_symbol){0};
    }
    if (g->n_symbols > VR_MAX_SYMBOLS) {
        vireo_graph_fail(g, VIREO_ERROR_LIMIT, "symbol %s: a graph has at most %d symbols", name,
                         VR_MAX_SYMBOLS);
        return (vireo_symbol){0};
    }
    const char *copy = vr_arena_strdup(&g->arena, name);
    if (!copy || !vr_grow(g->allocator, (void **)&g->symbols, &g->cap_symbols, g->n_symbols + 1,
                          sizeof *g->symbols)) {
        fail_memory(g);
        return (vireo_symbol){0};
    }
    g->symbols[g->n_symbols] =
        (vr_graph_symbol){.name = copy, .max = max, .base = base, .add = add};
    return (vireo_symbol){(uint32_t)g->n_symbols++};
}

vireo_symbol vireo_graph_symbol(vireo_graph *g, const char *name, int64_t max)
{
    return add_symbol(g, name, max, 0, 0);
}

vireo_symbol vireo_graph_symbol_derive(vireo_graph *g, const char *name, vireo_symbol base,
                                       int64_t add)
{
    if (g->fault.status)
        return (vireo_symbol){0};
    if (base.id == 0 || base.id >= g->n_symbols || g->symbols[base.id].base) {
        vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                         "symbol %s: derived from something that is not a plain symbol", name);
        return (vireo_symbol){0};
    }
    if (add < -INT32_MAX || add > INT32_MAX) {
        vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                         "symbol %s: %lld is added, allowed -2147483647 to 2147483647", name,
                         (long long)add);
        return (vireo_symbol){0};
    }
    for (uint32_t i = 1; i < g->n_symbols; i++)
        if (g->symbols[i].base == base.id && g->symbols[i].add == add)
            return (vireo_symbol){i};
    int64_t max = g->symbols[base.id].max + add;
    return add_symbol(g, name, max < 0 ? 0 : max, base.id, add);
}

/* symbol + add, where symbol may itself be derived. */
static vireo_symbol derive_from(vireo_graph *g, vireo_symbol symbol, int64_t add)
{
    const vr_graph_symbol *s = &g->symbols[symbol.id];
    vireo_symbol base = {s->base ? s->base : symbol.id};
    add += s->base ? s->add : 0;
    return add ? vireo_graph_symbol_derive(g, "derived", base, add) : base;
}

static uint32_t add_value(vireo_graph *g, const vr_graph_value *value)
{
    if (!vr_grow(g->allocator, (void **)&g->values, &g->cap_values, g->n_values + 1,
                 sizeof *g->values)) {
        fail_memory(g);
        return 0;
    }
    g->values[g->n_values] = *value;
    return (uint32_t)g->n_values++;
}

/* Fills dtype, rank and shape, checking sizes: rows and width fit 31 bits, the quads of all rows,
 * padding included, 32, as shaders count them. */
static bool set_shape(vireo_graph *g, const char *name, vr_value *v, vireo_dtype dtype,
                      uint32_t rank, const int64_t *shape, vireo_symbol symbol)
{
    if (rank > VIREO_MAX_RANK || (symbol.id && (rank == 0 || symbol.id >= g->n_symbols))) {
        vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT, "%s: rank %u or symbol %u is not valid",
                         name, rank, symbol.id);
        return false;
    }
    if (!vr_dtype_valid(dtype)) {
        vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT, "%s: dtype %u is none", name,
                         (unsigned)dtype);
        return false;
    }
    v->dtype = dtype;
    v->rank = rank;
    v->symbol = symbol.id ? symbol.id : VR_NO_SYMBOL;
    for (uint32_t i = 0; i < rank; i++) {
        v->shape[i] = i == 0 && symbol.id ? g->symbols[symbol.id].max : shape[i];
        if (v->shape[i] < 0 || v->shape[i] > INT32_MAX) {
            vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                             "%s: dimension %u is %lld, allowed 0 to 2147483647", name, i,
                             (long long)v->shape[i]);
            return false;
        }
    }
    v->count = rank ? v->shape[0] : 1;
    int64_t rows = 1;
    for (uint32_t i = 0; i + 1 < rank; i++) {
        const int64_t size = v->shape[i] ? v->shape[i] : 1; /* so that no product of sizes overflows */
        if (rows > INT32_MAX / size) {
            vireo_graph_fail(g, VIREO_ERROR_LIMIT, "%s: more than 2147483647 rows", name);
            return false;
        }
        rows *= size;
    }
    const int64_t quads = (vr_value_width(v) + 3) / 4;
    if (quads > UINT32_MAX / rows) {
        vireo_graph_fail(g, VIREO_ERROR_LIMIT,
                         "%s: %lld rows of %lld elements, a value has at most 4294967295 times 4, each "
                         "row filled up to a multiple of 4",
                         name, (long long)rows, (long long)vr_value_width(v));
        return false;
    }
    return true;
}

vireo_value vireo_graph_input(vireo_graph *g, const char *name, vireo_dtype dtype, uint32_t rank,
                              const int64_t *shape, vireo_symbol symbol)
{
    if (g->fault.status)
        return VIREO_NONE;
    vr_graph_value value = {.v = {.kind = VR_INPUT}};
    if (dtype != VIREO_F32 && dtype != VIREO_I32)
        return vireo_graph_fail(g, VIREO_ERROR_UNSUPPORTED, "input %s: %s, allowed: f32, i32", name,
                                vireo_dtype_name(dtype));
    for (size_t i = 0; i < g->n_inputs; i++)
        if (!strcmp(g->values[g->inputs[i]].name, name))
            return vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT, "two inputs named %s", name);
    if (!set_shape(g, name, &value.v, dtype, rank, shape, symbol))
        return VIREO_NONE;
    value.name = vr_arena_strdup(&g->arena, name);
    uint32_t id = value.name ? add_value(g, &value) : 0;
    if (!id || !vr_grow(g->allocator, (void **)&g->inputs, &g->cap_inputs, g->n_inputs + 1,
                        sizeof *g->inputs)) {
        fail_memory(g);
        return VIREO_NONE;
    }
    g->inputs[g->n_inputs++] = id;
    return (vireo_value){id};
}

/* Bytes of a constant whose shape was checked; false: a fault. */
static bool constant_bytes(vireo_graph *g, const char *name, const vireo_tensor *t, uint64_t *bytes)
{
    const int64_t width = t->rank ? t->shape[t->rank - 1] : 1;
    const size_t block = vireo_dtype_block(t->dtype);
    if (width % (int64_t)block) {
        vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                         "constant %s: %s of %lld elements a row, they must be a multiple of %zu",
                         name, vireo_dtype_name(t->dtype), (long long)width, block);
        return false;
    }
    *bytes = vireo_dtype_row_bytes(t->dtype, width);
    for (uint32_t i = 0; i + 1 < t->rank; i++)
        *bytes *= (uint64_t)t->shape[i];
    return true;
}

/* file NULL: the data are t's. */
static vireo_value add_constant(vireo_graph *g, const char *name, const vireo_tensor *t,
                                const vr_file *file, uint64_t offset)
{
    if (g->fault.status)
        return VIREO_NONE;
    vr_graph_value value = {.v = {.kind = VR_CONSTANT},
                            .data = file ? NULL : t->data,
                            .data_dtype = t->dtype,
                            .file = file,
                            .file_offset = offset};
    if (!set_shape(g, name, &value.v, t->dtype, t->rank, t->shape, (vireo_symbol){0}))
        return VIREO_NONE;
    uint64_t bytes;
    if (!constant_bytes(g, name, t, &bytes))
        return VIREO_NONE;
    if (bytes > t->bytes || (bytes && !file && !t->data))
        return vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                                "constant %s: %zu bytes given, its shape needs %llu", name,
                                t->bytes, (unsigned long long)bytes);
    value.name = vr_arena_strdup(&g->arena, name);
    if (!value.name) {
        fail_memory(g);
        return VIREO_NONE;
    }
    return (vireo_value){add_value(g, &value)};
}

vireo_value vireo_graph_constant(vireo_graph *g, const char *name, const vireo_tensor *t)
{
    return add_constant(g, name, t, NULL, 0);
}

vireo_value vr_graph_file_constant(vireo_graph *g, const char *name, const vireo_tensor *t,
                                   const vr_file *file, uint64_t offset)
{
    return add_constant(g, name, t, file, offset);
}

vireo_value vireo_graph_first_row(vireo_graph *g, vireo_value constant)
{
    if (g->fault.status)
        return VIREO_NONE;
    const vr_graph_value *c = constant.id < g->n_values ? &g->values[constant.id] : &g->values[0];
    if (c->v.kind != VR_CONSTANT || c->v.rank != 2 || c->v.shape[0] < 1)
        return vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                                "first row: the value is not a constant with rows");
    vireo_tensor row = {.dtype = c->data_dtype, .rank = 1, .shape = {c->v.shape[1]},
                        .bytes = vireo_dtype_row_bytes(c->data_dtype, c->v.shape[1])};
    memcpy(&row.data, &c->data, sizeof row.data); /* constants are never written */
    return add_constant(g, c->name, &row, c->file, c->file_offset);
}

void vireo_graph_output(vireo_graph *g, const char *name, vireo_value v)
{
    if (g->fault.status)
        return;
    if (v.id == 0 || v.id >= g->n_values || g->values[v.id].v.kind != VR_ACTIVATION) {
        vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                         "output %s is not the result of an op of this graph", name);
        return;
    }
    for (size_t i = 0; i < g->n_outputs; i++)
        if (!strcmp(g->outputs[i].name, name) || g->outputs[i].value == v.id) {
            vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                             "output %s: two outputs with this name or value", name);
            return;
        }
    char *copy = vr_arena_strdup(&g->arena, name);
    if (!copy || !vr_grow(g->allocator, (void **)&g->outputs, &g->cap_outputs, g->n_outputs + 1,
                          sizeof *g->outputs)) {
        fail_memory(g);
        return;
    }
    g->values[v.id].is_output = true;
    g->outputs[g->n_outputs++] = (vr_graph_output){.name = copy, .value = v.id};
}

void vr_node_call(const vireo_graph *g, const vr_node *n, vr_value *const *values,
                  const vireo_device_info *limits, vr_call *out)
{
    *out = (vr_call){.op = n->op, .at = n->at, .limits = limits};
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (n->in[i])
            out->in[i] = values ? values[n->in[i]] : &g->values[n->in[i]].v;
    for (uint32_t i = 0; i < VR_MAX_OUT; i++)
        if (n->out[i])
            out->out[i] = values ? values[n->out[i]] : &g->values[n->out[i]].v;
}

/* An f16 or bf16 constant in a place where the op reads f32 becomes an f32 constant, converted on
 * upload. Blocks do not: they are there to save the memory that would take. */
static uint32_t operand(vireo_graph *g, vr_op_id op, size_t index, uint32_t id)
{
    vr_graph_value value = g->values[id];
    const bool half = value.v.dtype == VIREO_F16, brain = value.v.dtype == VIREO_BF16;
    const uint32_t read = half ? vr_ops[op]->f16_in : vr_ops[op]->packed_in;
    if (value.v.kind != VR_CONSTANT || (!half && !brain) || (read >> index & 1))
        return id;
    for (uint32_t i = 1; i < g->n_values; i++)
        if (g->values[i].data == value.data && g->values[i].name == value.name &&
            g->values[i].v.dtype == VIREO_F32)
            return i;
    value.v.dtype = VIREO_F32;
    return add_value(g, &value);
}

void vr_graph_add(vireo_graph *g, vr_op_id op, const vr_attributes *at, const vireo_value *in,
                  size_t n_in, vireo_value *out)
{
    const vr_op *o = vr_ops[op];
    memset(out, 0, o->n_out * sizeof *out);
    if (g->fault.status)
        return;
    vr_node node = {.op = op, .at = *at};
    for (size_t i = 0; i < n_in; i++) {
        if (in[i].id >= g->n_values || (in[i].id == 0 && i < o->min_in)) {
            vireo_graph_fail(g, VIREO_ERROR_INVALID_ARGUMENT,
                             "%s: input %zu is not a value of this graph", o->name, i);
            return;
        }
        node.in[i] = in[i].id ? operand(g, op, i, in[i].id) : 0;
        if (g->fault.status)
            return;
    }
    vr_value results[VR_MAX_OUT] = {{0}};
    vr_call call;
    vr_node_call(g, &node, NULL, NULL, &call);
    for (uint32_t i = 0; i < o->n_out; i++) {
        results[i].symbol = VR_NO_SYMBOL;
        call.out[i] = &results[i];
    }
    if (o->infer(&call, &g->fault))
        return;
    for (uint32_t i = 0; i < o->n_out; i++) {
        vireo_symbol symbol = {results[i].symbol == VR_NO_SYMBOL ? 0 : results[i].symbol};
        if (symbol.id && results[i].derive)
            symbol = derive_from(g, symbol, results[i].derive);
        vr_graph_value value = {.v = results[i]}; /* infer may copy an input whole */
        value.v.kind = VR_ACTIVATION;
        value.v.derive = 0;
        if (!set_shape(g, o->name, &value.v, results[i].dtype, results[i].rank, results[i].shape,
                       symbol))
            return;
        node.out[i] = add_value(g, &value);
        if (!node.out[i])
            return;
    }
    if (!vr_grow(g->allocator, (void **)&g->nodes, &g->cap_nodes, g->n_nodes + 1,
                 sizeof *g->nodes)) {
        fail_memory(g);
        return;
    }
    g->nodes[g->n_nodes++] = node;
    for (uint32_t i = 0; i < o->n_out; i++)
        out[i].id = node.out[i];
}
