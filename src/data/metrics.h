/* SPDX-License-Identifier: Apache-2.0
 * Ranking metrics with one relevant item a user (Järvelin and Kekäläinen 2002 for NDCG):
 * HR@k = share of users whose target ranks within k, NDCG@k = mean of 1/log2(rank + 1) over them.
 */
#ifndef VR_DATA_METRICS_H
#define VR_DATA_METRICS_H
#include "vireo/recommend.h"

/* Rank of target among scores (n), 1 = best; equal scores rank by index. seen (n, may be NULL):
 * items left out of the ranking. A NaN score ranks behind all numbers. 0: the target itself was
 * seen, so it has no rank. */
size_t vr_metrics_rank(const float *scores, size_t n, uint32_t target, const bool *seen);

/* Sums in m, whose `at` is set and the rest zero: one call a user; rank 0 is a miss. Then finish
 * turns the sums into means. */
void vr_metrics_add(vireo_metrics *m, size_t rank);
void vr_metrics_finish(vireo_metrics *m);
#endif
