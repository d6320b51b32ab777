/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/recommender.h"
#include <string.h>

#define DEFAULT_K 10
#define MOST_K 1024
#define SMALLEST_K 16 /* of a scorer: few sizes serve all requests */

/* A request understood, and the arrays of one run. */
typedef struct job {
    vireo_recommender *r;
    const vireo_request *q;
    uint32_t k;
    vr_plan plan;
    bool known_user;
    vr_history history;
    vireo_event *own_events; /* of a history that is not a user's */
    float *recent, *taste, *query;
    int32_t *deny;
    uint32_t *distinct; /* (history.n) items, each once */
    float *scores;      /* (scorer's k) */
    int32_t *items;
    vireo_error *err;
} job;

/* What stands before the items of a result: free has nothing else. */
typedef struct block {
    vireo_allocator hook;
    bool hooked;
    vireo_recommendation items[];
} block;

static vireo_status bad_index(const job *j, const char *what, uint32_t item)
{
    return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                   "%s: item %u does not exist, the catalogue has %zu", what, item,
                   j->r->dataset->n_items);
}

static vireo_status check_content(const job *j)
{
    const vireo_request *q = j->q;
    const char *what = q->query ? "a query" : q->similar_to ? "similar_to" : "method content";
    const bool wanted = q->query || q->similar_to || q->method == VIREO_METHOD_CONTENT;
    if ((q->query || q->similar_to) && q->method != VIREO_METHOD_AUTO &&
        q->method != VIREO_METHOD_CONTENT)
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s is answered by method content or auto, not %s", what,
                       vireo_method_name(q->method));
    if (wanted && !j->r->embedder)
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%s needs a text model: make the recommender with an embedder", what);
    if (q->query && !q->query[strspn(q->query, " \t\r\n")])
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT, "the query is empty");
    if (q->similar_to && !vr_item_has_text(&j->r->dataset->items[*q->similar_to]))
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                       "similar_to: item %s has no title and no genres to compare by",
                       j->r->dataset->items[*q->similar_to].id);
    return VIREO_OK;
}

static vireo_status check_indices(const job *j)
{
    const vireo_request *q = j->q;
    const size_t n = j->r->dataset->n_items;
    if ((q->n_history && !q->history) || (q->n_deny && !q->deny) || (q->n_genres && !q->genres))
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_recommend: a list is NULL but its length is not 0");
    for (size_t i = 0; i < q->n_history; i++)
        if (q->history[i] >= n)
            return bad_index(j, "history", q->history[i]);
    for (size_t i = 0; i < q->n_deny; i++)
        if (q->deny[i] >= n)
            return bad_index(j, "deny", q->deny[i]);
    if (q->similar_to && *q->similar_to >= n)
        return bad_index(j, "similar_to", *q->similar_to);
    for (size_t i = 0; i < q->n_genres; i++)
        if (!q->genres[i] || !q->genres[i][0])
            return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT, "genres[%zu] is empty", i);
    return VIREO_OK;
}

static vireo_status check(const job *j)
{
    const vireo_request *q = j->q;
    const int subjects = !!q->user + !!q->history + !!q->query + !!q->similar_to;
    if ((uint32_t)q->method > VIREO_METHOD_POPULAR)
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                       "method %d is not one: auto, content, neighbours and popular are allowed",
                       (int)q->method);
    if (q->k > MOST_K)
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT, "k is %u, 1 to %d are allowed", q->k,
                       MOST_K);
    if (subjects > 1)
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                       "%d of user, history, query and similar_to are given, one is allowed",
                       subjects);
    if (subjects == 0 && q->method != VIREO_METHOD_POPULAR)
        return vr_fail(j->err, VIREO_ERROR_INVALID_ARGUMENT,
                       "none of user, history, query and similar_to is given; only method popular "
                       "does without");
    vireo_status st = check_indices(j);
    return st ? st : check_content(j);
}

/* The events to score with, and the plan. */
static vireo_status resolve(job *j)
{
    const vireo_request *q = j->q;
    const vireo_dataset *d = j->r->dataset;
    const uint32_t *given = q->similar_to ? q->similar_to : q->history;
    const size_t n = q->similar_to ? 1 : q->n_history;
    uint32_t user;
    j->known_user = true;
    if (q->user && (j->known_user = vireo_dataset_find_user(d, q->user, &user))) {
        j->history = (vr_history){.events = d->events + d->user_offsets[user],
                                  .n = d->user_offsets[user + 1] - d->user_offsets[user],
                                  .rated = d->has_ratings};
    } else if (given) {
        j->own_events = vr_calloc(j->r->allocator, n, sizeof *j->own_events);
        if (!j->own_events)
            return vr_fail_memory(j->err, "history");
        for (size_t i = 0; i < n; i++)
            j->own_events[i].item = given[i];
        j->history = (vr_history){.events = j->own_events, .n = n};
    }
    j->plan =
        q->query || q->similar_to ? VR_PLAN_CONTENT : vr_plan_of(j->r, q->method, j->history.n);
    return VIREO_OK;
}

static vireo_status get_scorer(const job *j, vr_scorer **out)
{
    vireo_recommender *r = j->r;
    vr_scorer **kept = &r->scorers[j->plan], *made = NULL;
    uint32_t k = SMALLEST_K;
    while (k < j->k)
        k *= 2;
    if (!*kept || vr_scorer_k(*kept) < k) {
        const vr_scorer_parts parts = {
            .n_items = r->dataset->n_items,
            .neighbours = vr_plan_neighbours(j->plan) ? &r->co : NULL,
            .content = vr_plan_content(j->plan) ? &r->vectors : NULL,
            .blend = r->blend,
            .k = k,
            .batch = 1,
            .deterministic = r->deterministic,
            .no_fuse = r->no_fuse,
            .progress = r->progress,
            .progress_user = r->progress_user,
        };
        vireo_status st = vr_scorer_create(r->device, &parts, r->allocator, &made, j->err);
        if (st)
            return st;
        vr_scorer_destroy(kept);
        *kept = made;
    }
    *out = *kept;
    return VIREO_OK;
}

static vireo_status fill(job *j, uint32_t k)
{
    const vireo_allocator *a = j->r->allocator;
    const size_t n = j->r->dataset->n_items, width = j->r->vectors.width;
    vireo_status st = VIREO_OK;
    j->recent = vr_calloc(a, n, sizeof *j->recent);
    j->taste = vr_calloc(a, n, sizeof *j->taste);
    j->query = vr_calloc(a, width, sizeof *j->query);
    j->deny = vr_calloc(a, (n + 31) / 32, sizeof *j->deny);
    j->distinct = vr_calloc(a, j->history.n, sizeof *j->distinct);
    j->scores = vr_calloc(a, k, sizeof *j->scores);
    j->items = vr_calloc(a, k, sizeof *j->items);
    if (!j->recent || !j->taste || !j->query || !j->deny || !j->distinct || !j->scores || !j->items)
        return vr_fail_memory(j->err, "request");
    vr_mask(j->r, j->q, &j->history, j->deny);
    vr_weights_recent(&j->history, j->recent);
    if (vr_plan_content(j->plan) && j->history.n)
        st = vr_weights_taste(j->r, &j->history, j->taste, j->err);
    if (!st && j->q->query) {
        st = vireo_embed(j->r->embedder, &j->q->query, 1, j->query, NULL, NULL, j->err);
        if (!st)
            vr_item_vectors_centre(&j->r->vectors, j->query);
    }
    return st;
}

/* The history's items, each once, in the order of their first event. mark: zeros. */
static size_t find_distinct(const job *j, int32_t *mark)
{
    size_t n = 0;
    for (size_t i = 0; i < j->history.n; i++) {
        const uint32_t item = j->history.events[i].item;
        const uint32_t bit = (uint32_t)1 << (item % 32), word = (uint32_t)mark[item / 32];
        if (!(word & bit))
            j->distinct[n++] = item;
        mark[item / 32] = (int32_t)(word | bit);
    }
    return n;
}

static vireo_status answer(job *j, uint32_t k, vireo_recommendations *out)
{
    const vireo_allocator *a = j->r->allocator;
    size_t count = 0;
    while (count < j->k && count < k && j->items[count] >= 0)
        count++;
    block *b = vr_calloc(a, 1, sizeof *b + count * sizeof *b->items);
    if (!b)
        return vr_fail_memory(j->err, "recommendations");
    b->hooked = a != NULL;
    b->hook = b->hooked ? *a : (vireo_allocator){0};
    memset(j->deny, 0, (j->r->dataset->n_items + 31) / 32 * sizeof *j->deny); /* serves as marks */
    const vr_why why = {.plan = j->plan,
                        .recent = j->recent,
                        .taste = j->taste,
                        .items = j->distinct,
                        .n = find_distinct(j, j->deny)};
    for (size_t i = 0; i < count; i++) {
        b->items[i].item = (uint32_t)j->items[i];
        b->items[i].score = j->scores[i];
        vr_explain(j->r, &why, &b->items[i]);
    }
    static const vireo_method methods[] = {
        [VR_PLAN_POPULAR] = VIREO_METHOD_POPULAR,
        [VR_PLAN_NEIGHBOURS] = VIREO_METHOD_NEIGHBOURS,
        [VR_PLAN_CONTENT] = VIREO_METHOD_CONTENT,
        [VR_PLAN_BLEND] = VIREO_METHOD_NEIGHBOURS,
    };
    *out = (vireo_recommendations){.method = methods[j->plan],
                                   .blended = j->plan == VR_PLAN_BLEND,
                                   .known_user = j->known_user,
                                   .items = b->items,
                                   .count = count};
    return VIREO_OK;
}

static vireo_status run(job *j, vireo_recommendations *out)
{
    vr_scorer *scorer = NULL;
    uint32_t k = 0;
    vireo_status st = VIREO_OK;
    if (j->r->dataset->n_items) { /* an empty catalogue has nothing to put on a device */
        st = get_scorer(j, &scorer);
        if (st)
            return st;
        k = vr_scorer_k(scorer);
    }
    st = fill(j, k);
    if (!st && scorer) {
        const vr_scorer_run_args args = {.n = 1,
                                         .recent = j->recent,
                                         .taste = j->taste,
                                         .query = j->query,
                                         .given = j->r->popularity,
                                         .deny = j->deny,
                                         .scores = j->scores,
                                         .items = j->items};
        st = vr_scorer_run(scorer, &args, j->err);
    }
    return st ? st : answer(j, k, out);
}

vireo_status vireo_recommend(vireo_recommender *r, const vireo_request *request,
                             vireo_recommendations *out, vireo_error *err)
{
    vireo_request q = VIREO_OPTIONS(vireo_request);
    if (!r || !request || !out || !request->struct_size)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_recommend: recommender, request (with its struct_size) and out are "
                       "needed");
    memcpy(&q, request, request->struct_size < sizeof q ? request->struct_size : sizeof q);
    job j = {.r = r, .q = &q, .k = q.k ? q.k : DEFAULT_K, .err = err};
    vireo_status st = check(&j);
    if (!st)
        st = resolve(&j);
    if (!st)
        st = run(&j, out);
    vr_free(r->allocator, j.items);
    vr_free(r->allocator, j.scores);
    vr_free(r->allocator, j.distinct);
    vr_free(r->allocator, j.deny);
    vr_free(r->allocator, j.query);
    vr_free(r->allocator, j.taste);
    vr_free(r->allocator, j.recent);
    vr_free(r->allocator, j.own_events);
    return st;
}

void vireo_recommendations_free(vireo_recommendations *recommendations)
{
    if (!recommendations)
        return;
    if (recommendations->items) {
        block *b = (block *)(void *)((char *)recommendations->items - offsetof(block, items));
        vireo_allocator hook = b->hook;
        vr_free(b->hooked ? &hook : NULL, b);
    }
    *recommendations = (vireo_recommendations){0};
}
