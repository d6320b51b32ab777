/* SPDX-License-Identifier: Apache-2.0
 * Split, ranks and means. */
#include "builder.h"
#include "data/metrics.h"
#include "data/split.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static void splits(void **state)
{
    (void)state;
    vireo_import_report r = {0};
    vr_split s;
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import("user_id:token\titem_id:token\ttimestamp:float\n"
                                    "u\ta\t5\nu\tb\t9\nu\tc\t7\nv\ta\t1\nw\tb\t1\nw\tc\t1\n",
                                    NULL, NULL, &r, NULL),
                     VIREO_OK);
    vireo_import_report_free(&r);
    vireo_dataset *d = builder_dataset(); /* items a b c, users u v w */
    assert_int_equal(vr_split_init(&s, d, NULL, NULL), VIREO_OK);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.users[0], 0);
    assert_int_equal(s.targets[0], 1); /* b, the latest */
    assert_int_equal(s.users[1], 2);
    assert_int_equal(s.targets[1], 2); /* c, the later of equal times */
    assert_int_equal(s.counts[0], 2);
    assert_int_equal(s.counts[1], 1);
    assert_int_equal(s.counts[2], 1);
    size_t n;
    const vireo_event *history = vr_split_history(d, 0, &n);
    assert_int_equal(n, 2);
    assert_int_equal(history[0].item, 0);
    assert_int_equal(history[1].item, 2);
    vr_split_history(d, 1, &n);
    assert_int_equal(n, 1);
    vr_split_deinit(&s);
    vireo_dataset_destroy(&d);
}

static void ranks(void **state)
{
    (void)state;
    const float scores[] = {1, 3, 3, 2, NAN, 3, -INFINITY};
    static const size_t free_rank[] = {5, 1, 2, 4, 6, 3, 7};
    const bool seen[] = {false, true, false, false, false, true, false};
    static const size_t masked[] = {3, 0, 1, 2, 4, 0, 5};
    for (uint32_t i = 0; i < 7; i++) {
        assert_int_equal(vr_metrics_rank(scores, 7, i, NULL), free_rank[i]);
        assert_int_equal(vr_metrics_rank(scores, 7, i, seen), masked[i]);
    }
}

/* Against a sort by (score down, index up). */
static const float *sorted_scores;
static int by_score(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    float s = sorted_scores[x], t = sorted_scores[y];
    return s != t ? (s < t ? 1 : -1) : (x > y) - (x < y);
}

static void ranks_as_a_sort_does(void **state)
{
    (void)state;
    uint32_t seed = 3;
    for (int round = 0; round < 100; round++) {
        float scores[50];
        uint32_t order[50];
        for (uint32_t i = 0; i < 50; i++) {
            seed = seed * 1664525u + 1013904223u;
            scores[i] = (float)((seed >> 16) % 12);
            order[i] = i;
        }
        sorted_scores = scores;
        qsort(order, 50, sizeof *order, by_score);
        for (size_t i = 0; i < 50; i++)
            assert_int_equal(vr_metrics_rank(scores, 50, order[i], NULL), i + 1);
    }
}

static void means(void **state)
{
    (void)state;
    vireo_metrics m = {.at = 10};
    vr_metrics_finish(&m);
    assert_true(m.users == 0 && m.hr == 0.0 && m.ndcg == 0.0);
    vr_metrics_add(&m, 1);
    vr_metrics_add(&m, 3);
    vr_metrics_add(&m, 10);
    vr_metrics_add(&m, 11);
    vr_metrics_add(&m, 0);
    vr_metrics_finish(&m);
    assert_int_equal(m.users, 5);
    assert_true(fabs(m.hr - 0.6) < 1e-12);
    assert_true(fabs(m.ndcg - (1 + 0.5 + 1 / log2(11)) / 5) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits),
        cmocka_unit_test(ranks),
        cmocka_unit_test(ranks_as_a_sort_does),
        cmocka_unit_test(means),
    };
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
