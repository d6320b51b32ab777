/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/recommender.h"

/* What the history's item j adds to the score of item i: one term of the sum in scorer.h. */
static double contribution(const vireo_recommender *r, const vr_why *w, uint32_t i, uint32_t j)
{
    double sum = 0;
    if (vr_plan_neighbours(w->plan) && i != j && w->recent[j] != 0)
        sum += (double)w->recent[j] * vr_co_occurrence_cosine(&r->co, i, j);
    if (vr_plan_content(w->plan) && w->taste[j] != 0) {
        double blend = w->plan == VR_PLAN_BLEND ? (double)r->blend[i] : 1;
        sum += blend * (double)w->taste[j] * vr_item_vectors_cosine(&r->vectors, i, j);
    }
    return sum;
}

void vr_explain(const vireo_recommender *r, const vr_why *w, vireo_recommendation *out)
{
    double best[3] = {0}, total = 0;
    uint32_t n = 0;
    out->n_why = 0;
    for (size_t x = 0; x < w->n; x++) {
        double c = contribution(r, w, out->item, w->items[x]);
        total += c;
        uint32_t at = n < 3 ? n : 3;
        for (; at > 0 && c > best[at - 1]; at--)
            if (at < 3) {
                best[at] = best[at - 1];
                out->why[at] = out->why[at - 1];
            }
        if (at < 3 && c > 0) {
            best[at] = c;
            out->why[at] = (vireo_reason){.item = w->items[x]};
            n += n < 3;
        }
    }
    if (total <= 0)
        return;
    for (uint32_t i = 0; i < n; i++)
        out->why[i].share = (float)(best[i] / total);
    out->n_why = n;
}
