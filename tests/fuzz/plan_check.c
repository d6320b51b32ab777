/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_check.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "shaders/push.h"

/* Quads of f32 that 32 bits count; and what a few values of that size need. */
#define MOST_BYTES ((uint64_t)UINT32_MAX * 16)
#define MOST_SCRATCH (64 * MOST_BYTES)

static void need(bool holds, const vr_bucket *b, size_t node, const char *what)
{
    if (holds)
        return;
    const vireo_graph *g = b->model->graph;
    const vr_kernel *k = node < g->n_nodes ? b->nodes[node].kernel : NULL;
    fprintf(stderr, "node %zu, %s/%s: %s\n", node,
            node < g->n_nodes ? vr_ops[g->nodes[node].op]->name : "none", k ? k->name : "view",
            what);
    for (uint32_t i = 0; node < g->n_nodes && i < VR_MAX_IN + VR_MAX_OUT; i++) {
        const uint32_t id =
            i < VR_MAX_IN ? g->nodes[node].in[i] : g->nodes[node].out[i - VR_MAX_IN];
        char text[128];
        vr_value_text(&b->values[id], text, sizeof text);
        if (id)
            fprintf(stderr, "  %s%u: %s, pitch %u\n", i < VR_MAX_IN ? "in" : "out",
                    i < VR_MAX_IN ? i : i - VR_MAX_IN, text, vr_value_pitch(&b->values[id]));
    }
    abort();
}

/* ---- Bindings ------------------------------------------------------------------------------ */

static const vr_value *value_of(const vr_bucket *b, const vr_node *node, vr_operand o)
{
    const uint32_t id = o >= VR_IN0 && o < VR_OUT0     ? node->in[o - VR_IN0]
                        : o == VR_OUT0 || o == VR_OUT1 ? node->out[o - VR_OUT0]
                                                       : 0;
    return id ? &b->values[id] : NULL;
}

static const vr_kernel *program_of(const vr_kernel *k, const vr_dispatch *d)
{
    return d->second ? k->second : k;
}

/* Bytes that binding i sees; 0: something harmless. */
static uint64_t bound(const vr_bucket *b, size_t index, const vr_kernel *k, uint64_t scratch,
                      const vr_dispatch *d, uint32_t i)
{
    const vr_node *node = &b->model->graph->nodes[index];
    const vr_operand o = i == 0 && d->first ? d->first : program_of(k, d)->binds[i].operand;
    const vr_value *v = value_of(b, node, o);
    if (o == VR_STEP || o == VR_FAULT || (!v && o != VR_SCRATCH))
        return 0;
    const uint64_t whole = v ? vr_value_bytes(v) : scratch;
    if (!d->range[i].bytes)
        return whole;
    need(d->range[i].offset % 256 == 0, b, index, "a range that is not aligned");
    const uint64_t row = v ? vr_value_row_bytes(v) : 0;
    need(d->range[i].offset <= whole && d->range[i].bytes <= whole - d->range[i].offset + row, b,
         index, "a range outside its operand");
    const uint64_t left = whole - d->range[i].offset;
    return d->range[i].bytes < left ? d->range[i].bytes : left; /* a view's last row is short */
}

/* Whether the device can bind all that the dispatch names: recording refuses what it cannot. */
static bool recordable(const vr_bucket *b, size_t index, const vr_kernel *k, uint64_t scratch,
                       const vr_dispatch *d)
{
    const vireo_device_info *limits = &b->model->device->info;
    const vr_binding *binds = program_of(k, d)->binds;
    for (uint32_t i = 0; binds[i].operand != VR_OPERAND_END; i++) {
        const uint64_t bytes = bound(b, index, k, scratch, d, i);
        const vr_value *v = value_of(b, &b->model->graph->nodes[index], binds[i].operand);
        const uint64_t texel = vr_texel_bytes(binds[i].access, v ? v->dtype : VIREO_F32);
        need(texel || binds[i].access == VR_STORAGE, b, index, "blocks read as texels");
        if (binds[i].access == VR_STORAGE ? bytes > limits->max_storage_binding_bytes
                                          : bytes / texel > limits->max_texel_elements)
            return false;
    }
    return true;
}

static bool all_recordable(const vr_bucket *b, size_t index, const vr_kernel *k, uint64_t scratch,
                           const vr_dispatch *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!recordable(b, index, k, scratch, &list[i]))
            return false;
    return true;
}

/* The chosen kernel cannot be recorded: none of those behind it may. */
static void check_no_other(const vr_bucket *b, size_t index)
{
    const vr_node *node = &b->model->graph->nodes[index];
    const vr_op *op = vr_ops[node->op];
    const vireo_device_info *limits = &b->model->device->info;
    vr_call call;
    vr_node_call(b->model->graph, node, b->pointers, limits, &call);
    for (const vr_kernel *k = b->nodes[index].kernel + 1; k < op->kernels + op->n_kernels; k++) {
        static vr_launches l; /* its memory serves all */
        l.count = 0;
        l.full = false;
        const uint64_t scratch = k->scratch ? k->scratch(&call, k) : 0;
        if (vr_kernel_lacks(k, limits) || (k->pays && !k->pays(&call, k)) ||
            vr_kernel_storage_bindings(k) > limits->max_storage_bindings ||
            (k->fits && !k->fits(&call, k)) ||
            k->launch(&call, k, vr_kernel_workgroup(k, limits), &l))
            continue;
        const bool would = all_recordable(b, index, k, scratch, l.list, l.count);
        need(!would, b, index, "a kernel that cannot be recorded was chosen before one that can");
    }
}

/* ---- What shaders address ------------------------------------------------------------------ */

/* Where element or quad `column` of row r of a region stands that is walked by strides. */
static uint64_t strided(uint64_t r, uint64_t column, uint64_t size1, uint64_t size2,
                        const uint32_t step[4])
{
    return r / size2 / size1 * step[0] + r / size2 % size1 * step[1] + r % size2 * step[2] +
           column * step[3];
}

static uint64_t rows_at(const vr_bucket *b, uint32_t rows, uint32_t symbol)
{
    return symbol == VR_NO_SYMBOL ? rows : rows * (uint64_t)b->capacity[symbol];
}

/* copy.comp, at capacity. */
static bool copy_inside(const vr_bucket *b, const vr_dispatch *d, bool quads, const uint64_t *bytes)
{
    struct vr_push_copy p;
    memcpy(&p, d->push, sizeof p);
    const uint64_t unit = quads ? 16 : 4, all = rows_at(b, p.x.rows, p.x.symbol);
    const uint64_t width = rows_at(b, p.x.width, p.x.width_symbol);
    const uint64_t columns = p.x.width_symbol == VR_NO_SYMBOL ? p.columns : (width + 3) / 4 * 4;
    if (p.x.end <= p.x.first || !columns)
        return true;
    const uint64_t slab = p.x.end - p.x.first;
    const uint32_t from[4] = {p.a0, p.a1, p.a2, p.a3}, to[4] = {p.b0, p.b1, p.b2, 1};
    uint64_t source = p.from + strided((p.cut ? slab : all) - 1, width - 1, p.size1, p.size2, from);
    if (p.from_width)
        source =
            p.from + (all * width - 1) / p.from_width * p.a2 + (all * width - 1) % p.from_width;
    const uint64_t target = p.to + strided(slab - 1, columns - 1, p.size1, p.size2, to);
    return (width == 0 || source < bytes[0] / unit) && target < bytes[1] / unit &&
           slab * columns <= UINT32_MAX;
}

/* broadcast.comp */
static bool broadcast_inside(const vr_bucket *b, const vr_dispatch *d, const uint64_t *bytes)
{
    struct vr_push_broadcast p;
    memcpy(&p, d->push, sizeof p);
    const uint64_t all = rows_at(b, p.x.rows, p.x.symbol);
    const uint64_t width = rows_at(b, p.x.width, p.x.width_symbol), quads = (width + 3) / 4;
    if (p.x.end <= p.x.first || !width)
        return true;
    const uint32_t sa[4] = {p.a0, p.a1, p.a2, p.a3}, sb[4] = {p.b0, p.b1, p.b2, p.b3};
    return strided(all - 1, width - 1, p.size1, p.size2, sa) < bytes[0] / 4 &&
           strided(all - 1, width - 1, p.size1, p.size2, sb) < bytes[1] / 4 &&
           (p.x.end - p.x.first) * quads <= bytes[2] / 16;
}

/* Rows of the extent that the push constants begin with: binding `in` holds them with their pitch,
 * binding `out` densely. */
static bool rows_inside(const vr_bucket *b, const vr_dispatch *d, const uint64_t *bytes,
                        uint32_t in, uint32_t out)
{
    vr_extent e;
    memcpy(&e, d->push, sizeof e);
    const uint64_t rows = e.end > e.first ? e.end - e.first : 0;
    const uint64_t quads = (rows_at(b, e.width, e.width_symbol) + 3) / 4;
    if (!rows || !quads)
        return true;
    return (rows - 1) * e.pitch + quads <= bytes[in] / 16 && rows * quads <= bytes[out] / 16;
}

static void check_reach(const vr_bucket *b, size_t index, const vr_dispatch *d)
{
    const vr_step_node *n = &b->nodes[index];
    const vr_kernel *k = program_of(n->kernel, d);
    uint64_t bytes[VR_KERNEL_BINDINGS] = {0};
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++)
        bytes[i] = bound(b, index, n->kernel, n->scratch_bytes, d, i);
    bool inside = true;
    if (!strcmp(k->shader, "copy.comp"))
        inside = copy_inside(b, d, !strcmp(k->name, "quads"), bytes);
    else if (!strcmp(k->shader, "broadcast.comp"))
        inside = broadcast_inside(b, d, bytes);
    else if (!strcmp(k->shader, "norm.comp") || !strcmp(k->shader, "unary.comp"))
        inside = rows_inside(b, d, bytes, 0, 1);
    else if (!strcmp(k->shader, "binary.comp"))
        inside = rows_inside(b, d, bytes, 0, 2);
    need(inside, b, index, "a shader that reaches outside what is bound");
}

/* ---- Nodes --------------------------------------------------------------------------------- */

static void check_dispatch(const vr_bucket *b, size_t index, const vr_dispatch *d)
{
    const vr_step_node *n = &b->nodes[index];
    need(d->push_bytes <= sizeof d->push && d->push_bytes % 4 == 0, b, index, "push constants");
    for (int i = 0; i < 3; i++)
        need(d->groups[i] <= 65535, b, index, "more than 65,535 groups");
    const bool runs = d->groups[0] && d->groups[1] && d->groups[2];
    const vr_binding *binds = program_of(n->kernel, d)->binds;
    for (uint32_t i = 0; binds[i].operand != VR_OPERAND_END; i++)
        need(!runs || binds[i].operand != VR_SCRATCH || n->scratch_bytes, b, index, "no scratch");
    check_reach(b, index, d);
}

static void check_view(const vr_bucket *b, size_t index)
{
    const vr_node *node = &b->model->graph->nodes[index];
    const vr_value *in = &b->values[node->in[0]], *out = &b->values[node->out[0]];
    const uint64_t offset = b->nodes[index].view_offset;
    need(offset % 256 == 0 && offset <= vr_value_bytes(in) &&
             vr_value_bytes(out) <= vr_value_bytes(in) - offset,
         b, index, "a view outside its value");
    need(vr_value_pitch(out) >= (uint64_t)vr_value_width(out) && vr_value_pitch(out) % 4 == 0, b,
         index, "a view's pitch");
}

static void check_node(const vr_bucket *b, size_t index)
{
    const vr_node *node = &b->model->graph->nodes[index];
    const vr_step_node *n = &b->nodes[index];
    if (!n->kernel) {
        check_view(b, index);
        return;
    }
    need(n->scratch_bytes <= MOST_SCRATCH, b, index, "scratch");
    need(n->first + n->n_dispatches <= b->launches.count, b, index, "dispatches");
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (node->in[i] && vr_ops[node->op]->dense_in >> i & 1)
            need(b->values[node->in[i]].pitch == 0, b, index, "an operand that is not dense");
    const vr_dispatch *list = b->launches.list + n->first;
    if (all_recordable(b, index, n->kernel, n->scratch_bytes, list, n->n_dispatches))
        for (size_t i = 0; i < n->n_dispatches; i++)
            check_dispatch(b, index, &list[i]);
    else
        check_no_other(b, index);
}

/* ---- Places -------------------------------------------------------------------------------- */

typedef struct held {
    uint64_t offset, bytes;
    size_t first, last; /* nodes */
} held;

/* Extends the life of what value id, made by a node before `end`, lies in. */
static void touch(const vr_bucket *b, held *of, uint32_t id, size_t at)
{
    const vireo_graph *g = b->model->graph;
    for (size_t i = at; i-- > 0;)
        if (g->nodes[i].out[0] == id && !b->nodes[i].kernel)
            id = g->nodes[i].in[0];
    of[id].last = at;
}

/* Lists what stands in the arena, room for a value and a scratch each. */
static size_t list_held(const vr_bucket *b, held *out)
{
    const vireo_graph *g = b->model->graph;
    held *of = calloc(g->n_values, sizeof *of);
    size_t n = 0;
    if (!of)
        abort();
    for (size_t i = 0; i < g->n_nodes; i++) {
        for (int j = 0; j < VR_MAX_IN; j++)
            touch(b, of, g->nodes[i].in[j], i);
        for (int j = 0; j < VR_MAX_OUT; j++)
            of[g->nodes[i].out[j]].first = of[g->nodes[i].out[j]].last = i;
        if (b->nodes[i].scratch_bytes)
            out[n++] = (held){b->nodes[i].scratch_offset, b->nodes[i].scratch_bytes, i, i};
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        for (int j = 0; j < VR_MAX_OUT && b->nodes[i].kernel; j++) {
            const uint32_t id = g->nodes[i].out[j];
            if (!id || g->values[id].is_output)
                continue;
            need(b->places[id].buffer == &b->arena, b, i, "a result that stands nowhere");
            out[n++] = (held){b->places[id].offset, vr_value_bytes(&b->values[id]), of[id].first,
                              of[id].last};
        }
    free(of);
    return n;
}

static void check_arena(const vr_bucket *b)
{
    const vireo_graph *g = b->model->graph;
    held *list = calloc(g->n_nodes * 3 + 1, sizeof *list);
    if (!list)
        abort();
    const size_t n = list_held(b, list), none = g->n_nodes;
    for (size_t i = 0; i < n; i++) {
        const held *x = &list[i];
        need(x->offset % 256 == 0 && x->offset <= b->arena_bytes &&
                 x->bytes <= b->arena_bytes - x->offset,
             b, x->first, "a place outside the arena");
        for (size_t j = 0; j < i; j++) {
            const held *y = &list[j];
            const bool together = x->first <= y->last && y->first <= x->last;
            need(!together || x->offset + x->bytes <= y->offset ||
                     y->offset + y->bytes <= x->offset,
                 b, x->first, "two values alive at one time share bytes");
        }
    }
    uint64_t most = 0;
    for (size_t t = 0; t < g->n_nodes; t++) {
        uint64_t live = 0;
        for (size_t i = 0; i < n; i++)
            live += list[i].first <= t && t <= list[i].last ? list[i].bytes : 0;
        most = live > most ? live : most;
    }
    need(most <= b->lower_bound && b->lower_bound <= b->arena_bytes, b, none, "the lower bound");
    free(list);
}

/* Inputs and outputs: one behind the other. */
static void check_host(const vr_bucket *b)
{
    const vireo_graph *g = b->model->graph;
    uint64_t in = 0, out = 0;
    for (size_t i = 0; i < g->n_inputs; i++) {
        const vr_place *p = &b->places[g->inputs[i]];
        need(p->buffer == &b->slots[0].input && p->offset >= in, b, g->n_nodes, "an input's place");
        in = p->offset + vr_value_bytes(&b->values[g->inputs[i]]);
    }
    for (size_t i = 0; i < g->n_outputs; i++) {
        const vr_place *p = &b->places[g->outputs[i].value];
        need(p->buffer == &b->slots[0].output && p->offset >= out, b, g->n_nodes, "an output's place");
        out = p->offset + vr_value_bytes(&b->values[g->outputs[i].value]);
    }
    need(in <= b->input_bytes && out <= b->output_bytes, b, g->n_nodes, "the host's buffers");
}

void plan_check(const vr_bucket *b)
{
    const vireo_graph *g = b->model->graph;
    for (size_t i = 1; i < g->n_values; i++) {
        const vr_value *v = &b->values[i];
        need((uint64_t)vr_value_rows(v) <= INT32_MAX && (uint64_t)vr_value_width(v) <= INT32_MAX &&
                 vr_value_bytes(v) <= MOST_BYTES,
             b, g->n_nodes, "a value that 32 bits do not count");
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        check_node(b, i);
    check_arena(b);
    check_host(b);
}

void plan_check_run(const vr_bucket *b)
{
    static vr_launches l[2]; /* their memory serves all runs */
    const size_t none = b->model->graph->n_nodes, n = b->launches.count;
    for (int i = 0; i < 2; i++) {
        l[i].count = 0;
        need(!vr_bucket_launch(b, &l[i], NULL), b, none, "launches that fail the second time");
        need(l[i].count == n, b, none, "dispatches vary");
    }
    for (size_t i = 0; i < n; i++) {
        vr_dispatch *d = &l[0].list[i];
        need(!memcmp(d, &l[1].list[i], sizeof *d), b, none, "launches vary");
        memcpy(d->groups, b->launches.list[i].groups, sizeof d->groups);
        need(!memcmp(d, &b->launches.list[i], sizeof *d), b, none,
             "more than the grids follows the counts");
    }
}
