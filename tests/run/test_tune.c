/* SPDX-License-Identifier: Apache-2.0
 * Tuning: kernels are timed within the budget, wrong ones left out, the best remembered and
 * followed, by sessions that may. */
#include "selftest_fixture.h"
#include "tune_model.h"
#include "run/tune.h"
#include <math.h>

static float usual_y[TUNE_MOST * TUNE_HEIGHT], y[TUNE_MOST * TUNE_HEIGHT];

/* The call is measured once, its kernel followed by other sessions, and by other devices of the
 * folder. */
static void test_kept(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_model *model = tune_model(d);
    vireo_tuned t, again;
    const char *usual = tune_run_well(model, &(tune_ask){0}, usual_y);
    assert_false(vireo_device_get_tuned(d, 0, &t));
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vireo_device_get_tuned(d, 0, &t));
    assert_false(vireo_device_get_tuned(d, 1, &again));
    assert_string_equal(t.call, "matmul f32[256,64] f32[48,64] f32[48]");
    assert_string_equal(t.usual, usual);
    assert_true(t.us > 0 && t.us <= t.usual_us && !t.pinned);
    const uint64_t recorded = d->counters.commands_recorded;
    assert_string_equal(tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y), t.kernel);
    assert_int_equal(d->counters.commands_recorded, recorded + 1); /* nothing was measured again */
    for (int i = 0; i < TUNE_MOST * TUNE_HEIGHT; i++)
        assert_float_equal(y[i], usual_y[i], 1e-4);
    vireo_model_destroy(&model);
    d = selftest_reopen(f, NULL);
    assert_true(vireo_device_get_tuned(d, 0, &again));
    assert_string_equal(again.kernel, t.kernel);
    assert_string_equal(again.call, t.call);
    model = tune_model(d);
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), t.kernel);
    vireo_model_destroy(&model);
    assert_int_equal(f->warnings, 0);
}

/* A row for the model's call. */
static vr_tuned_row row_of(const char *kernel, bool pinned)
{
    vr_tuned_row r = {
        .call = "matmul f32[256,64] f32[48,64] f32[48]", .us = 1, .usual_us = 2, .pinned = pinned};
    snprintf(r.kernel, sizeof r.kernel, "%s", kernel);
    snprintf(r.usual, sizeof r.usual, "texel");
    return r;
}

static void put(vireo_device *d, const char *kernel, bool pinned)
{
    const vr_tuned_row r = row_of(kernel, pinned);
    bool kept = false;
    vireo_error err = {0};
    if (vr_tuned_put(d, &r, &kept, &err))
        fail_msg("%s", err.message);
    assert_true(kept);
}

/* The last warning says that of a pin in the cache's file, and was the only one. */
static void refused_once(selftest_fixture *f, const char *what)
{
    if (f->warnings != 1 || !strstr(f->last, what) || !strstr(f->last, f->folder.path) ||
        !strstr(f->last, "/" VR_TUNED_FILE ": "))
        fail_msg("expected one warning, \"%s\", got %u, the last: %s", what, f->warnings, f->last);
    f->warnings = 0;
}

/* What a person has pinned is followed and not measured; what was measured of other sources is not;
 * forced kernels and those that do not exist or fit come first. */
static void test_followed(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_model *model = tune_model(d);
    vireo_tuned t;
    const char *usual = tune_run_well(model, &(tune_ask){0}, y);
    put(d, "plain", false); /* its source is of nothing */
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), usual);
    put(d, "plain", true);
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), "plain");
    assert_string_equal(tune_run_well(model, &(tune_ask){.force = "matmul/weights"}, y), "weights");
    assert_string_equal(tune_run_well(model, &(tune_ask){.rows = 100}, y),
                        "texel"); /* another size, another call */
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.pinned);
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_false(vireo_device_get_tuned(d, 1, &t));
    assert_true(!t.refused && f->warnings == 0);
    put(d, "packed", true);
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), usual);
    refused_once(f, "\"matmul f32[256,64] f32[48,64] f32[48]\" is pinned to \"packed\", which cannot run "
                    "for these sizes here; it runs what it would without; allowed: ");
    assert_null(strstr(f->last, "packed, "));
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), usual);
    assert_int_equal(f->warnings, 0);
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.refused);
    put(d, "texle", true);
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.refused); /* nobody has met it, and no op has it */
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), usual);
    refused_once(f, "is pinned to \"texle\", which is none of its kernels; ");
    const size_t recorded = d->counters.commands_recorded;
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_int_equal(d->counters.commands_recorded, recorded + 1); /* it is not measured either */
    assert_int_equal(f->warnings, 0);
    vireo_model_destroy(&model);
}

/* A person has pinned what a self-test has failed. */
static void test_pinned_wrong(void **state)
{
    selftest_fixture *f = *state;
    const vr_device_override o = selftest_broken(f, SELFTEST_DROPS_A_TERM);
    vireo_device *d = selftest_reopen(f, &o);
    vireo_selftest *test = selftest_run(f);
    vireo_selftest_destroy(&test);
    vireo_model *model = tune_model(d);
    f->warnings = 0;
    put(d, "weights", true);
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), "plain");
    refused_once(f, "is pinned to \"weights\", which has failed its self-test here; ");
    vireo_model_destroy(&model);
}

/* Names of `heard` less one. */
static void forget(char *heard, const char *name)
{
    char *at = strstr(heard, name);
    assert_non_null(at);
    memmove(at, at + strlen(name), strlen(at + strlen(name)) + 1);
}

/* That of the row's kernel for the model's call. */
static void set_kernel_source(const vireo_model *model, vr_tuned_row *r)
{
    const vireo_graph *g = model->graph;
    int64_t capacity[VR_MAX_SYMBOLS + 1] = {0, TUNE_MOST};
    vr_bucket b;
    vr_call call;
    vireo_error err = {0};
    assert_int_equal(vr_bucket_init(&b, model, capacity, &err), VIREO_OK);
    vr_node_call(g, &g->nodes[0], b.pointers, &model->device->info, &call);
    assert_int_equal(vr_call_source(model->device, &call, selftest_kernel(r->kernel), &r->kernel_source,
                                    &err),
                     VIREO_OK);
    vr_bucket_deinit(&b);
}

/* Measuring goes on where it ended: only what was not heard is run again, and what was found stays. */
static void test_goes_on(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_model *model = tune_model(d);
    vireo_error err = {0};
    vr_tuned_row r;
    bool kept;
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vr_tuned_get(d, NULL, 0, &r) && !r.partly);
    assert_true(strstr(r.heard, "weights") && strstr(r.heard, "plain"));
    forget(r.heard, "plain");
    snprintf(r.kernel, sizeof r.kernel, "weights");
    vr_tuned_row again;
    r.us = 1;
    r.usual_us = 4; /* whatever plain takes, it is more than a quarter */
    r.partly = true;
    set_kernel_source(model, &r);
    assert_int_equal(vr_tuned_put(d, &r, &kept, &err), VIREO_OK);
    size_t recorded = d->counters.commands_recorded;
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_int_equal(d->counters.commands_recorded, recorded + 4); /* usual twice, plain, the bucket's own */
    assert_true(vr_tuned_get(d, NULL, 0, &again) && !again.partly && strstr(again.heard, "plain"));
    assert_string_equal(again.kernel, "weights");
    assert_true(fabs(again.us / again.usual_us - 0.25) < 1e-2);
    recorded = d->counters.commands_recorded;
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_int_equal(d->counters.commands_recorded, recorded + 1);
    vireo_model_destroy(&model);
}

/* A choice of another version is marked, and gone when the call is measured again. */
static void test_stale(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_model *model = tune_model(d);
    vireo_error err = {0};
    vireo_tuned t;
    put(d, "weights", false); /* its sources are of nothing */
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.stale);
    vr_tuned_row r = row_of("weights", false);
    bool kept;
    r.source.low = 5; /* of another call of this text, as it is today */
    const vr_kernel *other = selftest_kernel("weights"), *usual = selftest_kernel("texel");
    assert_int_equal(vr_tuned_check_source(d, VR_OP_MATMUL, other, usual, &r.check_source, &err), VIREO_OK);
    set_kernel_source(model, &r);
    assert_int_equal(vr_tuned_put(d, &r, &kept, &err), VIREO_OK);
    assert_true(vireo_device_get_tuned(d, 1, &t) && !t.stale);
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), "texel"); /* neither is followed */
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vireo_device_get_tuned(d, 0, &t) && !t.stale && t.us == 1);
    assert_true(vireo_device_get_tuned(d, 1, &t) && !t.stale && t.us != 1);
    assert_false(vireo_device_get_tuned(d, 2, &t));
    vireo_model_destroy(&model);
}

/* A deterministic session follows what sums in the same order, and nothing else. */
static void test_deterministic(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_model *model = tune_model(d);
    const tune_ask fixed = {.deterministic = true};
    vireo_tuned t;
    const char *usual = tune_run_well(model, &fixed, usual_y);
    put(d, "plain", true);
    assert_string_equal(tune_run_well(model, &fixed, y), usual);
    refused_once(f, "is pinned to \"plain\", which may sum in another order than the usual one, and the "
                    "session is deterministic (--deterministic); it runs what it would without; allowed: ");
    assert_null(strstr(strstr(f->last, "allowed: "), "plain"));
    assert_non_null(strstr(f->last, "weights"));
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.refused);
    assert_string_equal(tune_run_well(model, &fixed, y), usual);
    assert_int_equal(f->warnings, 0);
    put(d, "weights", true);
    assert_string_equal(tune_run_well(model, &fixed, y), "weights");
    assert_true(vireo_device_get_tuned(d, 0, &t) && !t.refused && f->warnings == 0);
    assert_memory_equal(y, usual_y, sizeof y);
    vireo_model_destroy(&model);
    d = selftest_reopen(f, NULL);
    model = tune_model(d);
    tune_run_well(model, &(tune_ask){.deterministic = true, .tune_ms = TUNE_LONG_MS}, y);
    assert_memory_equal(y, usual_y, sizeof y);
    assert_true(vireo_device_get_tuned(d, 0, &t));
    assert_int_equal(selftest_kernel(t.kernel)->order, selftest_kernel(usual)->order);
    /* That says nothing of sessions that may run any kernel: they measure for themselves. */
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vireo_device_get_tuned(d, 1, &t));
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), t.kernel);
    vireo_model_destroy(&model);
}

typedef struct stopper {
    uint64_t at, heard;   /* calls after which it is enough, and those there were */
    const char *at_kernel; /* or: what begins; NULL: no matter */
    uint64_t left_ms;
    bool named; /* something was */
} stopper;

/* Time goes on, and what is left of it becomes less; kernels have names while they compile. */
static int stop_tuning(void *user, const char *what, uint64_t done, uint64_t total)
{
    stopper *s = user;
    if (strncmp(what, "tune", 4) != 0)
        return 0;
    assert_true(done <= total && total - done <= s->left_ms + 1); /* both are cut to whole ones */
    assert_true(total - done <= TUNE_LONG_MS);
    s->left_ms = total - done;
    s->named = s->named || strncmp(what, "tune: matmul/", 13) == 0;
    return s->heard++ >= s->at || (s->at_kernel && strstr(what, s->at_kernel));
}

/* A device that knows nothing yet, with a model. */
static vireo_device *reopen(selftest_fixture *f, vireo_model **model)
{
    char path[192];
    vireo_model_destroy(model);
    vireo_device *d = selftest_reopen(f, NULL);
    snprintf(path, sizeof path, "%s/" VR_TUNED_FILE, f->folder.path);
    remove(path);
    *model = tune_model(d);
    return d;
}

/* A budget that is over, or a caller who has enough, at first or later, leaves the session as good
 * as new. */
static void test_ends(void **state)
{
    selftest_fixture *f = *state;
    vireo_model *model = NULL;
    vireo_device *d = reopen(f, &model);
    vireo_tuned t;
    const char *usual = tune_run_well(model, &(tune_ask){0}, usual_y);
    assert_string_equal(tune_run_well(model, &(tune_ask){.tune_ms = 1}, y), usual);
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.open && t.met); /* that it is left is known */
    assert_string_equal(t.kernel, usual);
    assert_false(vireo_device_get_tuned(d, 1, &t));
    d = reopen(f, &model);
    for (uint64_t at = 0; at <= 4; at += 2) { /* before and in first runs */
        stopper s = {.at = at, .left_ms = TUNE_LONG_MS};
        vireo_error err = {0};
        const tune_ask stopped = {.tune_ms = TUNE_LONG_MS, .progress = stop_tuning, .user = &s};
        assert_int_equal(tune_run(model, &stopped, y, NULL, &err), VIREO_ERROR_CANCELLED);
        assert_int_equal(s.heard, at + 1);
        assert_true(vireo_device_get_tuned(d, 0, &t) && t.open);
        assert_string_equal(t.kernel, usual);
    }
    assert_string_equal(tune_run_well(model, &(tune_ask){0}, y), usual);
    assert_memory_equal(y, usual_y, sizeof y);
    vireo_model_destroy(&model);
}

/* What was judged before the caller had enough is kept, in the file, too. */
static void test_cancelled_keeps(void **state)
{
    selftest_fixture *f = *state;
    vireo_model *model = NULL;
    vireo_device *d = reopen(f, &model);
    vireo_error err = {0};
    stopper s = {.at = UINT64_MAX, .at_kernel = ": matmul/plain", .left_ms = TUNE_LONG_MS}; /* the last one */
    const tune_ask stopped = {.tune_ms = TUNE_LONG_MS, .progress = stop_tuning, .user = &s};
    vr_tuned_row r;
    tune_run_well(model, &(tune_ask){.force = "matmul/weights"}, y); /* else, where it compiles long, it is put off */
    assert_int_equal(tune_run(model, &stopped, y, NULL, &err), VIREO_ERROR_CANCELLED);
    assert_true(s.named);
    vireo_model_destroy(&model);
    d = selftest_reopen(f, NULL);
    model = tune_model(d);
    tune_run_well(model, &(tune_ask){0}, y); /* the file is read */
    assert_true(vr_tuned_get(d, NULL, 0, &r) && r.us > 0);
    assert_non_null(strstr(r.heard, "weights"));
    assert_null(strstr(r.heard, "plain"));
    vireo_model_destroy(&model);
}

static int note_left(void *user, const char *what, uint64_t done, uint64_t total)
{
    uint64_t *least = user;
    if (strncmp(what, "tune", 4) == 0 && total - done < *least)
        *least = total - done;
    return 0;
}

/* What is told to be left is the budget, less what was spent of it. */
static void test_time_left(void **state)
{
    enum { BUDGET_MS = 20000 };
    selftest_fixture *f = *state;
    vireo_model *model = NULL;
    uint64_t least = BUDGET_MS;
    reopen(f, &model);
    const uint64_t start = vr_now_ns();
    tune_run_well(model, &(tune_ask){.tune_ms = BUDGET_MS, .progress = note_left, .user = &least}, y);
    const uint64_t ms = (vr_now_ns() - start) / 1000000;
    assert_true(least < BUDGET_MS && least + ms + 1 >= BUDGET_MS);
    vireo_model_destroy(&model);
}

/* Runs of nothing teach nothing, and are right; so are devices whose clock is the host's. */
static void test_no_rows(void **state)
{
    selftest_fixture *f = *state;
    const vr_device_override o = {.no_timestamps = true, .cpu = true, .no_shuffle = true};
    vireo_device *d = selftest_reopen(f, &o);
    vireo_model *model = tune_model(d);
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_session *s = NULL;
    vireo_tuned t;
    vireo_error err = {0};
    const vireo_tensor in = {VIREO_F32, 2, {0, TUNE_WIDTH}, NULL, 0};
    vireo_tensor out = {.data = y, .bytes = sizeof y};
    options.tune_ms = TUNE_LONG_MS;
    assert_int_equal(vireo_session_create(model, &options, &s, &err), VIREO_OK);
    assert_int_equal(vireo_session_run(s, &in, 1, &out, 1, &err), VIREO_OK);
    assert_false(vireo_device_get_tuned(d, 0, &t));
    vireo_session_destroy(&s);
    tune_run_well(model, &(tune_ask){.tune_ms = TUNE_LONG_MS}, y);
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.us > 0);
    vireo_model_destroy(&model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_kept, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_followed, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_pinned_wrong, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_goes_on, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_stale, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_deterministic, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_ends, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_cancelled_keeps, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_time_left, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_no_rows, selftest_set_up, selftest_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
