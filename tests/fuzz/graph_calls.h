/* SPDX-License-Identifier: Apache-2.0
 * Bytes as calls of the public builders, with any operands and attributes. */
#ifndef VR_FUZZ_GRAPH_CALLS_H
#define VR_FUZZ_GRAPH_CALLS_H
#include "graph/graph.h"

typedef struct graph_calls {
    const uint8_t *at, *end;
    vireo_graph *g;
    bool by_type; /* operands are mostly drawn from those whose type fits */
} graph_calls;

uint8_t graph_calls_byte(graph_calls *); /* 0 past the end */
void graph_call(graph_calls *); /* reads and makes one call; what it gives stays in the graph */
#endif
