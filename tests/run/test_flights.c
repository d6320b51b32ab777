/* SPDX-License-Identifier: Apache-2.0
 * Runs in flight: two at once, in order, each with its own answer and fault; and what a run does once its
 * bucket is recorded: it submits and waits, nothing else. */
#include "tiny_encoder.h"
#include "tests/counted_allocator.h"
#include "run/session.h"
#include <time.h>

enum { RUNS = 40, TEXTS = 3, WIDTH = 24 };

static vireo_device *device, *cut; /* cut: what is submitted at once is a dispatch */
static vireo_model *model, *cut_model;

static int setup(void **state)
{
    (void)state;
    const vr_device_override o = {.segment_ns = 1, .steady_pace = true};
    const vireo_device_options options = test_device_options();
    device = test_device_create();
    cut = test_device_create_with(&options, &o);
    model = tiny_model(device, &tiny_default);
    cut_model = tiny_model(cut, &tiny_default);
    return 0;
}

static void no_validation_messages(void **state)
{
    (void)state;
    vireo_model_destroy(&cut_model);
    vireo_model_destroy(&model);
    test_device_destroy(&cut);
    test_device_destroy(&device);
}

/* The inputs of run i: 1 to 3 texts of 1 to 60 tokens, so that neighbours share a bucket or not. */
static size_t texts_of(size_t run)
{
    return 1 + run % TEXTS;
}
static tiny_inputs inputs_of(size_t run)
{
    tiny_text texts[TEXTS];
    for (size_t i = 0; i < texts_of(run); i++)
        texts[i] = (tiny_text){(uint32_t)(run + i), 1 + (run * 7 + i * 11) % 60};
    return tiny_inputs_make(&tiny_default, texts, texts_of(run));
}

static void submit(vireo_session *s, size_t run)
{
    vireo_error err = {0};
    tiny_inputs in = inputs_of(run);
    if (vireo_session_submit(s, in.in, 3, &err))
        fail_msg("run %zu: %s", run, err.message);
    tiny_inputs_free(&in);
}

static void wait_and_compare(vireo_session *s, size_t run, const float *want)
{
    float out[TEXTS * WIDTH];
    vireo_error err = {0};
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    if (vireo_session_wait(s, &result, 1, &err))
        fail_msg("run %zu: %s", run, err.message);
    assert_int_equal(result.shape[0], texts_of(run));
    if (memcmp(out, want, texts_of(run) * WIDTH * sizeof *out) != 0)
        fail_msg("run %zu: another answer than alone", run);
}

static void alone(float (*want)[TEXTS * WIDTH])
{
    vireo_session *s = tiny_session(model, NULL);
    for (size_t i = 0; i < RUNS; i++) {
        vireo_tensor result = {.data = want[i], .bytes = sizeof want[i]};
        tiny_inputs in = inputs_of(i);
        assert_int_equal(vireo_session_run(s, in.in, 3, &result, 1, NULL), VIREO_OK);
        tiny_inputs_free(&in);
    }
    vireo_session_destroy(&s);
}

static void fly(vireo_model *of, float (*want)[TEXTS * WIDTH])
{
    vireo_session *s = tiny_session(of, NULL);
    vireo_error err = {0};
    submit(s, 0);
    for (size_t i = 1; i < RUNS; i++) {
        submit(s, i);
        tiny_inputs third = inputs_of(i);
        assert_int_equal(vireo_session_submit(s, third.in, 3, &err), VIREO_ERROR_INVALID_ARGUMENT);
        assert_string_equal(err.message,
                            "2 submissions are in flight: wait for the first of them");
        tiny_inputs_free(&third);
        wait_and_compare(s, i - 1, want[i - 1]);
    }
    wait_and_compare(s, RUNS - 1, want[RUNS - 1]);
    submit(s, 1);
    tiny_inputs in = inputs_of(1);
    assert_int_equal(vireo_session_run(s, in.in, 3, NULL, 0, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        "vireo_session_run: a submission is in flight: wait for it first");
    tiny_inputs_free(&in);
    submit(s, 1);
    vireo_session_destroy(&s); /* both in flight */
}

/* Whole, a dispatch a submission, and several of these together. */
static void two_in_flight(void **state)
{
    (void)state;
    static float want[RUNS][TEXTS * WIDTH];
    alone(want);
    fly(model, want);
    uint64_t submits = cut->counters.submits;
    fly(cut_model, want);
    const uint64_t single = cut->counters.submits - submits;
    assert_true(single > 20 * RUNS);
    cut->pace = 1e-6f;
    submits = cut->counters.submits;
    fly(cut_model, want);
    cut->pace = 1;
    assert_true(cut->counters.submits - submits < single / 8);
}

/* Inputs, grids and results are copied to and from memory that is the device's alone, a dispatch a submission, too. */
static void copied_in_flight(void **state)
{
    (void)state;
    static float want[RUNS][TEXTS * WIDTH];
    const vireo_device_options options = test_device_options();
    alone(want);
    for (int whole = 0; whole < 2; whole++) {
        const vr_device_override o = {.force_staging = true, .segment_ns = whole ? 0 : 1, .steady_pace = true};
        vireo_device *d = test_device_create_with(&options, &o);
        vireo_model *m = tiny_model(d, &tiny_default);
        fly(m, want);
        vireo_model_destroy(&m);
        test_device_destroy(&d);
    }
}

/* What is submitted of it ends, the rest never begins. */
static void destroyed_in_the_middle(void **state)
{
    (void)state;
    vireo_session *s = tiny_session(cut_model, NULL);
    const uint64_t before = cut->counters.submits;
    submit(s, 1);
    submit(s, 2);
    vireo_session_destroy(&s);
    assert_true(cut->counters.submits - before < 10);
}

static void lost_with_two_in_flight(void **state)
{
    (void)state;
    float out[TEXTS * WIDTH];
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    vireo_session *s = tiny_session(cut_model, NULL);
    vireo_error err = {0};
    submit(s, 1);
    submit(s, 2);
    cut->fn.vkDeviceWaitIdle(cut->handle);
    cut->lost = true;
    const uint64_t before = cut->counters.submits;
    for (int i = 0; i < 2; i++)
        assert_int_equal(vireo_session_wait(s, &result, 1, &err), VIREO_ERROR_DEVICE_LOST);
    assert_int_equal(vireo_session_wait(s, &result, 1, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_int_equal(cut->counters.submits, before);
    vireo_session_destroy(&s);
    cut->lost = false;
}

typedef struct teller {
    const char *cancel; /* at this */
    size_t compiles, first_runs, runs, ends;
} teller;

static bool begins(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

static int tell(void *user, const char *what, uint64_t done, uint64_t total)
{
    teller *t = user;
    t->compiles += begins(what, "compile");
    t->first_runs += begins(what, "first run");
    t->runs += !strcmp(what, "run");
    t->ends += done == total;
    assert_true(done < total || !strchr(what, ':'));
    return t->cancel && begins(what, t->cancel) && done < total;
}

/* A run that was cancelled while it compiled, or in its first run, leaves all that to the next. */
static void first_runs_are_cancelled(void **state)
{
    (void)state;
    static const char *const at[] = {"compile", "first run", NULL, "run", NULL};
    static float want[RUNS][TEXTS * WIDTH];
    float out[TEXTS * WIDTH];
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    teller t = {0};
    vireo_session *s = NULL;
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    o.progress = tell;
    o.progress_user = &t;
    alone(want);
    assert_int_equal(vireo_session_create(cut_model, &o, &s, NULL), VIREO_OK);
    tiny_inputs in = inputs_of(5);
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        t = (teller){.cancel = at[i]};
        const vireo_status st = vireo_session_run(s, in.in, 3, &result, 1, NULL);
        assert_int_equal(st, at[i] ? VIREO_ERROR_CANCELLED : VIREO_OK);
        assert_int_equal(t.compiles > 0, i < 2);
        assert_int_equal(t.first_runs > 0, i == 1 || i == 2);
        assert_int_equal(t.runs > 0, i > 2);
        assert_int_equal(t.ends, i == 1 || i == 2); /* of compiling; of the first run */
        if (!at[i])
            assert_memory_equal(out, want[5], texts_of(5) * WIDTH * sizeof *out);
    }
    tiny_inputs_free(&in);
    vireo_session_destroy(&s);
}

typedef struct names {
    char list[32][128]; /* [part] */
    size_t n, compiled, parts;
} names;

static int note_name(void *user, const char *what, uint64_t done, uint64_t total)
{
    names *t = user;
    if (begins(what, "compile: "))
        for (const char *at = what; (at = strchr(at, '/')); at++)
            t->compiled++;
    if (!begins(what, "first run: "))
        return 0;
    assert_true(done < total && done < sizeof t->list / sizeof *t->list);
    t->n += !*t->list[done];
    snprintf(t->list[done], sizeof *t->list, "%s", what);
    t->parts = total;
    return 0;
}

/* Each kernel is named once while it is compiled, and where the first run comes to it, in a part of its
 * own; the run after it is a whole again. */
static void kernels_of_a_first_run_are_named(void **state)
{
    (void)state;
    float out[TEXTS * WIDTH];
    names t = {0};
    vireo_session *s = NULL;
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    o.progress = note_name;
    o.progress_user = &t;
    assert_int_equal(vireo_session_create(model, &o, &s, NULL), VIREO_OK);
    tiny_inputs in = inputs_of(5);
    assert_int_equal(vireo_session_run(s, in.in, 3, &result, 1, NULL), VIREO_OK);
    const vr_bucket *b = s->buckets[0];
    const size_t parts = b->slots[0].n_segments;
    char want[128];
    assert_true(t.compiled > 2 && t.compiled < b->model->graph->n_nodes);
    assert_int_equal(t.parts, parts);
    assert_int_equal(t.n, parts);
    assert_int_equal(t.compiled, parts); /* the tiny encoder is short: nothing else cuts it */
    snprintf(want, sizeof want, "first run: %s/%s, which the driver may compile now",
             vr_ops[b->model->graph->nodes[0].op]->name, b->nodes[0].kernel->name);
    assert_string_equal(t.list[0], want);
    for (size_t i = 0; i < t.n; i++)
        print_message("%s\n", t.list[i]);
    const uint64_t before = device->counters.submits;
    assert_int_equal(vireo_session_run(s, in.in, 3, &result, 1, NULL), VIREO_OK);
    assert_int_equal(b->slots[0].n_segments, 1);
    assert_int_equal(device->counters.submits - before, 1);
    tiny_inputs_free(&in);
    vireo_session_destroy(&s);
}

/* A bad id is told by the wait of its own run. */
static void faults_stay_apart(void **state)
{
    (void)state;
    static float want[RUNS][TEXTS * WIDTH];
    float out[TEXTS * WIDTH];
    alone(want);
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    vireo_session *s = tiny_session(model, NULL);
    for (size_t bad = 0; bad < 2; bad++) {
        for (size_t i = 0; i < 2; i++) {
            vireo_error err = {0};
            tiny_inputs in = inputs_of(3);
            if (i == bad)
                ((int32_t *)in.in[0].data)[0] = -1;
            assert_int_equal(vireo_session_submit(s, in.in, 3, &err), VIREO_OK);
            tiny_inputs_free(&in);
        }
        for (size_t i = 0; i < 2; i++) {
            vireo_error err = {0};
            if (i != bad) {
                wait_and_compare(s, 3, want[3]);
                continue;
            }
            assert_int_equal(vireo_session_wait(s, &result, 1, &err), VIREO_ERROR_INVALID_ARGUMENT);
            assert_non_null(strstr(err.message, "embedding: 1 of the ids are no rows"));
        }
    }
    vireo_session_destroy(&s);
}

enum { TIMED = 10, TRIES = 8 };

static uint64_t one_at_a_time(vireo_session *s, const tiny_inputs *in, const struct timespec *host)
{
    float out[8 * 128];
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    const uint64_t start = vr_now_ns();
    for (int i = 0; i < TIMED; i++) {
        assert_int_equal(vireo_session_run(s, in->in, 3, &result, 1, NULL), VIREO_OK);
        nanosleep(host, NULL);
    }
    return vr_now_ns() - start;
}

static uint64_t two_at_a_time(vireo_session *s, const tiny_inputs *in, const struct timespec *host)
{
    float out[8 * 128];
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    const uint64_t start = vr_now_ns();
    assert_int_equal(vireo_session_submit(s, in->in, 3, NULL), VIREO_OK);
    for (int i = 1; i <= TIMED; i++) {
        if (i < TIMED)
            assert_int_equal(vireo_session_submit(s, in->in, 3, NULL), VIREO_OK);
        assert_int_equal(vireo_session_wait(s, &result, 1, NULL), VIREO_OK);
        nanosleep(host, NULL);
    }
    return vr_now_ns() - start;
}

/* The host's own work of a run takes as long as the device's: with two in flight both are done at once.
 * Other programs may take the time between: one of several tries must show it. */
static void host_and_device_overlap(void **state)
{
    (void)state;
    static const tiny_shape shape = {128, 4, 256, 1, 50, 128, VIREO_F32};
    static const struct timespec nothing;
    tiny_text texts[8];
    for (uint32_t i = 0; i < 8; i++)
        texts[i] = (tiny_text){i, 64};
    vireo_model *m = tiny_model(device, &shape);
    vireo_session *s = tiny_session(m, NULL);
    tiny_inputs in = tiny_inputs_make(&shape, texts, 8);
    bool overlaps = false;
    two_at_a_time(s, &in, &nothing); /* makes both slots */
    for (int i = 0; i < TRIES && !overlaps; i++) {
        const uint64_t run = one_at_a_time(s, &in, &nothing) / TIMED;
        const struct timespec host = {(time_t)(run / 1000000000), (long)(run % 1000000000)};
        const double one = (double)one_at_a_time(s, &in, &host) / 1e6;
        const double two = (double)two_at_a_time(s, &in, &host) / 1e6;
        print_message("%d runs: %.1f ms one at a time, %.1f ms with two in flight\n", TIMED, one, two);
        overlaps = two < 0.8 * one;
    }
    assert_true(overlaps);
    tiny_inputs_free(&in);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
}

/* ---- Steady state --------------------------------------------------------------------------- */

static struct VolkDeviceTable real;
static size_t other_calls, resets, submits, waits;

static VkResult unexpected(void)
{
    other_calls++;
    return VK_ERROR_UNKNOWN;
}

static VkResult VKAPI_CALL counted_reset(VkDevice d, uint32_t n, const VkFence *fences)
{
    resets++;
    return real.vkResetFences(d, n, fences);
}

static VkResult VKAPI_CALL counted_submit(VkQueue q, uint32_t n, const VkSubmitInfo *info, VkFence f)
{
    submits++;
    return real.vkQueueSubmit(q, n, info, f);
}

static VkResult VKAPI_CALL counted_wait(VkDevice d, uint32_t n, const VkFence *fences, VkBool32 all,
                                        uint64_t ns)
{
    waits++;
    return real.vkWaitForFences(d, n, fences, all, ns);
}

/* Every entry of the device's function table is replaced: only three may be called. */
static void watch_table(struct VolkDeviceTable *fn)
{
    PFN_vkVoidFunction entries[sizeof *fn / sizeof(PFN_vkVoidFunction)];
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        entries[i] = (PFN_vkVoidFunction)unexpected;
    real = *fn;
    memcpy(fn, entries, sizeof *fn);
    fn->vkResetFences = counted_reset;
    fn->vkQueueSubmit = counted_submit;
    fn->vkWaitForFences = counted_wait;
    other_calls = resets = submits = waits = 0;
}

static void check_steady(const vr_device_override *o)
{
    static float want[RUNS][TEXTS * WIDTH];
    counted c = {0};
    const vireo_allocator hook = counted_allocator(&c);
    vireo_device_options options = test_device_options();
    options.allocator = &hook;
    vireo_device *d = test_device_create_with(&options, o);
    vireo_model *m = tiny_model(d, &tiny_default);
    vireo_session *s = tiny_session(m, NULL);
    alone(want);
    for (size_t i = 0; i < RUNS; i++) { /* both slots of each bucket are made */
        submit(s, i);
        submit(s, i);
        wait_and_compare(s, i, want[i]);
        wait_and_compare(s, i, want[i]);
    }
    watch_table(&d->fn);
    const size_t allocations = c.made;
    submit(s, 0);
    for (size_t i = 1; i < RUNS; i++) {
        submit(s, i);
        wait_and_compare(s, i - 1, want[i - 1]);
    }
    wait_and_compare(s, RUNS - 1, want[RUNS - 1]);
    d->fn = real;
    print_message("%d runs: %zu submissions, %zu resets and %zu waits for fences, %zu other calls\n",
                  RUNS, submits, resets, waits, other_calls);
    assert_int_equal(other_calls, 0);
    assert_int_equal(submits, RUNS);
    assert_int_equal(resets, RUNS);
    assert_int_equal(waits, RUNS);
    assert_int_equal(c.made, allocations);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    test_device_destroy(&d);
}

static void steady_state(void **state)
{
    (void)state;
    check_steady(NULL);
    check_steady(&(vr_device_override){.force_staging = true});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_in_flight),
        cmocka_unit_test(copied_in_flight),
        cmocka_unit_test(destroyed_in_the_middle),
        cmocka_unit_test(lost_with_two_in_flight),
        cmocka_unit_test(first_runs_are_cancelled),
        cmocka_unit_test(kernels_of_a_first_run_are_named),
        cmocka_unit_test(faults_stay_apart),
        cmocka_unit_test(host_and_device_overlap),
        cmocka_unit_test(steady_state),
        cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
