/* SPDX-License-Identifier: Apache-2.0 */
#include "rec/item_vectors.h"
#include "data/store.h"
#include <math.h>

enum { CHUNK = 256 /* texts between two saves and two reports of progress */ };

typedef struct job {
    vireo_store *store;
    const vireo_dataset *dataset;
    const vireo_recommender_options *options;
    vr_item_vectors *v;
    uint32_t *missing; /* items */
    size_t n_missing;
    vireo_error *err;
} job;

bool vr_item_has_text(const vireo_item *item)
{
    return vireo_item_text(item, NULL, 0) > 0;
}

double vr_item_vectors_cosine(const vr_item_vectors *v, uint32_t i, uint32_t j)
{
    const float *a = v->rows + i * v->width, *b = v->rows + j * v->width;
    double sum = 0;
    for (size_t x = 0; x < v->width; x++)
        sum += (double)a[x] * (double)b[x];
    return sum;
}

void vr_item_vectors_centre(const vr_item_vectors *v, float *x)
{
    double sum = 0;
    for (size_t i = 0; i < v->width; i++) {
        x[i] -= v->mean[i];
        sum += (double)x[i] * (double)x[i];
    }
    /* What is left of a text that says no more than the average is rounding, not a direction. */
    const double scale = sum > 1e-10 ? 1 / sqrt(sum) : 0;
    for (size_t i = 0; i < v->width; i++)
        x[i] = (float)(x[i] * scale);
}

static vireo_status centre_all(const job *j)
{
    vr_item_vectors *v = j->v;
    size_t n = 0;
    double *sums = vr_calloc(v->allocator, v->width, sizeof *sums);
    if (!sums)
        return vr_fail_memory(j->err, "item vectors");
    for (size_t i = 0; i < v->n_items; i++) {
        if (!vr_item_has_text(&j->dataset->items[i]))
            continue;
        n++;
        for (size_t x = 0; x < v->width; x++)
            sums[x] += (double)v->rows[i * v->width + x];
    }
    for (size_t x = 0; x < v->width && n; x++)
        v->mean[x] = (float)(sums[x] / (double)n);
    for (size_t i = 0; i < v->n_items; i++)
        if (vr_item_has_text(&j->dataset->items[i]))
            vr_item_vectors_centre(v, v->rows + i * v->width);
    vr_free(v->allocator, sums);
    return VIREO_OK;
}

/* Vectors of missing[first..first + n) into their rows. */
static vireo_status embed_chunk(const job *j, size_t first, size_t n)
{
    const vireo_allocator *a = j->v->allocator;
    const size_t width = j->v->width;
    vireo_status st = VIREO_OK;
    char **texts = vr_calloc(a, n, sizeof *texts);
    float *vectors = vr_calloc(a, n * width, sizeof *vectors);
    if (!texts || !vectors)
        st = vr_fail_memory(j->err, "item texts");
    for (size_t i = 0; i < n && !st; i++) {
        const vireo_item *item = &j->dataset->items[j->missing[first + i]];
        size_t bytes = vireo_item_text(item, NULL, 0) + 1;
        texts[i] = vr_alloc(a, bytes);
        if (texts[i])
            vireo_item_text(item, texts[i], bytes);
        else
            st = vr_fail_memory(j->err, "item texts");
    }
    if (!st)
        st = vireo_embed(j->options->embedder, (const char *const *)texts, n, vectors, NULL, NULL,
                         j->err);
    for (size_t i = 0; i < n && !st; i++)
        for (size_t x = 0; x < width; x++)
            j->v->rows[j->missing[first + i] * width + x] = vectors[i * width + x];
    for (size_t i = 0; texts && i < n; i++)
        vr_free(a, texts[i]);
    vr_free(a, vectors);
    vr_free(a, texts);
    return st;
}

static vireo_status embed_missing(const job *j)
{
    const vireo_recommender_options *o = j->options;
    vireo_status st = VIREO_OK;
    for (size_t done = 0; done < j->n_missing && !st;) {
        const size_t left = j->n_missing - done, n = left < CHUNK ? left : CHUNK;
        st = embed_chunk(j, done, n);
        if (!st && j->store->mode != VIREO_STORE_READ)
            st = vireo_store_save_vectors(j->store, j->dataset, o->model_key, (uint32_t)j->v->width,
                                          j->v->rows, j->missing + done, n, j->err);
        done += n;
        if (!st && o->progress && o->progress(o->progress_user, "item vectors", done, j->n_missing))
            st = vr_fail(j->err, VIREO_ERROR_CANCELLED, "cancelled after %zu of %zu item vectors",
                         done, j->n_missing);
    }
    return st;
}

static vireo_status fill(job *j)
{
    const vireo_allocator *a = j->v->allocator;
    bool *present = vr_calloc(a, j->v->n_items, sizeof *present);
    j->missing = vr_calloc(a, j->v->n_items, sizeof *j->missing);
    vireo_status st = present && j->missing ? VIREO_OK : vr_fail_memory(j->err, "item vectors");
    if (!st)
        st = vireo_store_load_vectors(j->store, j->dataset, j->options->model_key,
                                      (uint32_t)j->v->width, j->v->rows, present, j->err);
    for (uint32_t i = 0; i < j->v->n_items && !st; i++)
        if (!present[i] && vr_item_has_text(&j->dataset->items[i]))
            j->missing[j->n_missing++] = i;
    if (!st)
        st = embed_missing(j);
    if (!st)
        st = centre_all(j);
    vr_free(a, j->missing);
    vr_free(a, present);
    return st;
}

vireo_status vr_item_vectors_init(vr_item_vectors *out, vireo_store *store, const vireo_dataset *d,
                                  const vireo_recommender_options *options,
                                  const vireo_allocator *allocator, vireo_error *err)
{
    size_t cells;
    vr_item_vectors v = {.allocator = allocator,
                         .n_items = d->n_items,
                         .width = vireo_embedder_width(options->embedder)};
    if (!vr_size_mul(v.n_items, v.width, &cells))
        return vr_fail_memory(err, "item vectors");
    v.rows = vr_calloc(allocator, cells, sizeof *v.rows);
    v.mean = vr_calloc(allocator, v.width, sizeof *v.mean);
    vireo_status st = v.rows && v.mean ? VIREO_OK : vr_fail_memory(err, "item vectors");
    job j = {.store = store, .dataset = d, .options = options, .v = &v, .err = err};
    if (!st)
        st = fill(&j);
    if (st)
        vr_item_vectors_deinit(&v);
    else
        *out = v;
    return st;
}

void vr_item_vectors_deinit(vr_item_vectors *v)
{
    vr_free(v->allocator, v->mean);
    vr_free(v->allocator, v->rows);
    *v = (vr_item_vectors){0};
}
