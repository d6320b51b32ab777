/* SPDX-License-Identifier: Apache-2.0
 * Rows of a constant from the dtype and order they are stored in to what the device holds (vr_value).
 */
#ifndef VR_RUN_PACK_H
#define VR_RUN_PACK_H
#include "graph/graph.h"

/* Rows as they are stored: element (r, k) stands at `at`, r * row_step + k * column_step elements on.
 * Blocks are stored in whole rows, one behind the other. */
typedef struct vr_stored {
    const char *at;
    size_t row_step, column_step;
} vr_stored;

size_t vr_stored_bytes(const vr_graph_value *); /* of the whole constant */
/* Whether the device holds it as it is stored. */
bool vr_stored_is_dense(const vr_graph_value *);
/* Writes rows [first, first + n) to `out`, vr_value_row_bytes each. */
void vr_pack_rows(const vr_graph_value *, const vr_stored *, size_t first, size_t n, char *out);
#endif
