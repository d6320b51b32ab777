/* SPDX-License-Identifier: Apache-2.0
 * Selection: the first kernel of each op whose needs and fits hold, or the forced one; then the
 * dispatches at capacity and the programs they need, compiled together. */
#include "run/bucket.h"
#include "run/shader_text.h"
#include <string.h>

static const char *shader_text(const char *name)
{
    for (size_t i = 0; i < vr_shader_text_count; i++)
        if (!strcmp(vr_shader_texts[i].name, name))
            return vr_shader_texts[i].text;
    return NULL;
}

static bool allowed(const vr_kernel *k, const vr_call *c)
{
    uint32_t has = c->limits->subgroup_arithmetic ? VR_NEEDS_SUBGROUP_ARITHMETIC : 0;
    return (k->needs & ~has) == 0 && (!k->fits || k->fits(c));
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

static vireo_status choose(const vr_call *c, const char *force, const vr_kernel **out,
                           vireo_error *err)
{
    const vr_op *op = vr_ops[c->op];
    size_t length = 0;
    const char *name = forced_name(force, op->name, &length);
    for (size_t i = 0; i < op->n_kernels; i++) {
        const vr_kernel *k = &op->kernels[i];
        if (name && (strlen(k->name) != length || strncmp(k->name, name, length) != 0))
            continue;
        if (allowed(k, c)) {
            *out = k;
            return VIREO_OK;
        }
        if (name)
            return vr_fail(err, VIREO_ERROR_UNSUPPORTED,
                           "%s/%s was forced, and does not fit these sizes on this device",
                           op->name, k->name);
    }
    return vr_fail(err, VIREO_ERROR_UNSUPPORTED, "%s: no kernel fits these sizes on %s", op->name,
                   c->limits->name);
}

static vireo_status describe(const vireo_allocator *a, const vr_call *c, vr_step_node *n,
                             vr_program_desc *d, vireo_error *err)
{
    const vr_kernel *k = n->kernel;
    *d = (vr_program_desc){.name = k->shader, .source = shader_text(k->shader),
                           .include = shader_text, .push_bytes = 0};
    if (!d->source)
        return vr_fail(err, VIREO_ERROR_SHADER, "%s/%s: no shader named %s", vr_ops[c->op]->name,
                       k->name, k->shader);
    vr_str text;
    vr_str_init(&text, a);
    vr_str_addf(&text, "#define WG %u\n", n->workgroup);
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++) {
        d->bindings[i] = k->binds[i].access == VR_STORAGE ? VR_BIND_STORAGE : VR_BIND_TEXEL;
        d->n_bindings = i + 1;
        if (k->binds[i].operand == VR_STEP)
            vr_str_addf(&text, "#define VR_STEP_BINDING %u\n", i);
    }
    if (k->defines)
        vr_str_add(&text, k->defines);
    if (k->define)
        k->define(c, &text);
    n->defines = vr_str_take(&text);
    if (!n->defines)
        return vr_fail_memory(err, "shader defines");
    d->defines = n->defines;
    return VIREO_OK;
}

vireo_status vr_bucket_select(vr_bucket *b, const char *force, vireo_error *err)
{
    const vireo_graph *g = b->model->graph;
    vireo_device *dev = b->model->device;
    const vireo_allocator *a = dev->allocator;
    vr_program_desc *descs = vr_calloc(a, g->n_nodes, sizeof *descs);
    const vr_pipeline **pipelines = vr_calloc(a, g->n_nodes, sizeof *pipelines);
    vireo_status st = descs && pipelines ? VIREO_OK : vr_fail_memory(err, "selection");
    for (size_t i = 0; !st && i < g->n_nodes; i++) {
        vr_step_node *n = &b->nodes[i];
        vr_call call;
        vr_node_call(g, &g->nodes[i], b->pointers, &dev->info, &call);
        st = choose(&call, force, &n->kernel, err);
        if (st)
            break;
        n->workgroup = vr_kernel_workgroup(n->kernel, &dev->info);
        n->scratch_bytes = n->kernel->scratch ? n->kernel->scratch(&call) : 0;
        n->first = b->launches.count;
        if (n->kernel->launch(&call, n->workgroup, &b->launches)) {
            st = vr_fail_memory(err, "launches");
            break;
        }
        n->n_dispatches = b->launches.count - n->first;
        st = describe(a, &call, n, &descs[i], err);
        for (size_t d = n->first; !st && d < b->launches.count; d++)
            if (b->launches.list[d].push_bytes > descs[i].push_bytes)
                descs[i].push_bytes = b->launches.list[d].push_bytes;
    }
    if (!st)
        st = vr_pipelines_get(dev, descs, g->n_nodes, pipelines, err);
    for (size_t i = 0; !st && i < g->n_nodes; i++) {
        b->nodes[i].pipeline = pipelines[i];
        vr_logf(&dev->log, VIREO_LOG_DEBUG, "node %zu: %s/%s, %zu dispatches", i,
                vr_ops[g->nodes[i].op]->name, b->nodes[i].kernel->name, b->nodes[i].n_dispatches);
    }
    vr_free(a, descs);
    vr_free(a, pipelines);
    return st;
}
