/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest.h"
#include "vk/tuned.h"
#include <stdio.h>
#include <string.h>

/* The hash of the expanded text; expanding takes a good part of a millisecond. */
static vireo_status hash_text(vireo_device *d, const vr_program_desc *desc, vr_hash128 *out,
                              vireo_error *err)
{
    const vr_hash128 key = vr_hash_join(vr_hash(desc->name, strlen(desc->name)),
                                        vr_hash(desc->defines, strlen(desc->defines)));
    char *text = NULL;
    if (vr_tuned_text(d, key, out))
        return VIREO_OK;
    vireo_status st = vr_glsl_expand(d->allocator, desc->name, desc->source, desc->defines, desc->include,
                                     &text, err);
    if (st)
        return st;
    *out = vr_hash(text, strlen(text));
    vr_tuned_keep_text(d, key, *out);
    vr_free(d->allocator, text);
    return VIREO_OK;
}

static vireo_status add_program(vireo_device *d, const vr_call *call, const vr_kernel *k,
                                uint32_t wg, vr_str *out, vireo_error *err)
{
    char *defines = NULL, hex[33];
    vr_program_desc desc;
    vr_hash128 text = {0, 0};
    vireo_status st = vr_kernel_program(d, call, k, wg, &defines, &desc, err);
    if (!st)
        st = hash_text(d, &desc, &text, err);
    if (!st) {
        vr_hash_hex(text, hex);
        vr_str_add(out, hex);
        for (uint32_t i = 0; i < desc.n_bindings; i++)
            vr_str_addf(out, "%u %d\n", (unsigned)k->binds[i].operand, (int)desc.bindings[i]);
    }
    vr_free(d->allocator, defines);
    return st;
}

static void add_dispatch(const vr_dispatch *d, vr_str *out)
{
    vr_str_addf(out, "%u %u %u %d %d", (unsigned)d->groups[0], (unsigned)d->groups[1],
                (unsigned)d->groups[2], (int)d->second, (int)d->first);
    for (uint32_t i = 0; i < d->push_bytes / 4; i++)
        vr_str_addf(out, " %x", (unsigned)d->push[i]);
    for (size_t i = 0; i < VR_KERNEL_BINDINGS; i++)
        vr_str_addf(out, " %llu+%llu", (unsigned long long)d->range[i].offset,
                    (unsigned long long)d->range[i].bytes);
    vr_str_add(out, "\n");
}

/* All that runs for the call; nothing if the kernel is not allowed for it. */
static vireo_status add_call(vireo_device *d, const vr_call *c, const vr_kernel *k, vr_str *out,
                             vireo_error *err)
{
    const uint32_t wg = vr_kernel_workgroup(k, &d->info);
    vr_launches l = {.allocator = d->allocator};
    if (!vr_kernel_allowed(k, c))
        return VIREO_OK;
    vireo_status st = VIREO_OK;
    for (const vr_kernel *part = k; !st && part; part = part->second)
        st = add_program(d, c, part, wg, out, err);
    if (!st && k->launch(c, k, wg, &l))
        st = vr_fail_memory(err, "launches");
    for (size_t i = 0; !st && i < l.count; i++)
        add_dispatch(&l.list[i], out);
    vr_free(d->allocator, l.list);
    return st;
}

static vireo_status finish(vireo_status st, vr_str *text, vr_hash128 *out, vireo_error *err)
{
    if (!st && text->failed)
        st = vr_fail_memory(err, "shader text");
    if (!st)
        *out = vr_hash(text->data, text->length);
    vr_str_deinit(text);
    return st;
}

vireo_status vr_call_source(vireo_device *d, const vr_call *c, const vr_kernel *k, vr_hash128 *out,
                            vireo_error *err)
{
    vr_str text;
    vr_str_init(&text, d->allocator);
    vr_str_add(&text, vr_glsl_version());
    return finish(add_call(d, c, k, &text, err), &text, out, err);
}

vireo_status vr_kernel_source(vireo_device *d, vr_op_id op, const vr_kernel *k, vr_hash128 *out,
                              vireo_error *err)
{
    vireo_status st = VIREO_OK;
    vr_str text;
    vr_str_init(&text, d->allocator);
    vr_str_add(&text, vr_glsl_version());
    for (size_t i = 0; !st && i < vr_ops[op]->n_checks; i++) {
        vr_check_case c;
        st = vr_check_case_init(&c, d->allocator, op, i, err);
        c.call.limits = &d->info;
        if (!st)
            st = add_call(d, &c.call, k, &text, err);
        vr_check_case_deinit(&c);
    }
    return finish(st, &text, out, err);
}

void vr_kernel_path(vr_op_id op, const vr_kernel *k, char out[VR_VERDICT_NAME])
{
    snprintf(out, VR_VERDICT_NAME, "%s/%s", vr_ops[op]->name, k->name);
}

vireo_status vr_kernel_has_failed(vireo_device *d, vr_op_id op, const vr_kernel *k, bool *out,
                                  vireo_error *err)
{
    char path[VR_VERDICT_NAME];
    vr_hash128 source;
    vr_kernel_path(op, k, path);
    if (!vr_verdict_suspects(d, path)) {
        *out = false;
        return VIREO_OK;
    }
    vireo_status st = vr_kernel_source(d, op, k, &source, err);
    if (st)
        return st;
    const vr_verdict_state state = vr_verdict_get(d, path, source).state;
    *out = state != VR_VERDICT_NONE && state != VR_VERDICT_PASSED;
    return VIREO_OK;
}
