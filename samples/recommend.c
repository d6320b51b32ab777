/* SPDX-License-Identifier: Apache-2.0
 * Ten recommendations for a user, and why.
 * usage: recommend STORE USER [MODEL]        STORE: a file made by `vireo import`; with a MODEL
 * (a folder of a text model) neighbours are blended with what the items' texts say */
#include "vireo/recommend.h"
#include <stdio.h>

/* What a recommender with content needs, made and destroyed together. */
typedef struct content {
    vireo_source *source;
    vireo_model *model;
    vireo_embedder *embedder;
    const char *key;
} content;

static vireo_status content_load(content *c, vireo_device *device, const char *folder,
                                 vireo_error *err)
{
    vireo_status st = vireo_source_open(folder, NULL, &c->source, err);
    if (!st)
        st = vireo_source_hash(c->source, &c->key, err);
    if (!st)
        st = vireo_model_load_source(device, c->source, NULL, &c->model, err);
    if (!st)
        st = vireo_embedder_create(c->model, c->source, NULL, &c->embedder, err);
    return st;
}

static void content_free(content *c)
{
    vireo_embedder_destroy(&c->embedder);
    vireo_model_destroy(&c->model);
    vireo_source_close(&c->source);
}

static int show_progress(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)user;
    fprintf(stderr, "\r%s: %llu of %llu%s", what, (unsigned long long)done,
            (unsigned long long)total, done == total ? "\n" : "");
    return 0; /* anything else cancels */
}

static void print(const vireo_dataset *d, const vireo_recommendations *r)
{
    if (!r->known_user)
        printf("This user is not in the store; popular items:\n");
    else
        printf("By %s%s:\n", vireo_method_name(r->method), r->blended ? " and content" : "");
    for (size_t i = 0; i < r->count; i++) {
        const vireo_recommendation *one = &r->items[i];
        const vireo_item *item = &d->items[one->item];
        printf("%2zu. %s (%d)  %.3f\n", i + 1, item->title[0] ? item->title : item->id, item->year,
               one->score);
        for (uint32_t j = 0; j < one->n_why; j++)
            printf("      %3.0f %% because of %s\n", 100 * (double)one->why[j].share,
                   d->items[one->why[j].item].title);
    }
}

int main(int argc, char **argv)
{
    vireo_error err = {0};
    vireo_device *device = NULL;
    vireo_store *store = NULL;
    vireo_recommender *recommender = NULL;
    vireo_recommendations result = {0};
    content c = {0};
    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: %s STORE USER [MODEL]\n", argv[0]);
        return 2;
    }
    vireo_status st = vireo_device_create(NULL, &device, &err);
    if (!st && argc == 4)
        st = content_load(&c, device, argv[3], &err);
    /* Opened for writing only to keep the items' vectors for the next time. */
    if (!st)
        st = vireo_store_open(argv[1], argc == 4 ? VIREO_STORE_CREATE : VIREO_STORE_READ, NULL,
                              &store, &err);
    if (!st) {
        vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
        o.embedder = c.embedder;
        o.model_key = c.key;
        o.progress = show_progress;
        st = vireo_recommender_create(device, store, &o, &recommender, &err);
    }
    if (!st) {
        vireo_request request = VIREO_OPTIONS(vireo_request);
        request.user = argv[2];
        st = vireo_recommend(recommender, &request, &result, &err);
    }
    if (!st)
        print(vireo_recommender_get_dataset(recommender), &result);
    else
        fprintf(stderr, "recommend: %s: %s\n", vireo_status_text(st), err.message);
    vireo_recommendations_free(&result);
    vireo_recommender_destroy(&recommender);
    vireo_store_close(&store);
    content_free(&c);
    vireo_device_destroy(&device);
    return st != VIREO_OK;
}
