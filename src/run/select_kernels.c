/* SPDX-License-Identifier: Apache-2.0
 * Selection: the first kernel of each op whose needs, fits and, if possible, pays hold and that no self-test
 * has failed, the forced one, the one that is fixed for all buckets, or the one that measuring has found the
 * best; then the dispatches at capacity and the programs they need, compiled together. */
#include "run/bucket.h"
#include "run/selftest.h"
#include "run/shader_text.h"
#include "run/tune.h"
#include <stdio.h>
#include <string.h>

const char *vr_find_shader(const char *name)
{
    for (size_t i = 0; i < vr_shader_text_count; i++)
        if (!strcmp(vr_shader_texts[i].name, name))
            return vr_shader_texts[i].text;
    return NULL;
}

bool vr_kernel_allowed(const vr_kernel *k, const vr_call *c)
{
    return !vr_kernel_lacks(k, c->limits) &&
           vr_kernel_storage_bindings(k) <= c->limits->max_storage_bindings &&
           (!k->fits || k->fits(c, k));
}

/* The name after "op/" in force, for this op; NULL if force does not name the op. */
static const char *forced_name(const char *force, const char *op, size_t *length)
{
    size_t n = strlen(op);
    for (const char *p = force; p && *p;) {
        const char *end = strchr(p, ',');
        size_t len = end ? (size_t)(end - p) : strlen(p);
        if (len > n + 1 && !strncmp(p, op, n) && p[n] == '/') {
            *length = len - n - 1;
            return p + n + 1;
        }
        p = end ? end + 1 : NULL;
    }
    return NULL;
}

bool vr_force_names(const char *force, vr_op_id op)
{
    size_t length;
    return forced_name(force, vr_ops[op]->name, &length) != NULL;
}

/* entry: "op/kernel", length bytes. */
static vireo_status check_entry(const char *entry, size_t length, vireo_error *err)
{
    const char *slash = memchr(entry, '/', length);
    if (!slash)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "force_kernel: \"%.*s\" is not of the form op/kernel", (int)length, entry);
    size_t of_op = (size_t)(slash - entry), of_kernel = length - of_op - 1;
    for (size_t i = 0; i < VR_OP_COUNT; i++) {
        const vr_op *op = vr_ops[i];
        if (strlen(op->name) != of_op || strncmp(op->name, entry, of_op) != 0)
            continue;
        for (size_t j = 0; j < op->n_kernels; j++)
            if (strlen(op->kernels[j].name) == of_kernel &&
                !strncmp(op->kernels[j].name, slash + 1, of_kernel))
                return VIREO_OK;
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "force_kernel: %s has no kernel named %.*s", op->name, (int)of_kernel,
                       slash + 1);
    }
    return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "force_kernel: no op is named %.*s",
                   (int)of_op, entry);
}

vireo_status vr_force_check(const char *force, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (const char *p = force; !st && p;) {
        const char *end = strchr(p, ',');
        st = check_entry(p, end ? (size_t)(end - p) : strlen(p), err);
        p = end ? end + 1 : NULL;
    }
    return st;
}

/* Nothing is left: names what a self-test has failed. */
static vireo_status fail_choice(const vr_call *c, const vr_str *failed, vireo_error *err)
{
    const char *op = vr_ops[c->op]->name;
    if (failed->failed)
        return vr_fail_memory(err, "selection");
    if (failed->length)
        return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                       "%s: no kernel is left for these sizes on %s, whose self-test failed: %s; try "
                       "another driver or device, and report it: \"vireo devices --check\" writes "
                       "what is needed",
                       op, c->limits->name, failed->data);
    char sizes[VR_MAX_IN * 100] = "";
    for (uint32_t i = 0, n = 0; i < VR_MAX_IN; i++)
        if (c->in[i]) {
            sizes[n++] = ' ';
            vr_value_text(c->in[i], sizes + n, 98);
            n += (uint32_t)strlen(sizes + n);
        }
    return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                   "%s: no kernel takes%s on %s (a binding holds %llu bytes, a texel view %u elements, "
                   "an invocation runs %u iterations of loops)",
                   op, sizes, c->limits->name,
                   (unsigned long long)c->limits->max_storage_binding_bytes,
                   c->limits->max_texel_elements, c->limits->max_loop_iterations);
}

/* *bad: the self-test has failed the kernel, which is noted in `failed`. */
static vireo_status look_up(const vireo_model *m, const vr_call *c, const vr_kernel *k, bool *bad,
                            vr_str *failed, vireo_error *err)
{
    *bad = false;
    vireo_status st =
        m->any_kernel ? VIREO_OK : vr_kernel_has_failed(m->device, c->op, k, bad, err);
    if (!*bad)
        return st;
    vr_str_addf(failed, "%s%s", failed->length ? ", " : "", k->name);
    vr_logf(&m->device->log, VIREO_LOG_INFO, "%s/%s failed its self-test here and is not used",
            vr_ops[c->op]->name, k->name);
    return VIREO_OK;
}

static vireo_status choose_among(const vireo_model *m, const vr_call *c, const char *force,
                                 vr_str *failed, const vr_kernel **out, vireo_error *err)
{
    const vr_op *op = vr_ops[c->op];
    size_t length = 0;
    const char *name = forced_name(force, op->name, &length);
    const vr_kernel *second_best = NULL; /* fits, but does not pay */
    for (size_t i = 0; i < op->n_kernels; i++) {
        const vr_kernel *k = &op->kernels[i];
        if (name && (strlen(k->name) != length || strncmp(k->name, name, length) != 0))
            continue;
        bool bad = false;
        const bool fits = vr_kernel_allowed(k, c);
        vireo_status st = fits ? look_up(m, c, k, &bad, failed, err) : VIREO_OK;
        if (st)
            return st;
        if (fits && !bad && (name || !k->pays || k->pays(c, k))) {
            *out = k;
            return VIREO_OK;
        }
        if (fits && !bad && !second_best)
            second_best = k;
        if (name && bad)
            return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                           "%s/%s was forced, and failed its self-test on this device", op->name,
                           k->name);
        if (name)
            return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                           "%s/%s was forced, and does not fit these sizes on this device",
                           op->name, k->name);
    }
    *out = second_best;
    return second_best ? VIREO_OK : fail_choice(c, failed, err);
}

static vireo_status choose(const vireo_model *m, const vr_call *c, const char *force,
                           const vr_kernel **out, vireo_error *err)
{
    vr_str failed;
    vr_str_init(&failed, m->device->allocator);
    vireo_status st = choose_among(m, c, force, &failed, out, err);
    vr_str_deinit(&failed);
    return st;
}

static void add_bindings(const vr_kernel *k, vr_program_desc *d, vr_str *text)
{
    static const vr_binding_kind kinds[] = {[VR_STORAGE] = VR_BIND_STORAGE,
                                            [VR_TEXEL_VEC4] = VR_BIND_TEXEL,
                                            [VR_TEXEL_INT] = VR_BIND_TEXEL,
                                            [VR_TEXEL_UVEC4] = VR_BIND_TEXEL,
                                            [VR_UNIFORM] = VR_BIND_UNIFORM};
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++) {
        d->bindings[i] = kinds[k->binds[i].access];
        d->n_bindings = i + 1;
        if (k->binds[i].operand == VR_STEP)
            vr_str_addf(text, "#define VR_STEP_BINDING %u\n", i);
        if (k->binds[i].operand == VR_FAULT)
            vr_str_addf(text, "#define VR_FAULT_BINDING %u\n", i);
    }
}

vireo_status vr_kernel_program(const vireo_device *dev, const vr_call *c, const vr_kernel *k,
                               uint32_t workgroup, char **defines, vr_program_desc *d,
                               vireo_error *err)
{
    const bool replaced = dev->shader && !strcmp(dev->shader, k->shader);
    *d = (vr_program_desc){.name = k->shader, .include = vr_find_shader,
                           .source = replaced ? dev->shader_text : vr_find_shader(k->shader)};
    if (!d->source)
        return vr_fail(err, VIREO_ERROR_SHADER, "%s/%s: no shader named %s", vr_ops[c->op]->name,
                       k->name, k->shader);
    vr_str text;
    vr_str_init(&text, dev->allocator);
    vr_str_addf(&text, "#define WG %u\n", workgroup);
    add_bindings(k, d, &text);
    if (k->defines)
        vr_str_add(&text, k->defines);
    if (k->define)
        k->define(c, k, &text);
    *defines = vr_str_take(&text);
    if (!*defines)
        return vr_fail_memory(err, "shader defines");
    d->defines = *defines;
    return VIREO_OK;
}

/* Whether an op that reads value `id` cannot read it with a pitch of its own. */
static bool must_be_dense(const vireo_graph *g, uint32_t id)
{
    for (size_t i = 0; i < g->n_nodes; i++)
        for (uint32_t j = 0; j < VR_MAX_IN; j++)
            if (g->nodes[i].in[j] == id && vr_ops[g->nodes[i].op]->dense_in >> j & 1)
                return true;
    return false;
}

/* Whether the node's result is part of its first input as it lies; then its pitch is set. */
static bool is_view(const vr_bucket *b, const vr_node *node, const vr_call *c, const char *force,
                    uint64_t *offset)
{
    const vireo_graph *g = b->model->graph;
    const vr_op *op = vr_ops[node->op];
    vr_value *out = c->out[0];
    if (!op->view || g->values[node->out[0]].is_output || vr_force_names(force, c->op))
        return false;
    if (vr_value_rows(out) && vr_value_width(out) && op->view(c, offset) &&
        (out->pitch == 0 || !must_be_dense(g, node->out[0])))
        return true;
    out->pitch = 0;
    return false;
}

vireo_status vr_bucket_choose(vr_bucket *b, const vr_bucket_options *o, vireo_error *err)
{
    const vireo_graph *g = b->model->graph;
    const vireo_device_info *info = &b->model->device->info;
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < g->n_nodes; i++) {
        vr_step_node *n = &b->nodes[i];
        const vr_kernel *fixed = o->fixed ? o->fixed[i] : NULL;
        vr_call call;
        vr_node_call(g, &g->nodes[i], b->pointers, info, &call);
        if (is_view(b, &g->nodes[i], &call, o->force, &n->view_offset))
            continue;
        if (!fixed) /* what is a view at the largest sizes is none where it is empty */
            st = choose(b->model, &call, o->force, &n->kernel, err);
        else if (vr_kernel_allowed(fixed, &call))
            n->kernel = fixed;
        else
            st = vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                         "%s/%s fits the largest sizes on %s, but not these smaller ones",
                         vr_ops[call.op]->name, fixed->name, info->name);
        if (!st && !o->untuned && !vr_force_names(o->force, call.op))
            st = vr_tuned_kernel(b->model, &call, fixed != NULL, &n->kernel, err);
    }
    return st;
}

static vireo_status add_dispatches(vr_bucket *b, size_t index, vireo_error *err)
{
    const vireo_graph *g = b->model->graph;
    const vireo_device_info *info = &b->model->device->info;
    vr_step_node *n = &b->nodes[index];
    vr_call call;
    vr_node_call(g, &g->nodes[index], b->pointers, info, &call);
    n->fault_offset = VR_NO_FAULT;
    n->first = b->launches.count;
    if (!n->kernel)
        return VIREO_OK;
    n->workgroup = vr_kernel_workgroup(n->kernel, info);
    n->scratch_bytes = n->kernel->scratch ? n->kernel->scratch(&call, n->kernel) : 0;
    for (uint32_t i = 0; n->kernel->binds[i].operand != VR_OPERAND_END; i++)
        if (n->kernel->binds[i].operand == VR_FAULT)
            n->fault_offset = VR_FAULT_BYTES * b->n_faults++;
    vireo_status st = n->kernel->launch(&call, n->kernel, n->workgroup, &b->launches);
    if (st && b->launches.full)
        return vr_fail(err, VIREO_ERROR_LIMIT,
                       "%s/%s: with it the graph has more than %d dispatches, so often its operands "
                       "are cut on %s",
                       vr_ops[call.op]->name, n->kernel->name, VR_MOST_DISPATCHES, info->name);
    if (st)
        return vr_fail_memory(err, "launches");
    n->n_dispatches = b->launches.count - n->first;
    n->ns = vr_call_ns(&call, n->kernel, (vr_host_ints){0});
    return VIREO_OK;
}

static void log_choices(const vr_bucket *b)
{
    const vireo_graph *g = b->model->graph;
    for (size_t i = 0; i < g->n_nodes; i++)
        vr_logf(&b->model->device->log, VIREO_LOG_DEBUG, "node %zu: %s/%s, %zu dispatches", i,
                vr_ops[g->nodes[i].op]->name, b->nodes[i].kernel ? b->nodes[i].kernel->name : "view",
                b->nodes[i].n_dispatches);
}

vireo_status vr_bucket_dispatches(vr_bucket *b, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < b->model->graph->n_nodes; i++)
        st = add_dispatches(b, i, err);
    if (!st)
        log_choices(b);
    return st;
}

/* The programs of a bucket, each once, with the node that runs it first. */
typedef struct program_list {
    vr_program_desc *descs;
    const vr_pipeline **made;
    size_t *nodes, *indices; /* indices[2 * node + part]: in the others */
    size_t count;
} program_list;

static bool is_same_program(const vr_program_desc *a, const vr_program_desc *b)
{
    return a->source == b->source && a->push_bytes == b->push_bytes && a->n_bindings == b->n_bindings &&
           !memcmp(a->bindings, b->bindings, sizeof a->bindings) && !strcmp(a->defines, b->defines);
}

static vireo_status add_programs(vr_bucket *b, size_t index, program_list *list, vireo_error *err)
{
    const vireo_graph *g = b->model->graph;
    vireo_device *dev = b->model->device;
    vr_step_node *n = &b->nodes[index];
    vr_call call;
    vr_node_call(g, &g->nodes[index], b->pointers, &dev->info, &call);
    const vr_kernel *k = n->kernel;
    for (int part = 0; part < 2 && k; part++, k = k->second) {
        vr_program_desc *d = &list->descs[list->count];
        vireo_status st =
            vr_kernel_program(dev, &call, k, n->workgroup, &n->programs[part].defines, d, err);
        if (st)
            return st;
        for (size_t i = n->first; i < n->first + n->n_dispatches; i++)
            if (b->launches.list[i].push_bytes > d->push_bytes)
                d->push_bytes = b->launches.list[i].push_bytes;
        size_t same = 0;
        while (!is_same_program(&list->descs[same], d))
            same++;
        n->programs[part].is_new = same == list->count;
        list->indices[2 * index + (size_t)part] = same;
        if (same == list->count)
            list->nodes[list->count++] = index;
    }
    return VIREO_OK;
}

/* Tells that programs [first, end) are about to be made. */
static bool is_cancelled(const vr_bucket *b, const program_list *list, size_t first, size_t end,
                         vr_progress_hook hook)
{
    char what[256] = "compile";
    for (size_t i = first, n = strlen(what); i < end && n < sizeof what; i++)
        n += (size_t)snprintf(what + n, sizeof what - n, "%s %s/%s", i > first ? "," : ":",
                              vr_ops[b->model->graph->nodes[list->nodes[i]].op]->name,
                              b->nodes[list->nodes[i]].kernel->name);
    return hook.fn && hook.fn(hook.user, what, first, list->count);
}

/* A few for each thread at once, and a word to who asks in between. */
static vireo_status make_programs(const vr_bucket *b, program_list *list, vr_progress_hook hook,
                                  vireo_error *err)
{
    const size_t step = hook.fn ? 2 * vr_cpu_count() : list->count;
    for (size_t i = 0; i < list->count; i += step) {
        const size_t n = list->count - i < step ? list->count - i : step;
        if (is_cancelled(b, list, i, i + n, hook))
            return vr_fail(err, VIREO_ERROR_CANCELLED, "cancelled after %zu of %zu kernels", i,
                           list->count);
        vireo_status st =
            vr_pipelines_get(b->model->device, list->descs + i, n, list->made + i, err);
        if (st)
            return st;
    }
    if (is_cancelled(b, list, list->count, list->count, hook))
        return vr_fail(err, VIREO_ERROR_CANCELLED, "cancelled after all %zu kernels", list->count);
    return VIREO_OK;
}

vireo_status vr_bucket_compile(vr_bucket *b, vr_progress_hook hook, vireo_error *err)
{
    const size_t n = b->model->graph->n_nodes, most = 2 * n;
    const vireo_allocator *a = b->model->device->allocator;
    program_list list = {.descs = vr_calloc(a, most, sizeof *list.descs),
                         .made = vr_calloc(a, most, sizeof *list.made),
                         .nodes = vr_calloc(a, most, sizeof *list.nodes),
                         .indices = vr_calloc(a, most, sizeof *list.indices)};
    const bool memory = list.descs && list.made && list.nodes && list.indices;
    vireo_status st = memory ? VIREO_OK : vr_fail_memory(err, "selection");
    for (size_t i = 0; !st && i < n; i++)
        st = add_programs(b, i, &list, err);
    if (!st)
        st = make_programs(b, &list, hook, err);
    for (size_t i = 0; !st && i < most; i++)
        if (b->nodes[i / 2].programs[i % 2].defines)
            b->nodes[i / 2].programs[i % 2].pipeline = list.made[list.indices[i]];
    vr_free(a, list.descs);
    vr_free(a, list.made);
    vr_free(a, list.nodes);
    vr_free(a, list.indices);
    return st;
}
