/* SPDX-License-Identifier: Apache-2.0 */
#include "data/metrics.h"
#include <math.h>

size_t vr_metrics_rank(const float *scores, size_t n, uint32_t target, const bool *seen)
{
    size_t rank = 1;
    float own = isnan(scores[target]) ? -INFINITY : scores[target];
    if (seen && seen[target])
        return 0;
    for (size_t i = 0; i < n; i++) {
        float score = isnan(scores[i]) ? -INFINITY : scores[i];
        bool ahead = score > own || (score == own && i < target);
        rank += ahead && !(seen && seen[i]);
    }
    return rank;
}

void vr_metrics_add(vireo_metrics *m, size_t rank)
{
    m->users++;
    if (rank == 0 || rank > m->at)
        return;
    m->hr += 1.0;
    m->ndcg += 1.0 / log2((double)rank + 1.0);
}

void vr_metrics_finish(vireo_metrics *m)
{
    if (m->users == 0)
        return;
    m->hr /= (double)m->users;
    m->ndcg /= (double)m->users;
}
