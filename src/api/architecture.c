/* SPDX-License-Identifier: Apache-2.0 */
#include "api/architecture.h"
#include "base/error.h"
#include "io/safetensors.h"
#include "io/source.h"
#include <stdio.h>
#include <string.h>

#define VIREO_MODEL(name) extern const vireo_architecture vireo_architecture_##name;
#include "models/models.list.h"
#undef VIREO_MODEL

static const vireo_architecture *const architectures[] = {
#define VIREO_MODEL(name) &vireo_architecture_##name,
#include "models/models.list.h"
#undef VIREO_MODEL
};
#define COUNT (sizeof architectures / sizeof *architectures)

const char *vireo_architecture_name(size_t index)
{
    return index < COUNT ? architectures[index]->name : NULL;
}

const vireo_architecture *vr_architecture_of(const vireo_source *s)
{
    for (size_t i = 0; i < COUNT; i++)
        if (!strcmp(architectures[i]->name, vireo_source_architecture(s)))
            return architectures[i];
    return NULL;
}

vireo_status vr_build_graph(const vireo_source *s, const vireo_allocator *a, vireo_graph **out,
                            vireo_error *err)
{
    const vireo_architecture *found = vr_architecture_of(s);
    if (!found) {
        char known[256] = "";
        for (size_t i = 0, n = 0; i < COUNT && n < sizeof known; i++) {
            const char *name = architectures[i]->name; /* NOLINT(*NullDereference): no holes */
            n += (size_t)snprintf(known + n, sizeof known - n, "%s%s", i ? ", " : "", name);
        }
        return vr_fail_at(err, VIREO_ERROR_UNSUPPORTED, VR_SAFETENSORS_ARCH, 0,
                          "%s/config.json: model_type \"%s\" is not supported, allowed: %s (ARCH)",
                          vireo_source_path(s), vireo_source_architecture(s), known);
    }
    vireo_graph *g = NULL;
    vireo_status st = vr_source_check_hyper(s, err);
    if (!st)
        st = vireo_graph_create(a, &g, err);
    if (st)
        return st;
    found->build(g, s);
    st = vireo_graph_check(g, err);
    if (st)
        vireo_graph_destroy(&g);
    else
        *out = g;
    return st;
}

void vireo_source_check(const vireo_source *s, char *missing, size_t size)
{
    vireo_error err = {0};
    vireo_graph *g = NULL;
    if (size)
        missing[0] = '\0';
    if (vr_build_graph(s, NULL, &g, &err))
        snprintf(missing, size, "%s", err.message);
    vireo_graph_destroy(&g);
}
