/* SPDX-License-Identifier: Apache-2.0
 * What calls cost: for profiles, and for how much is submitted at once. */
#include "ops/op.h"

static double bytes_now(const vr_value *v)
{
    return v->rank == 1 ? (double)v->count * (double)vireo_dtype_bytes(v->dtype)
                        : (double)vr_value_rows_now(v) * (double)vr_value_row_bytes(v);
}

/* Ids may name a row more than once, but no more rows than there are are read. */
static double table_bytes(const vr_call *c)
{
    const double ids = (double)vr_value_elements_now(c->in[1]), all = bytes_now(c->in[0]);
    const double named = ids * (double)vr_value_row_bytes(c->in[0]);
    return named < all ? named : all;
}

static double default_flops(const vr_call *c)
{
    const double in = vr_ops[c->op]->table ? 0 : (double)vr_value_elements_now(c->in[0]);
    const double out = (double)vr_value_elements_now(c->out[0]);
    return in > out ? in : out;
}

vr_work vr_call_work(const vr_call *c, const vr_host_ints host)
{
    const vr_op *op = vr_ops[c->op];
    vr_work w = {.flops = op->flops ? op->flops(c, host) : default_flops(c)};
    for (uint32_t i = 0; i < VR_MAX_IN; i++)
        if (c->in[i])
            w.bytes += i == 0 && op->table ? table_bytes(c) : bytes_now(c->in[i]);
    for (uint32_t i = 0; i < op->n_out; i++)
        w.bytes += bytes_now(c->out[i]);
    return w;
}

/* Multiplications and additions, and bytes, a nanosecond. CPU: SwiftShader on two cores beside another
 * load (docs/BENCHMARKS.md); the others are low guesses, for none was at hand. */
typedef struct pace {
    double flops, bytes;
} pace;

static pace pace_of(const vireo_device_info *d)
{
    static const pace paces[] = {[VIREO_DEVICE_DISCRETE] = {500, 50},
                                 [VIREO_DEVICE_INTEGRATED] = {50, 5},
                                 [VIREO_DEVICE_VIRTUAL] = {50, 5},
                                 [VIREO_DEVICE_CPU] = {5, 0.5},
                                 [VIREO_DEVICE_OTHER] = {50, 5}};
    return paces[d->type];
}

static const double launch_ns = 50e3, no_limit = 1e18;

double vr_dispatch_flops(const vireo_device_info *d)
{
    return d->dispatch_us ? 1e3 * d->dispatch_us * pace_of(d).flops : no_limit;
}

double vr_dispatch_bytes(const vireo_device_info *d)
{
    return d->dispatch_us ? 1e3 * d->dispatch_us * pace_of(d).bytes : no_limit;
}

/* What a flop of the call by the kernel takes of one of a product. */
static double effort_of(const vr_call *c, const vr_kernel *k)
{
    const double op = vr_ops[c->op]->effort;
    return (op > 0 ? op : 1) * (k->effort > 0 ? k->effort : 1);
}

double vr_kernel_flops(const vr_call *c, const vr_kernel *k)
{
    return vr_dispatch_flops(c->limits) / effort_of(c, k);
}

double vr_call_ns(const vr_call *c, const vr_kernel *k, const vr_host_ints host)
{
    const vr_work w = vr_call_work(c, host);
    const pace p = pace_of(c->limits);
    const double compute = effort_of(c, k) * w.flops / p.flops, memory = w.bytes / p.bytes;
    return launch_ns + (compute > memory ? compute : memory);
}
