/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/recommender.h"
#include "data/store.h"
#include <string.h>

static const char *const method_names[] = {
    [VIREO_METHOD_AUTO] = "auto",
    [VIREO_METHOD_CONTENT] = "content",
    [VIREO_METHOD_NEIGHBOURS] = "neighbours",
    [VIREO_METHOD_POPULAR] = "popular",
};
#define METHODS (sizeof method_names / sizeof *method_names)

const char *vireo_method_name(vireo_method method)
{
    return (size_t)method < METHODS ? method_names[method] : "?";
}

bool vireo_method_parse(const char *name, vireo_method *out)
{
    for (size_t i = 0; name && i < METHODS; i++)
        if (!strcmp(name, method_names[i])) {
            *out = (vireo_method)i;
            return true;
        }
    return false;
}

static void find_span(vireo_recommender *r)
{
    const vireo_dataset *d = r->dataset;
    if (!d->has_ratings || d->n_events == 0)
        return;
    float low = d->events[0].rating, high = low;
    for (size_t i = 1; i < d->n_events; i++) {
        low = d->events[i].rating < low ? d->events[i].rating : low;
        high = d->events[i].rating > high ? d->events[i].rating : high;
    }
    r->rating_span = high - low;
}

static vireo_status count_items(vireo_recommender *r, vireo_error *err)
{
    const vireo_dataset *d = r->dataset;
    r->popularity = vr_calloc(r->allocator, d->n_items, sizeof *r->popularity);
    r->blend = vr_calloc(r->allocator, d->n_items, sizeof *r->blend);
    if (!r->popularity || !r->blend)
        return vr_fail_memory(err, "recommender");
    for (size_t i = 0; i < d->n_items; i++)
        r->popularity[i] = (float)d->item_counts[i];
    vr_blend_weights(d->item_counts, d->n_items, r->blend);
    find_span(r);
    return VIREO_OK;
}

vireo_status vireo_recommender_create(vireo_device *device, vireo_store *store,
                                      const vireo_recommender_options *options,
                                      vireo_recommender **out, vireo_error *err)
{
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    if (!device || !store || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_recommender_create: device, store and out must not be NULL");
    if (options)
        memcpy(&o, options, options->struct_size < sizeof o ? options->struct_size : sizeof o);
    if (o.embedder && !(o.model_key && o.model_key[0]))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_recommender_create: an embedder needs model_key, the hash of its "
                       "model");
    vireo_recommender *r = vr_calloc(store->allocator, 1, sizeof *r);
    if (!r)
        return vr_fail_memory(err, "recommender");
    if (store->allocator) {
        r->hook = *store->allocator;
        r->allocator = &r->hook;
    }
    r->device = device;
    r->embedder = o.embedder;
    r->progress = o.progress;
    r->progress_user = o.progress_user;
    r->deterministic = o.deterministic;
    r->no_fuse = o.no_fuse;
    vireo_status st = vireo_dataset_load(store, &r->dataset, err);
    if (!st)
        st = count_items(r, err);
    if (!st)
        st = vr_co_occurrence_init(&r->co, r->dataset, false, r->allocator, err);
    if (!st && r->embedder)
        st = vr_item_vectors_init(&r->vectors, store, r->dataset, &o, r->allocator, err);
    if (st)
        vireo_recommender_destroy(&r);
    else
        *out = r;
    return st;
}

void vireo_recommender_destroy(vireo_recommender **recommender)
{
    if (!recommender || !*recommender)
        return;
    vireo_recommender *r = *recommender;
    vireo_allocator hook = r->hook;
    for (size_t i = 0; i < VR_PLAN_COUNT; i++)
        vr_scorer_destroy(&r->scorers[i]);
    vr_item_vectors_deinit(&r->vectors);
    vr_co_occurrence_deinit(&r->co);
    vr_free(r->allocator, r->blend);
    vr_free(r->allocator, r->popularity);
    vireo_dataset_destroy(&r->dataset);
    vr_free(r->allocator ? &hook : NULL, r);
    *recommender = NULL;
}

const vireo_dataset *vireo_recommender_get_dataset(const vireo_recommender *r)
{
    return r->dataset;
}

vr_plan vr_plan_of(const vireo_recommender *r, vireo_method method, size_t n_events)
{
    const bool neighbours = r->dataset->n_events > 0;
    if (method == VIREO_METHOD_POPULAR || n_events == 0)
        return VR_PLAN_POPULAR;
    if (method == VIREO_METHOD_CONTENT)
        return VR_PLAN_CONTENT;
    if (method == VIREO_METHOD_AUTO && r->embedder)
        return neighbours ? VR_PLAN_BLEND : VR_PLAN_CONTENT;
    return neighbours ? VR_PLAN_NEIGHBOURS : VR_PLAN_POPULAR;
}
