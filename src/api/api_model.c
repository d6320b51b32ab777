/* SPDX-License-Identifier: Apache-2.0 */
#include "api/architecture.h"
#include "run/model.h"
#include <string.h>

vireo_status vireo_model_create(vireo_device *d, vireo_graph **graph, const vireo_model_options *o,
                                vireo_model **out, vireo_error *err)
{
    if (!d || !graph || !*graph || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_model_create: device, graph and out are needed");
    vireo_status st = vr_device_check(d, err);
    if (st) {
        vireo_graph_destroy(graph);
        return st;
    }
    vireo_model_options known = VIREO_OPTIONS(vireo_model_options);
    if (o && o->struct_size < sizeof o->struct_size) {
        vireo_graph_destroy(graph);
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_model_options.struct_size is %zu; use VIREO_OPTIONS", o->struct_size);
    }
    if (o)
        memcpy(&known, o, o->struct_size < sizeof known ? o->struct_size : sizeof known);
    return vr_model_create(d, graph, &known, out, err);
}

vireo_status vireo_model_load_source(vireo_device *d, const vireo_source *s,
                                     const vireo_model_options *o, vireo_model **out,
                                     vireo_error *err)
{
    vireo_graph *g = NULL;
    if (!d || !s || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_model_load_source: device, source and out are needed");
    vireo_status st = vr_build_graph(s, d->allocator, &g, err);
    return st ? st : vireo_model_create(d, &g, o, out, err);
}

vireo_status vireo_model_load(vireo_device *d, const char *path, const vireo_model_options *o,
                              vireo_model **out, vireo_error *err)
{
    vireo_source *s = NULL;
    if (!d || !path || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_model_load: device, path and out are needed");
    vireo_status st = vireo_source_open(path, d->allocator, &s, err);
    if (!st)
        st = vireo_model_load_source(d, s, o, out, err);
    vireo_source_close(&s);
    return st;
}

vireo_device *vireo_model_get_device(const vireo_model *m)
{
    return m->device;
}

size_t vireo_model_weight_bytes(const vireo_model *m)
{
    return m->weight_bytes;
}

void vireo_model_destroy(vireo_model **m)
{
    vr_model_destroy(m);
}
