/* SPDX-License-Identifier: Apache-2.0
 * Leave-one-out: everything that scores is rebuilt from the histories without their last events;
 * scores are computed on the device in batches of users, ranks on the host. */
#include "data/metrics.h"
#include "data/split.h"
#include "rec/recommender.h"
#include <string.h>

#define DEFAULT_AT 10
#define BATCH 64

typedef struct job {
    vireo_recommender *r;
    const vireo_dataset *d;
    vr_split split;
    vr_co_occurrence co;
    float *blend; /* (n_items) */
    vr_plan plan;
    vr_scorer *scorer;
    float *recent, *taste, *query; /* (BATCH, ...) */
    float *scores;                 /* (BATCH, n_items) */
    bool *seen;                    /* (n_items), all false between users */
    vireo_metrics metrics;
    vireo_error *err;
} job;

static vr_history history_of(const job *j, uint32_t user)
{
    vr_history h = {.rated = j->d->has_ratings};
    h.events = vr_split_history(j->d, user, &h.n);
    return h;
}

static vireo_status prepare(job *j)
{
    vireo_recommender *r = j->r;
    const vireo_allocator *a = r->allocator;
    const size_t n = j->d->n_items;
    vireo_status st = vr_split_init(&j->split, j->d, a, j->err);
    if (st || j->split.n == 0)
        return st;
    j->scores = vr_calloc(a, BATCH * n, sizeof *j->scores);
    j->recent = vr_calloc(a, BATCH * n, sizeof *j->recent);
    j->taste = vr_calloc(a, BATCH * n, sizeof *j->taste);
    j->query = vr_calloc(a, BATCH * r->vectors.width, sizeof *j->query);
    j->blend = vr_calloc(a, n, sizeof *j->blend);
    j->seen = vr_calloc(a, n, sizeof *j->seen);
    if (!j->scores || !j->recent || !j->taste || !j->query || !j->blend || !j->seen)
        return vr_fail_memory(j->err, "evaluation");
    if (j->plan == VR_PLAN_POPULAR)
        return VIREO_OK;
    vr_blend_weights(j->split.counts, n, j->blend);
    if (vr_plan_neighbours(j->plan))
        st = vr_co_occurrence_init(&j->co, j->d, true, a, j->err);
    const vr_scorer_parts parts = {
        .n_items = n,
        .neighbours = vr_plan_neighbours(j->plan) ? &j->co : NULL,
        .content = vr_plan_content(j->plan) ? &r->vectors : NULL,
        .blend = j->blend,
        .batch = BATCH,
        .deterministic = r->deterministic,
        .no_fuse = r->no_fuse,
        .progress = r->progress,
        .progress_user = r->progress_user,
    };
    return st ? st : vr_scorer_create(r->device, &parts, a, &j->scorer, j->err);
}

/* Scores of users[first..first + n) of the split. */
static vireo_status score(job *j, size_t first, size_t n)
{
    const size_t items = j->d->n_items;
    vireo_status st = VIREO_OK;
    if (j->plan == VR_PLAN_POPULAR) {
        for (size_t u = 0; u < n; u++)
            for (size_t i = 0; i < items; i++)
                j->scores[u * items + i] = (float)j->split.counts[i];
        return VIREO_OK;
    }
    memset(j->recent, 0, n * items * sizeof *j->recent);
    memset(j->taste, 0, n * items * sizeof *j->taste);
    for (size_t u = 0; u < n && !st; u++) {
        const vr_history h = history_of(j, j->split.users[first + u]);
        vr_weights_recent(&h, j->recent + u * items);
        if (vr_plan_content(j->plan))
            st = vr_weights_taste(j->r, &h, j->taste + u * items, j->err);
    }
    if (st)
        return st;
    return vr_scorer_run(
        j->scorer,
        &(vr_scorer_run_args){
            .n = n, .recent = j->recent, .taste = j->taste, .query = j->query, .scores = j->scores},
        j->err);
}

/* An item that was seen before may be the target again: then it has a rank. */
static void rank(job *j, size_t at, const float *scores)
{
    const vr_history h = history_of(j, j->split.users[at]);
    for (size_t i = 0; i < h.n; i++)
        j->seen[h.events[i].item] = true;
    j->seen[j->split.targets[at]] = false;
    vr_metrics_add(&j->metrics,
                   vr_metrics_rank(scores, j->d->n_items, j->split.targets[at], j->seen));
    for (size_t i = 0; i < h.n; i++)
        j->seen[h.events[i].item] = false;
}

static vireo_status run(job *j)
{
    vireo_status st = prepare(j);
    for (size_t done = 0; done < j->split.n && !st;) {
        const size_t left = j->split.n - done, n = left < BATCH ? left : BATCH;
        st = score(j, done, n);
        for (size_t u = 0; u < n && !st; u++)
            rank(j, done + u, j->scores + u * j->d->n_items);
        done += n;
        if (!st && j->r->progress && j->r->progress(j->r->progress_user, "users", done, j->split.n))
            st = vr_fail(j->err, VIREO_ERROR_CANCELLED, "cancelled after %zu of %zu users", done,
                         j->split.n);
    }
    vr_metrics_finish(&j->metrics);
    return st;
}

vireo_status vireo_evaluate(vireo_recommender *r, vireo_method method, uint32_t at,
                            vireo_metrics *out, vireo_error *err)
{
    if (!r || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_evaluate: recommender and out must not be NULL");
    if ((uint32_t)method > VIREO_METHOD_POPULAR)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "method %d is not one: auto, content, neighbours and popular are allowed",
                       (int)method);
    if (method == VIREO_METHOD_CONTENT && !r->embedder)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "method content needs a text model: make the recommender with an embedder");
    job j = {.r = r,
             .d = r->dataset,
             .plan = vr_plan_of(r, method, r->dataset->n_events),
             .metrics = {.at = at ? at : DEFAULT_AT},
             .err = err};
    vireo_status st = run(&j);
    vr_scorer_destroy(&j.scorer);
    vr_free(r->allocator, j.seen);
    vr_free(r->allocator, j.scores);
    vr_free(r->allocator, j.query);
    vr_free(r->allocator, j.taste);
    vr_free(r->allocator, j.recent);
    vr_co_occurrence_deinit(&j.co);
    vr_free(r->allocator, j.blend);
    vr_split_deinit(&j.split);
    if (!st)
        *out = j.metrics;
    return st;
}
