/* SPDX-License-Identifier: Apache-2.0
 * Recommendations against the same formulas in double precision (expected.c), on the device as it is and
 * on one of the least limits. */
#include "rec_fixture.h"
#include <math.h>

#define TOLERANCE 2e-5

static const vireo_event *events_of(const vireo_dataset *d, const char *user, size_t *n)
{
    uint32_t u;
    assert_true(vireo_dataset_find_user(d, user, &u));
    *n = d->user_offsets[u + 1] - d->user_offsets[u];
    return d->events + d->user_offsets[u];
}

static vireo_recommendations ask(vireo_recommender *r, const vireo_request *q)
{
    vireo_recommendations out;
    vireo_error err = {0};
    if (vireo_recommend(r, q, &out, &err))
        fail_msg("%s", err.message);
    return out;
}

/* The result must be the best `k` of the allowed items: every score right, the order falling, no
 * item left out that is better than the last by more than rounding. */
static void check_ranking(const vireo_recommendations *got, const double *scores,
                          const bool *allowed, size_t n_items, size_t k)
{
    size_t n_allowed = 0;
    bool *taken = calloc(n_items, sizeof *taken);
    for (size_t i = 0; i < n_items; i++)
        n_allowed += allowed[i];
    assert_int_equal(got->count, k < n_allowed ? k : n_allowed);
    for (size_t i = 0; i < got->count; i++) {
        const vireo_recommendation *r = &got->items[i];
        assert_true(r->item < n_items && allowed[r->item] && !taken[r->item]);
        taken[r->item] = true;
        assert_true(fabs((double)r->score - scores[r->item]) < TOLERANCE);
        if (i && got->items[i - 1].score == r->score)
            assert_true(got->items[i - 1].item < r->item);
        assert_true(i == 0 || got->items[i - 1].score >= r->score);
    }
    for (size_t i = 0; i < n_items && got->count; i++)
        if (allowed[i] && !taken[i])
            assert_true(scores[i] <= (double)got->items[got->count - 1].score + TOLERANCE);
    free(taken);
}

/* Every reason against the terms: no item of the history adds more than the ones named. */
static void check_reasons(const expected *x, const vireo_recommendations *got, const double *terms,
                          const vireo_event *events, size_t n)
{
    const size_t items = x->d->n_items;
    double *adds = calloc(items, sizeof *adds);
    assert_non_null(adds);
    for (size_t r = 0; r < got->count; r++) {
        const vireo_recommendation *rec = &got->items[r];
        double total = 0, named = 0, rest = 0;
        size_t positive = 0;
        memset(adds, 0, items * sizeof *adds);
        for (size_t e = 0; e < n; e++) {
            adds[events[e].item] += terms[e * items + rec->item];
            total += terms[e * items + rec->item];
        }
        for (size_t i = 0; i < items; i++)
            positive += adds[i] > 1e-12;
        assert_true(fabs(total - (double)rec->score) < TOLERANCE);
        if (fabs(total) < TOLERANCE)
            continue;
        assert_int_equal(rec->n_why, total <= 0 ? 0 : positive < 3 ? positive : 3);
        for (uint32_t i = 0; i < rec->n_why; i++) {
            const vireo_reason *why = &rec->why[i];
            assert_true(i == 0 || rec->why[i - 1].share >= why->share);
            assert_true(fabs((double)why->share - adds[why->item] / total) < 1e-4 / total);
            named += (double)why->share;
            adds[why->item] = 0;
        }
        for (size_t i = 0; i < items; i++)
            rest = fmax(rest, adds[i]);
        assert_true(rec->n_why < 3 || rest / total <= (double)rec->why[2].share + 1e-4 / total);
        if (n <= 3 && positive == rec->n_why && rec->n_why)
            assert_true(named > 0.999);
    }
    free(adds);
}

static void allow_unseen(bool *allowed, const vireo_dataset *d, const vireo_event *events, size_t n)
{
    for (size_t i = 0; i < d->n_items; i++)
        allowed[i] = true;
    for (size_t e = 0; e < n; e++)
        allowed[events[e].item] = false;
}

static const struct {
    const char *user;
    vireo_method method;
    uint32_t k; /* asked */
    bool content, include_seen;
    expected_part part;
    vireo_method answered;
} rows[] = {
    {"u0", VIREO_METHOD_NEIGHBOURS, 5, false, false, NEIGHBOURS, VIREO_METHOD_NEIGHBOURS},
    {"u1", VIREO_METHOD_NEIGHBOURS, 0, false, false, NEIGHBOURS, VIREO_METHOD_NEIGHBOURS},
    {"u4", VIREO_METHOD_AUTO, 10, false, false, NEIGHBOURS, VIREO_METHOD_NEIGHBOURS},
    {"u22", VIREO_METHOD_NEIGHBOURS, 1, false, false, NEIGHBOURS, VIREO_METHOD_NEIGHBOURS},
    {"u22", VIREO_METHOD_NEIGHBOURS, 1024, false, false, NEIGHBOURS, VIREO_METHOD_NEIGHBOURS},
    {"u9", VIREO_METHOD_NEIGHBOURS, 100, false, true, NEIGHBOURS, VIREO_METHOD_NEIGHBOURS},
    {"u9", VIREO_METHOD_CONTENT, 7, true, false, CONTENT, VIREO_METHOD_CONTENT},
    {"u21", VIREO_METHOD_CONTENT, 40, true, true, CONTENT, VIREO_METHOD_CONTENT},
    {"u3", VIREO_METHOD_CONTENT, 17, true, false, CONTENT, VIREO_METHOD_CONTENT},
    {"u2", VIREO_METHOD_AUTO, 10, true, false, BLEND, VIREO_METHOD_NEIGHBOURS},
    {"u17", VIREO_METHOD_AUTO, 33, true, true, BLEND, VIREO_METHOD_NEIGHBOURS},
    {"u5", VIREO_METHOD_NEIGHBOURS, 3, true, false, NEIGHBOURS, VIREO_METHOD_NEIGHBOURS},
};

static void test_scores(void **state)
{
    const fixture *f = *state;
    vireo_recommender *r[2] = {fixture_recommender(f, false), fixture_recommender(f, true)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_recommender *one = r[rows[i].content];
        const vireo_dataset *d = vireo_recommender_get_dataset(one);
        expected x = expected_make(f, d, 0);
        bool allowed[64];
        size_t n;
        const vireo_event *events = events_of(d, rows[i].user, &n);
        double *terms = expected_terms(&x, rows[i].part, events, n, true);
        double *scores = expected_scores(&x, rows[i].part, events, n, true);
        vireo_request q = VIREO_OPTIONS(vireo_request);
        q.user = rows[i].user;
        q.method = rows[i].method;
        q.k = rows[i].k;
        q.include_seen = rows[i].include_seen;
        allow_unseen(allowed, d, events, q.include_seen ? 0 : n);
        vireo_recommendations got = ask(one, &q);
        assert_int_equal(got.method, rows[i].answered);
        assert_int_equal(got.blended, rows[i].part == BLEND);
        assert_true(got.known_user);
        check_ranking(&got, scores, allowed, d->n_items, q.k ? q.k : 10);
        check_reasons(&x, &got, terms, events, n);
        vireo_recommendations_free(&got);
        assert_null(got.items);
        free(scores);
        free(terms);
        expected_free(&x);
    }
    vireo_recommender_destroy(&r[1]);
    vireo_recommender_destroy(&r[0]);
    assert_null(r[0]);
}

/* A history in hand is scored like a user's, without ratings; a repeated item counts twice. */
static void test_history(void **state)
{
    const fixture *f = *state;
    static const uint32_t history[] = {3, 0, 5, 0, 9, 2, 1};
    enum { N = sizeof history / sizeof *history };
    static const expected_part parts[] = {NEIGHBOURS, CONTENT, BLEND};
    static const vireo_method methods[] = {VIREO_METHOD_NEIGHBOURS, VIREO_METHOD_CONTENT,
                                           VIREO_METHOD_AUTO};
    vireo_recommender *r = fixture_recommender(f, true);
    const vireo_dataset *d = vireo_recommender_get_dataset(r);
    expected x = expected_make(f, d, 0);
    vireo_event events[N] = {{0}};
    bool allowed[64];
    for (size_t i = 0; i < N; i++)
        events[i].item = history[i];
    allow_unseen(allowed, d, events, N);
    for (size_t i = 0; i < 3; i++) {
        double *scores = expected_scores(&x, parts[i], events, N, false);
        double *terms = expected_terms(&x, parts[i], events, N, false);
        vireo_request q = VIREO_OPTIONS(vireo_request);
        q.method = methods[i];
        q.history = history;
        q.n_history = N;
        vireo_recommendations got = ask(r, &q);
        assert_true(got.known_user);
        check_ranking(&got, scores, allowed, d->n_items, 10);
        check_reasons(&x, &got, terms, events, N);
        vireo_recommendations_free(&got);
        free(terms);
        free(scores);
    }
    expected_free(&x);
    vireo_recommender_destroy(&r);
}

static bool has_word(const char *genres, const char *word)
{
    size_t n = strlen(word);
    for (const char *at = strstr(genres, word); at; at = strstr(at + 1, word))
        if ((at == genres || at[-1] == ' ') && (at[n] == ' ' || at[n] == '\0'))
            return true;
    return false;
}

static void test_masks(void **state)
{
    const fixture *f = *state;
    static const char *const wanted[] = {"sci-FI", "film-noir"};
    vireo_recommender *r = fixture_recommender(f, false);
    const vireo_dataset *d = vireo_recommender_get_dataset(r);
    expected x = expected_make(f, d, 0);
    bool allowed[64];
    size_t n, hits = 0, before = 0;
    const vireo_event *events = events_of(d, "u6", &n);
    double *scores = expected_scores(&x, NEIGHBOURS, events, n, true);
    const uint32_t deny[] = {0, 11, 11, 31, 32, (uint32_t)d->n_items - 1};
    vireo_request q = VIREO_OPTIONS(vireo_request);
    q.user = "u6";
    q.k = 64;
    q.method = VIREO_METHOD_NEIGHBOURS;
    q.deny = deny;
    q.n_deny = sizeof deny / sizeof *deny;
    allow_unseen(allowed, d, events, n);
    for (size_t i = 0; i < q.n_deny; i++)
        allowed[deny[i]] = false;
    vireo_recommendations got = ask(r, &q);
    check_ranking(&got, scores, allowed, d->n_items, 64);
    vireo_recommendations_free(&got);

    q.genres = wanted;
    q.n_genres = 2;
    for (size_t i = 0; i < d->n_items; i++) {
        const char *g = d->items[i].genres;
        before += allowed[i];
        allowed[i] = allowed[i] && (has_word(g, "Sci-Fi") || has_word(g, "Film-Noir"));
        hits += allowed[i];
    }
    assert_true(hits > 2 && hits + 2 < before);
    got = ask(r, &q);
    check_ranking(&got, scores, allowed, d->n_items, 64);
    vireo_recommendations_free(&got);

    static const char *const none[] = {"Sci", "dram", "no such"};
    q.genres = none;
    q.n_genres = 3;
    got = ask(r, &q);
    assert_int_equal(got.count, 0);
    vireo_recommendations_free(&got);
    free(scores);
    expected_free(&x);
    vireo_recommender_destroy(&r);
}

/* Popular items by count, ties to the lower index; so for users without events, and for strangers.
 */
static void test_popular(void **state)
{
    const fixture *f = *state;
    static const struct {
        const char *user;
        vireo_method method;
        bool known;
    } cases[] = {
        {NULL, VIREO_METHOD_POPULAR, true},           {"u7", VIREO_METHOD_POPULAR, true},
        {"quiet", VIREO_METHOD_AUTO, true},           {"stranger", VIREO_METHOD_AUTO, false},
        {"stranger", VIREO_METHOD_NEIGHBOURS, false},
    };
    vireo_recommender *r = fixture_recommender(f, false);
    const vireo_dataset *d = vireo_recommender_get_dataset(r);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        bool seen[64] = {false};
        uint32_t user;
        if (cases[c].user && vireo_dataset_find_user(d, cases[c].user, &user))
            for (size_t e = d->user_offsets[user]; e < d->user_offsets[user + 1]; e++)
                seen[d->events[e].item] = true;
        vireo_request q = VIREO_OPTIONS(vireo_request);
        q.user = cases[c].user;
        q.method = cases[c].method;
        q.k = 20;
        vireo_recommendations got = ask(r, &q);
        assert_int_equal(got.method, VIREO_METHOD_POPULAR);
        assert_int_equal(got.known_user, cases[c].known);
        assert_false(got.blended);
        assert_true(got.count > 0);
        for (size_t i = 0; i < got.count; i++) {
            uint32_t best = UINT32_MAX;
            for (uint32_t j = 0; j < d->n_items; j++)
                if (!seen[j] && (best == UINT32_MAX || d->item_counts[j] > d->item_counts[best]))
                    best = j;
            assert_int_equal(got.items[i].item, best);
            assert_true(got.items[i].score == (float)d->item_counts[best]);
            assert_int_equal(got.items[i].n_why, 0);
            seen[best] = true;
        }
        vireo_recommendations_free(&got);
    }
    vireo_recommender_destroy(&r);
}

static void test_query_and_similar(void **state)
{
    const fixture *f = *state;
    vireo_recommender *r = fixture_recommender(f, true);
    const vireo_dataset *d = vireo_recommender_get_dataset(r);
    expected x = expected_make(f, d, 0);
    char text[256];
    double query[FIXTURE_WIDTH], mean[FIXTURE_WIDTH] = {0}, scores[64] = {0}, norm = 0;
    size_t n = 0;
    bool allowed[64];
    for (size_t i = 0; i < d->n_items; i++)
        if (vireo_item_text(&d->items[i], text, sizeof text)) {
            expected_vector(f, text, query);
            n++;
            for (size_t c = 0; c < FIXTURE_WIDTH; c++)
                mean[c] += query[c];
        }
    expected_vector(f, "storm over the old river", query);
    for (size_t c = 0; c < FIXTURE_WIDTH; c++) {
        query[c] -= mean[c] / (double)n;
        norm += query[c] * query[c];
    }
    for (size_t i = 0; i < d->n_items; i++)
        for (size_t c = 0; c < FIXTURE_WIDTH; c++)
            scores[i] += query[c] / sqrt(norm) * x.vectors[i * FIXTURE_WIDTH + c];
    allow_unseen(allowed, d, NULL, 0);
    vireo_request q = VIREO_OPTIONS(vireo_request);
    q.query = "storm over the old river";
    vireo_recommendations got = ask(r, &q);
    assert_int_equal(got.method, VIREO_METHOD_CONTENT);
    check_ranking(&got, scores, allowed, d->n_items, 10);
    assert_int_equal(got.items[0].n_why, 0);
    vireo_recommendations_free(&got);

    const vireo_event one = {.item = 4};
    double *similar = expected_scores(&x, CONTENT, &one, 1, false);
    allow_unseen(allowed, d, &one, 1);
    q.query = NULL;
    q.similar_to = &one.item;
    q.include_seen = true;
    got = ask(r, &q);
    check_ranking(&got, similar, allowed, d->n_items, 10);
    vireo_recommendations_free(&got);
    free(similar);
    expected_free(&x);
    vireo_recommender_destroy(&r);
}

/* The same bits from one recommender twice, from another one, and whatever k. */
static void test_determinism(void **state)
{
    const fixture *f = *state;
    vireo_recommender *r[2] = {fixture_recommender(f, true), fixture_recommender(f, true)};
    vireo_request q = VIREO_OPTIONS(vireo_request);
    q.user = "u15";
    q.k = 12;
    vireo_recommendations first = ask(r[0], &q);
    assert_int_equal(first.count, 12);
    for (int i = 0; i < 3; i++) {
        q.k = i == 2 ? 20 : 12;
        vireo_recommendations again = ask(r[i != 0], &q);
        for (size_t j = 0; j < 12; j++) {
            assert_int_equal(again.items[j].item, first.items[j].item);
            assert_memory_equal(&again.items[j].score, &first.items[j].score, sizeof(float));
            assert_memory_equal(again.items[j].why, first.items[j].why, sizeof first.items[j].why);
        }
        vireo_recommendations_free(&again);
    }
    vireo_recommendations_free(&first);
    vireo_recommender_destroy(&r[1]);
    vireo_recommender_destroy(&r[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores),
        cmocka_unit_test(test_history),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_popular),
        cmocka_unit_test(test_query_and_similar),
        cmocka_unit_test(test_determinism),
    };
    const int failed =
        cmocka_run_group_tests_name("recommend", tests, fixture_setup, fixture_teardown);
    return failed + cmocka_run_group_tests_name("recommend on the least device", tests,
                                                fixture_setup_least, fixture_teardown);
}
