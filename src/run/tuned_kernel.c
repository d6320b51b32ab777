/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest.h"
#include "run/tune.h"
#include "vk/tuned.h"
#include <string.h>

static const vr_kernel *find_kernel(vr_op_id op, const char *name)
{
    for (size_t i = 0; i < vr_ops[op]->n_kernels; i++)
        if (!strcmp(vr_ops[op]->kernels[i].name, name))
            return &vr_ops[op]->kernels[i];
    return NULL;
}

static bool same_order(const vr_kernel *a, const vr_kernel *b)
{
    return a == b || (a->order && a->order == b->order);
}

static vr_access access_of(const vr_kernel *k, vr_operand operand)
{
    for (uint32_t i = 0; k->binds[i].operand != VR_OPERAND_END; i++)
        if (k->binds[i].operand == operand)
            return k->binds[i].access;
    return VR_STORAGE;
}

/* Halves are made floats by a view's format or by the kernel, of which one may lose what is denormal. */
static bool same_halves(const vr_call *c, const vr_kernel *a, const vr_kernel *b)
{
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        const vr_operand operand = (vr_operand)(VR_IN0 + i);
        if (c->in[i] && c->in[i]->dtype == VIREO_F16 && access_of(a, operand) != access_of(b, operand))
            return false;
    }
    return true;
}

bool vr_tuned_may_run(const vr_call *c, const vr_kernel *k, const vr_kernel *usual, bool keep_order)
{
    return vr_kernel_allowed(k, c) && (!keep_order || (same_order(k, usual) && same_halves(c, k, usual)));
}

vireo_status vr_tuned_source(vireo_device *d, const vr_call *c, const vr_kernel *usual,
                             bool keep_order, vr_hash128 *out, vireo_error *err)
{
    vireo_status st = vr_call_source(d, c, usual, out, err);
    for (size_t i = 0; !st && i < vr_ops[c->op]->n_kernels; i++) {
        const vr_kernel *k = &vr_ops[c->op]->kernels[i];
        if (vr_tuned_may_run(c, k, usual, keep_order))
            *out = vr_hash_join(*out, vr_hash(k->name, strlen(k->name)));
    }
    return st;
}

vireo_status vr_tuned_check_source(vireo_device *d, vr_op_id op, const vr_kernel *k,
                                   const vr_kernel *usual, vr_hash128 *out, vireo_error *err)
{
    vr_hash128 of_usual = {0};
    vireo_status st = vr_kernel_source(d, op, k, out, err);
    if (!st)
        st = vr_kernel_source(d, op, usual, &of_usual, err);
    if (!st)
        *out = vr_hash_join(*out, of_usual);
    return st;
}

/* The op that the text of a call begins with. */
static bool find_op(const char *call, vr_op_id *out)
{
    const size_t n = strcspn(call, " ");
    for (size_t i = 0; i < VR_OP_COUNT; i++)
        if (strlen(vr_ops[i]->name) == n && !strncmp(vr_ops[i]->name, call, n)) {
            *out = (vr_op_id)i;
            return true;
        }
    return false;
}

bool vr_tuned_is_unknown(const vr_tuned_row *row)
{
    vr_op_id op = VR_OP_COUNT;
    return !find_op(row->call, &op) || !find_kernel(op, row->kernel);
}

vireo_status vr_tuned_has_changed(vireo_device *d, const vr_tuned_row *row, bool *out, vireo_error *err)
{
    vr_op_id op = VR_OP_COUNT;
    vr_hash128 now;
    *out = true;
    if (!find_op(row->call, &op))
        return VIREO_OK;
    const vr_kernel *k = find_kernel(op, row->kernel), *usual = find_kernel(op, row->usual);
    if (!k || !usual)
        return VIREO_OK;
    vireo_status st = vr_tuned_check_source(d, op, k, usual, &now, err);
    *out = !st && memcmp(&now, &row->check_source, sizeof now) != 0;
    return st;
}

vireo_status vr_tuned_is_stale(vireo_device *d, const vr_tuned_row *row, bool *out, vireo_error *err)
{
    *out = !row->pinned && !row->met;
    return *out ? vr_tuned_has_changed(d, row, out, err) : VIREO_OK;
}

vireo_status vr_tuned_look_up(const vireo_model *m, const vr_call *c, const vr_hash128 *source,
                              vr_tuned_found *out, vireo_error *err)
{
    char call[VR_TUNED_CALL];
    vireo_status st = VIREO_OK;
    out->any = false;
    vr_call_text(c, call, sizeof call);
    for (size_t i = 0; !st && !out->any && vr_tuned_get(m->device, call, i, &out->row); i++) {
        vr_hash128 now = out->row.kernel_source;
        out->kernel = find_kernel(c->op, out->row.kernel);
        if (!out->row.pinned && (!out->kernel || memcmp(source, &out->row.source, sizeof *source) != 0))
            continue; /* of another version, or call */
        if (!out->row.pinned)
            st = vr_call_source(m->device, c, out->kernel, &now, err);
        out->any = !st && !memcmp(&now, &out->row.kernel_source, sizeof now);
    }
    if (out->any)
        vr_tuned_note(m->device, &out->row, false);
    return st;
}

/* What a call may run, as vr_tuned_may_run says. */
typedef struct rules {
    const vr_kernel *usual;
    bool keep_order;
} rules;

/* A person who has pinned it is told why nothing comes of that. */
static void refuse(const vireo_model *m, const vr_call *c, const vr_tuned_found *found, const rules *r,
                   const char *why)
{
    vireo_device *d = m->device;
    const vr_op *op = vr_ops[c->op];
    vr_str allowed;
    if (!vr_tuned_note(d, &found->row, true))
        return;
    vr_str_init(&allowed, d->allocator);
    for (size_t i = 0; i < op->n_kernels; i++)
        if (vr_tuned_may_run(c, &op->kernels[i], r->usual, r->keep_order))
            vr_str_addf(&allowed, "%s%s", allowed.length ? ", " : "", op->kernels[i].name);
    vr_logf(&d->log, VIREO_LOG_WARN,
            "%s%s" VR_TUNED_FILE ": \"%s\" is pinned to \"%s\", which %s; it runs what it would without; "
            "allowed: %s",
            d->cache_dir ? d->cache_dir : "", d->cache_dir ? "/" : "", found->row.call, found->row.kernel,
            why, allowed.failed ? "" : allowed.data);
    vr_str_deinit(&allowed);
}

vireo_status vr_tuned_kernel(const vireo_model *m, const vr_call *c, bool keep_order,
                             const vr_kernel **kernel, vireo_error *err)
{
    vr_tuned_found found = {0};
    vr_hash128 source;
    bool failed = false;
    if (m->any_kernel || !vr_tuned_any(m->device))
        return VIREO_OK;
    vireo_status st = vr_tuned_source(m->device, c, *kernel, keep_order, &source, err);
    if (!st)
        st = vr_tuned_look_up(m, c, &source, &found, err);
    if (st || !found.any)
        return st;
    const rules r = {*kernel, keep_order};
    const bool allowed = found.kernel && vr_kernel_allowed(found.kernel, c);
    const bool may = allowed && vr_tuned_may_run(c, found.kernel, *kernel, keep_order);
    if (allowed)
        st = vr_kernel_has_failed(m->device, c->op, found.kernel, &failed, err);
    if (!st && found.row.pinned && (!may || failed))
        refuse(m, c, &found, &r,
               !found.kernel ? "is none of its kernels"
               : !allowed    ? "cannot run for these sizes here"
               : failed      ? "has failed its self-test here"
                             : "may sum in another order than the usual one, and the session "
                               "is deterministic (--deterministic)");
    if (!st && may && !failed)
        *kernel = found.kernel;
    return st;
}
