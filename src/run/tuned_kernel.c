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

bool vr_same_order(const vr_kernel *a, const vr_kernel *b)
{
    return a == b || (a->order && a->order == b->order);
}

vireo_status vr_tuned_look_up(const vireo_model *m, const vr_call *c, const vr_kernel *usual,
                              const vr_kernel **out, vireo_error *err)
{
    char call[VR_TUNED_CALL];
    vr_tuned_row row;
    *out = NULL;
    if (!vr_tuned_any(m->device))
        return VIREO_OK;
    vr_call_text(c, call, sizeof call);
    for (size_t i = 0; !*out && vr_tuned_get(m->device, call, i, &row); i++) {
        const vr_kernel *k = find_kernel(c->op, row.kernel);
        vr_hash128 source = row.source;
        if (!k)
            continue; /* of another version */
        vireo_status st = row.pinned ? VIREO_OK
                                     : vr_call_source(m->device, c, (const vr_kernel *[]){usual, k}, 2,
                                                      &source, err);
        if (st)
            return st;
        if (!memcmp(&source, &row.source, sizeof source))
            *out = k;
    }
    return VIREO_OK;
}

vireo_status vr_tuned_kernel(const vireo_model *m, const vr_call *c, bool keep_order,
                             const vr_kernel **kernel, vireo_error *err)
{
    const vr_kernel *k = NULL;
    bool failed = false;
    vireo_status st = m->any_kernel ? VIREO_OK : vr_tuned_look_up(m, c, *kernel, &k, err);
    if (st || !k || !vr_kernel_allowed(k, c) || (keep_order && !vr_same_order(k, *kernel)))
        return st;
    st = vr_kernel_has_failed(m->device, c->op, k, &failed, err);
    if (!st && !failed)
        *kernel = k;
    return st;
}
