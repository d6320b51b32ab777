/* SPDX-License-Identifier: Apache-2.0
 * Buckets: recorded once and replayed, at most eight of them, and work that follows the true counts
 * of tokens, not the bucket's capacity and not a padded batch. */
#include "tiny_encoder.h"
#include "run/session.h"
#include "vireo/inspect.h"

static vireo_device *device;
static vireo_model *model;

static int setup(void **state)
{
    (void)state;
    device = test_device_create();
    model = tiny_model(device, &tiny_default);
    return 0;
}

static void no_validation_messages(void **state)
{
    (void)state;
    vireo_model_destroy(&model);
    test_device_destroy(&device);
}

static vireo_counters counters(void)
{
    vireo_counters c;
    vireo_device_get_counters(device, &c);
    return c;
}

/* One run with `n` texts of the given lengths; what it added to the counters. */
static vireo_counters run(vireo_session *s, const size_t *lengths, size_t n)
{
    tiny_text *texts = calloc(n + 1, sizeof *texts);
    float *out = calloc(n * 24 + 1, sizeof *out);
    assert_non_null(texts);
    assert_non_null(out);
    for (size_t i = 0; i < n; i++)
        texts[i] = (tiny_text){(uint32_t)i, lengths[i]};
    const vireo_counters before = counters();
    tiny_run(s, &tiny_default, texts, n, out);
    vireo_counters c = counters();
    c.commands_recorded -= before.commands_recorded;
    c.submits -= before.submits;
    c.dispatches -= before.dispatches;
    c.groups -= before.groups;
    c.pipelines_created -= before.pipelines_created;
    free(texts);
    free(out);
    return c;
}

static size_t buckets(const vireo_session *s)
{
    vireo_plan_info plan;
    assert_int_equal(vireo_session_get_plan(s, &plan, NULL), VIREO_OK);
    return plan.buckets;
}

static void recorded_once(void **state)
{
    (void)state;
    vireo_session *s = tiny_session(model, NULL);
    vireo_plan_info plan;
    vireo_counters c = run(s, (size_t[]){20}, 1);
    assert_int_equal(c.commands_recorded, 1);
    assert_int_equal(vireo_session_get_plan(s, &plan, NULL), VIREO_OK);
    assert_true(plan.nodes == 24 && plan.dispatches >= plan.nodes);
    for (size_t length = 17; length <= 32; length++) { /* capacity 32 for all of them */
        c = run(s, &length, 1);
        assert_int_equal(c.commands_recorded, 0);
        assert_int_equal(c.pipelines_created, 0);
        assert_int_equal(c.submits, 1);
        assert_int_equal(c.dispatches, plan.dispatches);
    }
    assert_int_equal(buckets(s), 1);
    assert_int_equal(run(s, (size_t[]){33}, 1).commands_recorded, 1);
    assert_int_equal(run(s, (size_t[]){64}, 1).commands_recorded, 0);
    assert_int_equal(run(s, (size_t[]){25}, 1).commands_recorded, 0);
    const size_t short_texts[20] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    assert_int_equal(run(s, short_texts, 20).commands_recorded, 1); /* 32 tokens, 32 ends */
    assert_int_equal(run(s, short_texts, 19).commands_recorded, 0);
    assert_int_equal(run(s, short_texts, 15).commands_recorded, 1); /* 16 tokens, 16 ends */
    assert_int_equal(buckets(s), 4);
    vireo_session *other = tiny_session(model, NULL); /* buckets are a session's own */
    c = run(other, (size_t[]){20}, 1);
    assert_int_equal(c.commands_recorded, 1);
    assert_int_equal(c.pipelines_created, 0); /* pipelines are the device's */
    vireo_session_destroy(&other);
    vireo_session_destroy(&s);
}

/* Nine capacities, of tokens and of texts; all tokens are the first text's. */
enum { SIZES = 9, MOST_TEXTS = 40 };
static void run_size(vireo_session *s, int size, float *out)
{
    const size_t n = (size_t)10 << size % 3;
    tiny_text texts[MOST_TEXTS] = {{(uint32_t)size, (size_t)13 << size / 3}};
    memset(out, 0, MOST_TEXTS * 24 * sizeof *out);
    tiny_run(s, &tiny_default, texts, n, out);
}

/* The least recently used bucket makes room, and answers stay right. */
static void least_recently_used_makes_room(void **state)
{
    (void)state;
    static float want[SIZES][MOST_TEXTS * 24], out[MOST_TEXTS * 24];
    vireo_session *s = tiny_session(model, NULL);
    for (int i = 0; i < SIZES; i++) {
        vireo_session *fresh = tiny_session(model, NULL);
        run_size(fresh, i, want[i]);
        vireo_session_destroy(&fresh);
    }
    static const struct {
        int size;
        unsigned recorded;
    } rows[] = {
        {0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}, {5, 1}, {6, 1}, {7, 1}, /* full */
        {0, 0}, {8, 1},                                                 /* 1 goes */
        {0, 0}, {2, 0}, {1, 1},                                         /* 3 goes */
        {2, 0}, {8, 0}, {3, 1}, {0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint64_t before = counters().commands_recorded;
        run_size(s, rows[i].size, out);
        assert_memory_equal(out, want[rows[i].size], sizeof out);
        if (counters().commands_recorded - before != rows[i].recorded)
            fail_msg("row %zu: recorded, or not, against the expectation", i);
        assert_true(buckets(s) <= VR_MAX_BUCKETS);
    }
    assert_int_equal(buckets(s), VR_MAX_BUCKETS);
    vireo_session_destroy(&s);
}

/* Within one bucket the work grows as the tokens do: no step of it is done for the capacity. */
static void work_follows_tokens(void **state)
{
    (void)state;
    enum { CAPACITY = 1024, STEP = 64, TEXTS = 8 };
    vireo_session *s = tiny_session(model, NULL);
    size_t lengths[TEXTS];
    double full = 0;
    uint64_t last = UINT64_MAX;
    for (size_t tokens = CAPACITY; tokens > CAPACITY / 2; tokens -= STEP) {
        for (size_t i = 0; i < TEXTS; i++)
            lengths[i] = tokens / TEXTS;
        const vireo_counters c = run(s, lengths, TEXTS);
        if (tokens == CAPACITY)
            full = (double)c.groups;
        assert_int_equal(c.commands_recorded, tokens == CAPACITY);
        assert_true(c.groups < last);
        last = c.groups;
        const double share = (double)c.groups / full, want = (double)tokens / CAPACITY;
        if (share > want + 0.02 || share < want - 0.02)
            fail_msg("%zu of %d tokens: %.3f of the groups, expected %.3f", tokens, CAPACITY, share,
                     want);
    }
    vireo_session_destroy(&s);
}

/* A batch of unequal texts needs the work of its tokens' sum; padded to the longest it would need
 * three times that. */
static void batch_is_not_padded(void **state)
{
    (void)state;
    static const size_t unequal[4] = {3, 50, 7, 4}, equal[4] = {16, 16, 16, 16};
    static const size_t padded[4] = {50, 50, 50, 50}, one[1] = {64};
    vireo_session *s = tiny_session(model, NULL);
    const vireo_counters a = run(s, unequal, 4), b = run(s, equal, 4), c = run(s, padded, 4);
    const vireo_counters d = run(s, one, 1);
    print_message("groups: lengths 3+50+7+4: %llu, 4 x 16: %llu, 1 x 64: %llu, 4 x 50: %llu\n",
                  (unsigned long long)a.groups, (unsigned long long)b.groups,
                  (unsigned long long)d.groups, (unsigned long long)c.groups);
    assert_int_equal(a.groups, b.groups); /* 64 tokens either way */
    assert_int_equal(a.dispatches, b.dispatches);
    assert_true(a.groups >= d.groups); /* one text or four: only the pooling differs */
    assert_true((double)a.groups < 1.1 * (double)d.groups);
    assert_true((double)c.groups > 2.7 * (double)a.groups); /* 200 tokens */
    vireo_session_destroy(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_once),          cmocka_unit_test(least_recently_used_makes_room),
        cmocka_unit_test(work_follows_tokens),    cmocka_unit_test(batch_is_not_padded),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
