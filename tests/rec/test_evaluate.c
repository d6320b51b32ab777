/* SPDX-License-Identifier: Apache-2.0
 * Leave-one-out on the small catalogue against brute force, and cancellation. */
#include "rec_fixture.h"
#include <math.h>

#define TOLERANCE 2e-5

/* Metrics of one user lie between those of the best and of the worst rank that rounding allows. */
typedef struct bounds {
    double hr[2], ndcg[2];
    size_t users;
} bounds;

static void add_rank(bounds *b, const double *scores, const bool *seen, size_t n, uint32_t target,
                     uint32_t at, double tolerance)
{
    size_t rank[2] = {1, 1}; /* worst, best */
    for (size_t i = 0; i < n; i++) {
        if (seen[i] || i == target)
            continue;
        const double ahead = scores[i] - scores[target];
        /* Exact zeros are exact on the device, too. */
        const bool tie = scores[i] == 0 && scores[target] == 0;
        rank[0] += tie ? i < target : ahead > -tolerance || (ahead == 0 && i < target);
        rank[1] += tie ? i < target : ahead > tolerance || (ahead == 0 && i < target && tolerance == 0);
    }
    for (int s = 0; s < 2; s++)
        if (rank[s] <= at) {
            b->hr[s] += 1;
            b->ndcg[s] += 1 / log2((double)rank[s] + 1);
        }
    b->users++;
}

static bounds brute_force(const fixture *f, const vireo_dataset *d, vireo_method method,
                          expected_part part, uint32_t at)
{
    bounds b = {{0}, {0}, 0};
    expected x = expected_make(f, d, 1);
    for (size_t u = 0; u < d->n_users; u++) {
        const vireo_event *events = d->events + d->user_offsets[u];
        const size_t n = d->user_offsets[u + 1] - d->user_offsets[u];
        bool seen[64] = {false};
        if (n < 2)
            continue;
        for (size_t e = 0; e + 1 < n; e++)
            seen[events[e].item] = true;
        double *scores = expected_scores(&x, part, events, n - 1, true);
        const bool popular = method == VIREO_METHOD_POPULAR;
        add_rank(&b, popular ? x.counts : scores, seen, d->n_items, events[n - 1].item, at,
                 popular ? 0 : TOLERANCE);
        free(scores);
    }
    expected_free(&x);
    return b;
}

static const struct {
    vireo_method method;
    bool content;
    expected_part part;
    uint32_t at;
} rows[] = {
    {VIREO_METHOD_POPULAR, false, NEIGHBOURS, 10},
    {VIREO_METHOD_POPULAR, false, NEIGHBOURS, 1},
    {VIREO_METHOD_NEIGHBOURS, false, NEIGHBOURS, 10},
    {VIREO_METHOD_NEIGHBOURS, false, NEIGHBOURS, 3},
    {VIREO_METHOD_AUTO, false, NEIGHBOURS, 10},
    {VIREO_METHOD_CONTENT, true, CONTENT, 10},
    {VIREO_METHOD_AUTO, true, BLEND, 10},
    {VIREO_METHOD_AUTO, true, BLEND, 100},
};

static void test_brute_force(void **state)
{
    const fixture *f = *state;
    vireo_recommender *r[2] = {fixture_recommender(f, false), fixture_recommender(f, true)};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_recommender *one = r[rows[i].content];
        vireo_metrics m;
        vireo_error err = {0};
        if (vireo_evaluate(one, rows[i].method, rows[i].at, &m, &err))
            fail_msg("%s", err.message);
        bounds b = brute_force(f, vireo_recommender_get_dataset(one), rows[i].method, rows[i].part,
                               rows[i].at);
        const double n = (double)b.users;
        assert_int_equal(m.users, b.users);
        assert_int_equal(m.at, rows[i].at);
        assert_true(m.hr >= b.hr[0] / n - 1e-9 && m.hr <= b.hr[1] / n + 1e-9);
        assert_true(m.ndcg >= b.ndcg[0] / n - 1e-9 && m.ndcg <= b.ndcg[1] / n + 1e-9);
        assert_true(b.hr[1] - b.hr[0] <= 2); /* else the bounds say little */
        assert_true(rows[i].at < 100 || m.hr == 1.0);
    }
    vireo_recommender_destroy(&r[1]);
    vireo_recommender_destroy(&r[0]);
}

static int cancel(void *user, const char *what, uint64_t done, uint64_t total)
{
    size_t *calls = user;
    assert_non_null(what);
    assert_true(done <= total);
    return ++*calls == 1;
}

static void test_cancel(void **state)
{
    const fixture *f = *state;
    size_t calls = 0;
    vireo_error err = {0};
    vireo_metrics m = {.users = 77};
    vireo_recommender *r = NULL;
    vireo_store *store = fixture_store(f, VIREO_STORE_READ);
    vireo_recommender_options o = VIREO_OPTIONS(vireo_recommender_options);
    o.progress = cancel;
    o.progress_user = &calls;
    assert_int_equal(vireo_recommender_create(f->device, store, &o, &r, &err), VIREO_OK);
    vireo_store_close(&store);
    assert_int_equal(vireo_evaluate(r, VIREO_METHOD_NEIGHBOURS, 10, &m, &err),
                     VIREO_ERROR_CANCELLED);
    assert_int_equal(m.users, 77);
    assert_int_equal(vireo_evaluate(r, VIREO_METHOD_NEIGHBOURS, 0, &m, &err), VIREO_OK);
    assert_int_equal(m.at, 10);
    assert_int_equal(vireo_evaluate(r, VIREO_METHOD_CONTENT, 10, &m, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(vireo_evaluate(r, (vireo_method)9, 10, &m, &err),
                     VIREO_ERROR_INVALID_ARGUMENT);
    vireo_recommender_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_brute_force),
        cmocka_unit_test(test_cancel),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
