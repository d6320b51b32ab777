/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest.h"

static void add_device(const vireo_device_info *d, vr_str *s)
{
    vr_str_addf(s, "vireo %s, %s\n", vireo_version(), vr_glsl_version());
    vr_str_addf(s, "device: %s (%s), uuid %s, vendor %04x, device %04x\n", d->name, d->tier,
                d->uuid, (unsigned)d->vendor_id, (unsigned)d->device_id);
    vr_str_addf(s, "driver: %s%s%s, version %08x, Vulkan %u.%u.%u\n", d->driver, vr_gap(d->driver_info),
                d->driver_info, (unsigned)d->driver_version, (unsigned)(d->api_version >> 22 & 0x7F),
                (unsigned)(d->api_version >> 12 & 0x3FF), (unsigned)(d->api_version & 0xFFF));
    vr_str_addf(s,
                "limits: subgroup %u, workgroup %u, shared %u bytes, texel view %u, binding %llu "
                "bytes, %u storage buffers\n",
                (unsigned)d->subgroup_size, (unsigned)d->max_workgroup_invocations,
                (unsigned)d->max_shared_bytes, (unsigned)d->max_texel_elements,
                (unsigned long long)d->max_storage_binding_bytes,
                (unsigned)d->max_storage_bindings);
}

static void add_operand(const char *name, uint32_t i, const vr_value *v, vr_str *s)
{
    char text[128];
    vr_value_text(v, text, sizeof text);
    vr_str_addf(s, "    %s%u: %s", name, (unsigned)i, text);
    if (v->symbol != VR_NO_SYMBOL)
        vr_str_addf(s, ", %lld in this run", (long long)v->count);
    vr_str_add(s, "\n");
}

static void add_values(const vr_finding *f, vr_str *s)
{
    if (f->n_wrong)
        vr_str_addf(s, "first wrong elements of out%u: index, expected, got\n",
                    (unsigned)f->output);
    for (size_t i = 0; i < f->n_wrong; i++)
        vr_str_addf(s, "    %zu  %.9g  %.9g\n", f->wrong[i].index, f->wrong[i].expected,
                    f->wrong[i].got);
}

vireo_status vr_selftest_report(vireo_device *d, const vr_check_case *c, const vr_kernel *k,
                                vr_hash128 source, const vr_finding *f, vr_str *out,
                                vireo_error *err)
{
    char path[VR_VERDICT_NAME], hex[33];
    vr_call call = c->call;
    call.limits = &d->info;
    vr_kernel_path(c->op, k, path);
    vr_hash_hex(source, hex);
    vr_str_addf(out, "Vireo's self-test: %s failed\n%s\n\n", path, f->reason);
    add_device(&d->info, out);
    vr_str_addf(out, "\nkernel: %s, source %s\ncase %zu of %zu:\n", path, hex, f->failed_case + 1,
                vr_ops[c->op]->n_checks);
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (c->call.in[i])
            add_operand("in", i, c->call.in[i], out);
    for (uint32_t i = 0; i < vr_ops[c->op]->n_out; i++)
        add_operand("out", i, c->call.out[i], out);
    add_values(f, out);
    for (const vr_kernel *part = k; part; part = part->second) {
        vr_program_desc desc;
        char *defines = NULL;
        vireo_status st = vr_kernel_program(d, &call, part, vr_kernel_workgroup(k, &d->info),
                                            &defines, &desc, err);
        if (st)
            return st;
        vr_str_addf(out, "\nshader: %s, with\n%s", part->shader, defines);
        vr_free(d->allocator, defines);
    }
    return out->failed ? vr_fail_memory(err, "report") : VIREO_OK;
}
