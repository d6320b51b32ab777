/* SPDX-License-Identifier: Apache-2.0 */
#include "run/tuner.h"
#include "run/selftest.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* What a session keeps to be compared: of the device's memory one part of so many, at most. */
enum { KEPT_PART = 64 };

/* ---- Groups --------------------------------------------------------------------------------- */

/* What an op has for when nothing else fits: its last kernel, and others of the same shader, unless most of
 * the op's are of it. */
static bool is_fallback(const vr_op *op, const vr_kernel *k)
{
    const vr_kernel *last = &op->kernels[op->n_kernels - 1];
    return k == last ||
           (!strcmp(k->shader, last->shader) && strcmp(op->kernels[0].shader, last->shader) != 0);
}

/* The kernels that may take the place of the usual one. */
static vireo_status find_others(vr_tuner *t, vr_tune_group *g, vireo_error *err)
{
    const vr_op *op = vr_ops[g->call.op];
    vireo_status st = VIREO_OK;
    assert(op->n_kernels <= 64);
    for (size_t i = 0; !st && i < op->n_kernels; i++) {
        const vr_kernel *k = &op->kernels[i];
        bool failed = false;
        if (k == g->usual || !vr_tuned_may_run(&g->call, k, g->usual, t->owner->fixed != NULL))
            continue;
        st = vr_kernel_has_failed(t->owner->model->device, g->call.op, k, &failed, err);
        if (!failed)
            g->may |= UINT64_C(1) << i;
        if (!failed && is_fallback(op, k))
            g->fallback |= UINT64_C(1) << i;
    }
    return st;
}

/* Names of the set, a space between. */
static void write_set(const vr_op *op, uint64_t set, char out[VR_TUNED_HEARD])
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < op->n_kernels; i++) {
        const char *name = op->kernels[i].name;
        if (!(set >> i & 1) || n + strlen(name) + 2 > VR_TUNED_HEARD)
            continue;
        if (n)
            out[n++] = ' ';
        memcpy(out + n, name, strlen(name) + 1);
        n += strlen(name);
    }
}

static uint64_t read_set(const vr_op *op, const char *names)
{
    uint64_t set = 0;
    for (const char *at = names; *at;) {
        const size_t n = strcspn(at, " ");
        for (size_t i = 0; i < op->n_kernels; i++)
            if (strlen(op->kernels[i].name) == n && !strncmp(op->kernels[i].name, at, n))
                set |= UINT64_C(1) << i;
        at += n + (at[n] == ' ');
    }
    return set;
}

/* Goes on where the row ended. */
static void take_row(vr_tune_group *g, const vr_kernel *best, const vr_tuned_row *row)
{
    g->best = best;
    g->usual_us = row->usual_us;
    g->ratio = row->usual_us > 0 ? row->us / row->usual_us : 1;
    g->heard = read_set(vr_ops[g->call.op], row->heard);
}

static vireo_status add_node(vr_tuner *t, size_t node, vireo_error *err)
{
    const vireo_graph *g = vr_tune_graph(t);
    vireo_device *d = t->owner->model->device;
    const vr_kernel *usual = t->probe.nodes[node].kernel;
    vr_tune_group new = {.usual = usual, .best = usual, .ratio = 1, .n_nodes = 1};
    t->group_of[node] = VR_NO_GROUP;
    if (!usual)
        return VIREO_OK;
    vr_node_call(g, &g->nodes[node], t->probe.pointers, &d->info, &new.call);
    if (vr_force_names(t->owner->force, new.call.op))
        return VIREO_OK;
    vr_tuned_found found;
    vireo_status st = find_others(t, &new, err);
    if (!st && !new.may)
        return VIREO_OK;
    if (!st)
        st = vr_tuned_source(d, &new.call, usual, t->owner->fixed != NULL, &new.source, err);
    if (!st)
        st = vr_tuned_look_up(t->owner->model, &new.call, &new.source, &found, err);
    if (!st && found.any)
        take_row(&new, found.kernel, &found.row);
    if (st || (found.any && (found.row.pinned || !(new.may & ~new.heard))))
        return st;
    vr_call_text(&new.call, new.text, sizeof new.text);
    for (size_t i = 0; i < t->n_groups && t->group_of[node] == VR_NO_GROUP; i++)
        if (!strcmp(t->groups[i].text, new.text) &&
            !memcmp(&t->groups[i].source, &new.source, sizeof new.source))
            t->group_of[node] = i;
    if (t->group_of[node] == VR_NO_GROUP) {
        t->group_of[node] = t->n_groups;
        t->groups[t->n_groups++] = new;
    } else {
        t->groups[t->group_of[node]].n_nodes++;
    }
    return VIREO_OK;
}

static vireo_status make_outputs(vr_tuner *t, vireo_tensor **out, vireo_error *err)
{
    const vireo_graph *g = vr_tune_graph(t);
    *out = vr_arena_array(&t->arena, g->n_outputs + 1, sizeof **out);
    for (size_t i = 0; *out && i < g->n_outputs; i++) {
        const vr_value *v = &t->probe.values[g->outputs[i].value];
        (*out)[i].bytes = (size_t)vr_value_elements_now(v) * vireo_dtype_bytes(v->dtype);
        (*out)[i].data = vr_arena_array(&t->arena, (*out)[i].bytes + 1, 1);
        if (!(*out)[i].data)
            return vr_fail_memory(err, "tuning");
    }
    return *out ? VIREO_OK : vr_fail_memory(err, "tuning");
}

static size_t index_of(vr_op_id op, const vr_kernel *k)
{
    return (size_t)(k - vr_ops[op]->kernels);
}

static vireo_status add_trial(vr_tuner *t, const vr_kernel *const kernels[VR_OP_COUNT], bool again,
                              bool fallback, vireo_error *err)
{
    vr_trial c = {.again = again, .fallback = fallback};
    c.runs = vr_arena_array(&t->arena, 2 * (t->n_groups + 1), sizeof *c.runs);
    c.us = vr_arena_array(&t->arena, (t->n_groups + 1) * VR_TUNE_ROUNDS, sizeof *c.us);
    if (!c.runs || !c.us)
        return vr_fail_memory(err, "tuning");
    c.stays = c.runs + t->n_groups + 1;
    for (size_t op = 0; op < VR_OP_COUNT; op++) {
        c.kernels[op] = kernels[op];
        c.n_kernels += kernels[op] != NULL;
    }
    bool any = !c.n_kernels;
    for (size_t i = 0; i < t->n_groups; i++) {
        const vr_tune_group *g = &t->groups[i];
        const vr_kernel *k = kernels[g->call.op];
        c.runs[i] = c.stays[i] = k && (g->may & ~g->heard) >> index_of(g->call.op, k) & 1;
        any = any || c.runs[i];
    }
    if (any)
        t->list[t->n++] = c;
    return VIREO_OK;
}

static size_t most_trials(void)
{
    size_t n = 1;
    for (size_t i = 0; i < VR_OP_COUNT; i++)
        n += 2 * vr_ops[i]->n_kernels; /* with others, and again */
    return n;
}

/* Behind a wrong scale the outputs may be right, as where rows are made of length 1. So what the first node of each
 * group gives is compared as well, as far as it takes little of the device's memory, for some sessions are open. */
static vireo_status mark_kept(vr_tuner *t, vireo_error *err)
{
    const vireo_graph *g = vr_tune_graph(t);
    uint64_t room = t->owner->model->device->info.memory_bytes / KEPT_PART;
    size_t groups = 0;
    t->kept = vr_arena_array(&t->arena, g->n_values, sizeof *t->kept);
    if (!t->kept)
        return vr_fail_memory(err, "tuning");
    for (size_t i = 0; i < g->n_nodes; i++) {
        if (t->group_of[i] != groups)
            continue; /* groups are numbered in the order of their first nodes */
        groups++;
        for (int j = 0; j < VR_MAX_OUT; j++) {
            const uint32_t id = g->nodes[i].out[j];
            const uint64_t bytes = id ? vr_value_bytes(&t->probe.values[id]) : 0;
            if (!bytes || g->values[id].is_output || bytes > room)
                continue;
            t->kept[id] = true;
            room -= bytes;
        }
    }
    return VIREO_OK;
}

vireo_status vr_tune_look(vr_tuner *t, const int64_t *capacity, vireo_error *err)
{
    vireo_session *s = t->owner;
    const size_t n_nodes = vr_tune_graph(t)->n_nodes;
    const vr_bucket_options o = {.force = s->force, .fixed = s->fixed, .untuned = true};
    vireo_status st = vr_bucket_init(&t->probe, s->model, capacity, err);
    if (!st)
        st = vr_bucket_choose(&t->probe, &o, err);
    t->groups = vr_arena_array(&t->arena, n_nodes + 1, sizeof *t->groups);
    t->group_of = vr_arena_array(&t->arena, n_nodes + 1, sizeof *t->group_of);
    t->ns = vr_arena_array(&t->arena, n_nodes + 1, sizeof *t->ns);
    t->list = vr_arena_array(&t->arena, most_trials(), sizeof *t->list);
    if (!st && (!t->groups || !t->group_of || !t->ns || !t->list))
        st = vr_fail_memory(err, "tuning");
    for (size_t i = 0; !st && i < n_nodes; i++)
        st = add_node(t, i, err);
    const vr_kernel *const usual[VR_OP_COUNT] = {NULL};
    if (!st)
        st = mark_kept(t, err);
    if (!st)
        st = add_trial(t, usual, false, false, err);
    if (!st)
        st = make_outputs(t, &t->expected, err);
    return st ? st : make_outputs(t, &t->got, err);
}

/* ---- Trials --------------------------------------------------------------------------------- */

/* The op's kernel `place`, of those that were not heard for all calls, or of such fallbacks; NULL: past
 * them. */
static const vr_kernel *nth_kernel(const vr_tuner *t, vr_op_id op, size_t place, bool fallback)
{
    uint64_t open = 0;
    for (size_t i = 0; i < t->n_groups; i++)
        open |= t->groups[i].call.op == op ? t->groups[i].may & ~t->groups[i].heard : 0;
    for (size_t i = 0; i < vr_ops[op]->n_kernels; i++) {
        const vr_kernel *k = &vr_ops[op]->kernels[i];
        if (open >> i & 1 && is_fallback(vr_ops[op], k) == fallback && place-- == 0)
            return k;
    }
    return NULL;
}

vireo_status vr_tune_list(vr_tuner *t, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (int fallback = 0; fallback < 2; fallback++)
        for (size_t place = 0, any = 1; !st && any; place++) {
            const vr_kernel *kernels[VR_OP_COUNT];
            any = 0;
            for (size_t op = 0; op < VR_OP_COUNT; op++) {
                kernels[op] = nth_kernel(t, (vr_op_id)op, place, fallback);
                any += kernels[op] != NULL;
            }
            if (any)
                st = add_trial(t, kernels, false, fallback, err);
        }
    return st;
}

vireo_status vr_tune_split(vr_tuner *t, const vr_trial *c, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t op = 0; !st && op < VR_OP_COUNT; op++) {
        const vr_kernel *alone[VR_OP_COUNT] = {NULL};
        alone[op] = c->kernels[op];
        if (alone[op])
            st = add_trial(t, alone, true, c->fallback, err);
    }
    return st;
}

/* ---- What was found ------------------------------------------------------------------------- */

void vr_tune_hear(vr_tuner *t, const vr_trial *c, size_t group)
{
    vr_tune_group *g = &t->groups[group];
    if (c->runs[group])
        g->heard |= UINT64_C(1) << index_of(g->call.op, c->kernels[g->call.op]);
}

/* Choices for the call of other versions of the kernels count no more. */
static vireo_status drop_stale(vireo_device *d, const char *call, vireo_error *err)
{
    vr_tuned_row row;
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && vr_tuned_get(d, call, i, &row);) {
        bool stale = false;
        st = vr_tuned_is_stale(d, &row, &stale, err);
        if (stale)
            vr_tuned_drop(d, &row);
        else
            i++;
    }
    return st;
}

static vireo_status record(vr_tuner *t, const vr_tune_group *g, vireo_error *err)
{
    vireo_device *d = t->owner->model->device;
    vr_tuned_row row = {.us = round(g->usual_us * g->ratio * 1e3) / 1e3, /* as files keep it */
                        .usual_us = round(g->usual_us * 1e3) / 1e3,
                        .source = g->source,
                        .partly = (g->may & ~g->heard & ~g->fallback) != 0,
                        .met = true};
    memcpy(row.call, g->text, sizeof row.call);
    memcpy(row.kernel, g->best->name, strnlen(g->best->name, VR_TUNED_KERNEL - 1));
    memcpy(row.usual, g->usual->name, strnlen(g->usual->name, VR_TUNED_KERNEL - 1));
    write_set(vr_ops[g->call.op], g->heard, row.heard);
    vr_logf(&d->log, VIREO_LOG_INFO, "tuned: %s: %s %.0f us, usual %s %.0f us%s", row.call, row.kernel,
            row.us, row.usual, row.usual_us, row.partly ? ", not yet all kernels" : "");
    bool kept = false;
    vireo_status st = vr_call_source(d, &g->call, g->best, &row.kernel_source, err);
    if (!st)
        st = vr_tuned_check_source(d, g->call.op, g->best, g->usual, &row.check_source, err);
    if (!st)
        st = drop_stale(d, row.call, err);
    if (!st)
        st = vr_tuned_put(d, &row, &kept, err);
    if (!st && kept && g->usual_us > 0)
        vr_tuned_touch(d);
    return st;
}

vireo_status vr_tune_record(vr_tuner *t, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < t->n_groups; i++) {
        vr_tune_group *g = &t->groups[i];
        if (g->is_kept && g->kept == g->heard)
            continue; /* nothing wins that was not heard */
        st = record(t, g, err);
        g->is_kept = !st;
        g->kept = g->heard;
    }
    return st;
}
