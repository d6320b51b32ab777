/* SPDX-License-Identifier: Apache-2.0
 * The formulas of the recommender once more: whole matrices, double precision, no sharing of code.
 */
#include "rec_fixture.h"
#include <math.h>

static size_t history_length(const vireo_dataset *d, size_t user, size_t drop)
{
    size_t n = d->user_offsets[user + 1] - d->user_offsets[user];
    return n >= 2 ? n - drop : n;
}

static void fill_cosines(expected *x, size_t drop)
{
    const size_t n = x->d->n_items, users = x->d->n_users;
    double *touched = calloc(n * users, sizeof *touched);
    assert_non_null(touched);
    for (size_t u = 0; u < users; u++)
        for (size_t e = 0; e < history_length(x->d, u, drop); e++) {
            uint32_t item = x->d->events[x->d->user_offsets[u] + e].item;
            touched[item * users + u] = 1;
            x->counts[item]++;
        }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double both = 0, ni = 0, nj = 0;
            for (size_t u = 0; u < users; u++) {
                both += touched[i * users + u] * touched[j * users + u];
                ni += touched[i * users + u];
                nj += touched[j * users + u];
            }
            x->cosines[i * n + j] = i == j || both == 0 ? 0 : both / sqrt(ni * nj);
        }
    free(touched);
}

static void normalize(double *v)
{
    double sum = 0;
    for (size_t i = 0; i < FIXTURE_WIDTH; i++)
        sum += v[i] * v[i];
    for (size_t i = 0; i < FIXTURE_WIDTH; i++)
        v[i] /= sqrt(sum);
}

void expected_vector(const fixture *f, const char *text, double *out)
{
    vireo_ids ids;
    const vireo_tokenizer *t = vireo_embedder_get_tokenizer(f->embedder);
    assert_int_equal(vireo_tokenize(t, text, strlen(text), true, 0, &ids, NULL), VIREO_OK);
    memset(out, 0, FIXTURE_WIDTH * sizeof *out);
    for (size_t i = 0; i < ids.count; i++)
        for (size_t x = 0; x < FIXTURE_WIDTH; x++)
            out[x] += (double)f->table[ids.ids[i]][x];
    vireo_ids_free(t, &ids);
    normalize(out);
}

static void fill_vectors(expected *x, const fixture *f)
{
    char text[512];
    size_t n = 0;
    double mean[FIXTURE_WIDTH] = {0};
    for (size_t i = 0; i < x->d->n_items; i++) {
        double *v = x->vectors + i * FIXTURE_WIDTH;
        if (vireo_item_text(&x->d->items[i], text, sizeof text) == 0)
            continue;
        expected_vector(f, text, v);
        n++;
        for (size_t c = 0; c < FIXTURE_WIDTH; c++)
            mean[c] += v[c];
    }
    for (size_t i = 0; i < x->d->n_items; i++) {
        double *v = x->vectors + i * FIXTURE_WIDTH;
        if (vireo_item_text(&x->d->items[i], text, sizeof text) == 0)
            continue;
        for (size_t c = 0; c < FIXTURE_WIDTH; c++)
            v[c] -= mean[c] / (double)n;
        normalize(v);
    }
}

expected expected_make(const fixture *f, const vireo_dataset *d, size_t drop)
{
    expected x = {.d = d};
    float low = d->events[0].rating, high = low;
    x.cosines = calloc(d->n_items * d->n_items, sizeof *x.cosines);
    x.vectors = calloc(d->n_items * FIXTURE_WIDTH, sizeof *x.vectors);
    x.counts = calloc(d->n_items, sizeof *x.counts);
    assert_true(x.cosines && x.vectors && x.counts);
    fill_cosines(&x, drop);
    fill_vectors(&x, f);
    for (size_t i = 0; i < d->n_events; i++) {
        low = fminf(low, d->events[i].rating);
        high = fmaxf(high, d->events[i].rating);
    }
    x.span = (double)(high - low);
    return x;
}

void expected_free(expected *x)
{
    free(x->counts);
    free(x->vectors);
    free(x->cosines);
}

static double dot(const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < FIXTURE_WIDTH; i++)
        sum += a[i] * b[i];
    return sum;
}

/* Weights of content: rating around the mean over the whole scale, half as much every 5 events. */
static void taste(const expected *x, const vireo_event *events, size_t n, bool rated, double *w)
{
    double mean = 0, query[FIXTURE_WIDTH] = {0};
    for (size_t i = 0; i < n; i++)
        mean += (double)events[i].rating / (double)n;
    for (size_t i = 0; i < n; i++) {
        w[i] = pow(0.5, (double)(n - 1 - i) / 5.0);
        if (rated)
            w[i] *= fmax(0, 1 + ((double)events[i].rating - mean) / x->span);
        for (size_t c = 0; c < FIXTURE_WIDTH; c++)
            query[c] += w[i] * x->vectors[events[i].item * FIXTURE_WIDTH + c];
    }
    double norm = sqrt(dot(query, query));
    for (size_t i = 0; i < n; i++)
        w[i] = norm > 1e-5 ? w[i] / norm : 0;
}

double *expected_terms(const expected *x, expected_part part, const vireo_event *events, size_t n,
                       bool rated)
{
    const size_t items = x->d->n_items;
    double *terms = calloc(n * items, sizeof *terms), *w = calloc(n, sizeof *w);
    assert_true(terms && w);
    taste(x, events, n, rated, w);
    for (size_t e = 0; e < n; e++)
        for (size_t i = 0; i < items; i++) {
            double *t = &terms[e * items + i];
            const uint32_t j = events[e].item;
            if ((part & NEIGHBOURS) && e + 5 >= n)
                *t += x->cosines[i * items + j];
            if (part & CONTENT)
                *t += (part == BLEND ? 0.3 * 50 / (50 + x->counts[i]) : 1) * w[e] *
                      dot(x->vectors + i * FIXTURE_WIDTH, x->vectors + j * FIXTURE_WIDTH);
        }
    free(w);
    return terms;
}

double *expected_scores(const expected *x, expected_part part, const vireo_event *events, size_t n,
                        bool rated)
{
    const size_t items = x->d->n_items;
    double *terms = expected_terms(x, part, events, n, rated);
    double *scores = calloc(items, sizeof *scores);
    assert_non_null(scores);
    for (size_t e = 0; e < n; e++)
        for (size_t i = 0; i < items; i++)
            scores[i] += terms[e * items + i];
    free(terms);
    return scores;
}
