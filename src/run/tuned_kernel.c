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

vireo_status vr_tuned_look_up(const vireo_model *m, const vr_call *c, const vr_hash128 *source,
                              const vr_kernel **out, bool *partly, vireo_error *err)
{
    char call[VR_TUNED_CALL];
    vr_tuned_row row;
    *out = NULL;
    vr_call_text(c, call, sizeof call);
    for (size_t i = 0; !*out && vr_tuned_get(m->device, call, i, &row); i++) {
        const vr_kernel *k = find_kernel(c->op, row.kernel);
        vr_hash128 now = row.kernel_source;
        if (!k || (!row.pinned && memcmp(source, &row.source, sizeof *source) != 0))
            continue; /* of another version, or call */
        vireo_status st = row.pinned ? VIREO_OK : vr_call_source(m->device, c, k, &now, err);
        if (st)
            return st;
        if (!memcmp(&now, &row.kernel_source, sizeof now))
            *out = k;
        *partly = row.partly;
    }
    return VIREO_OK;
}

vireo_status vr_tuned_kernel(const vireo_model *m, const vr_call *c, bool keep_order,
                             const vr_kernel **kernel, vireo_error *err)
{
    const vr_kernel *k = NULL;
    vr_hash128 source;
    bool failed = false, partly;
    if (m->any_kernel || !vr_tuned_any(m->device))
        return VIREO_OK;
    vireo_status st = vr_tuned_source(m->device, c, *kernel, keep_order, &source, err);
    if (!st)
        st = vr_tuned_look_up(m, c, &source, &k, &partly, err);
    if (st || !k || !vr_tuned_may_run(c, k, *kernel, keep_order))
        return st;
    st = vr_kernel_has_failed(m->device, c->op, k, &failed, err);
    if (!st && !failed)
        *kernel = k;
    return st;
}
