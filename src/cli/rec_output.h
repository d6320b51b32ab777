/* SPDX-License-Identifier: Apache-2.0
 * Recommendations as a table and as JSON, for recommend and similar. */
#ifndef VR_CLI_REC_OUTPUT_H
#define VR_CLI_REC_OUTPUT_H
#include "cli/json_out.h"
#include "vireo/recommend.h"

/* "items": [{rank, id, score, title, year, genres, why: [{id, title, share}]}] */
void vr_rec_json_items(vr_json_out *, const vireo_dataset *, const vireo_recommendations *);
/* "For user u1 (content, on the device)": `of`, then name and, in brackets, how. Two lines, shortened with …,
 * where one does not fit. */
void vr_rec_heading(vr_str *, size_t width, const char *of, const char *name, const char *how);
/* rank, title, year, genres, score and `why`: the titles of the largest shares, or these with them. */
typedef enum vr_rec_why { VR_REC_NO_WHY, VR_REC_TITLES, VR_REC_SHARES } vr_rec_why;
void vr_rec_table(vr_str *, const vireo_dataset *, const vireo_recommendations *, size_t width,
                  vr_rec_why why);
/* Every reason of every item with its share. */
void vr_rec_explain(vr_str *, const vireo_dataset *, const vireo_recommendations *);
const char *vr_item_title(const vireo_item *); /* the id, if the title is not known */
/* "neighbours" or, for a blend, "neighbours+content". */
const char *vr_rec_method(const vireo_recommendations *);
#endif
