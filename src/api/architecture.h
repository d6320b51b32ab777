/* SPDX-License-Identifier: Apache-2.0
 * The architectures of models/models.list.h by name. */
#ifndef VR_API_ARCHITECTURE_H
#define VR_API_ARCHITECTURE_H
#include "vireo/graph.h"

/* NULL if the source's architecture is not one of ours. */
const vireo_architecture *vr_architecture_of(const vireo_source *);
/* Builds the graph of a source; a fault is returned, not left in the graph. */
vireo_status vr_build_graph(const vireo_source *, const vireo_allocator *, vireo_graph **out,
                            vireo_error *);
#endif
