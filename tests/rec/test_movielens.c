/* SPDX-License-Identifier: Apache-2.0
 * The published baselines on MovieLens-100K. References: popularity HR@10 0.0859, NDCG@10 0.0449;
 * item cosine over the last five events 0.1644, 0.0891, from a NumPy implementation of the same
 * split. */
#include "movielens.h"
#include <math.h>

static void test_baselines(void **state)
{
    const movielens *f = *state;
    vireo_recommender *r = NULL;
    vireo_error err = {0};
    if (vireo_recommender_create(f->device, f->store, NULL, &r, &err))
        fail_msg("%s", err.message);
    vireo_metrics popular = movielens_measure(r, VIREO_METHOD_POPULAR);
    assert_true(fabs(popular.hr - 0.0859) < 0.002 && fabs(popular.ndcg - 0.0449) < 0.002);
    vireo_metrics neighbours = movielens_measure(r, VIREO_METHOD_NEIGHBOURS);
    assert_true(fabs(neighbours.hr - 0.1644) < 0.002 && fabs(neighbours.ndcg - 0.0891) < 0.002);
    vireo_recommender_destroy(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_baselines)};
    return cmocka_run_group_tests(tests, movielens_setup, movielens_teardown);
}
