/* SPDX-License-Identifier: Apache-2.0
 * Threads that share a device: sessions that compile and run at the same time, models that are
 * loaded while another runs, devices made and destroyed side by side. Every result has the bits
 * that one thread alone gets. Under ThreadSanitizer the same program shows that nothing is raced
 * for. */
#include "tiny_encoder.h"
#include <pthread.h>

enum { THREADS = 3, STEPS = 5, MAX_TEXTS = 3, WIDTH = 24, MODELS = 3 };

/* Sizes that fall into several buckets; each thread starts at another one. */
static const struct {
    size_t n;
    tiny_text texts[MAX_TEXTS];
} steps[STEPS] = {
    {1, {{1, 3}}},   {2, {{2, 17}, {3, 1}}},   {3, {{4, 40}, {5, 9}, {6, 30}}},
    {1, {{7, 130}}}, {2, {{8, 200}, {9, 61}}},
};
static float alone[STEPS][MAX_TEXTS * WIDTH];

static void run_step(vireo_session *s, size_t i, float *out)
{
    tiny_run(s, &tiny_default, steps[i].texts, steps[i].n, out);
}

/* Runs every step, from `start` on; whether all bits are those of `alone`. */
static bool same_bits(vireo_session *s, size_t start)
{
    float out[MAX_TEXTS * WIDTH];
    bool same = true;
    for (size_t j = 0; j < STEPS; j++) {
        size_t i = (start + j) % STEPS;
        run_step(s, i, out);
        same &= memcmp(out, alone[i], steps[i].n * WIDTH * sizeof *out) == 0;
    }
    return same;
}

static int setup(void **state)
{
    (void)state;
    vireo_device *device = test_device_create();
    vireo_model *model = tiny_model(device, &tiny_default);
    vireo_session *session = tiny_session(model, NULL);
    for (size_t i = 0; i < STEPS; i++)
        run_step(session, i, alone[i]);
    vireo_session_destroy(&session);
    vireo_model_destroy(&model);
    test_device_destroy(&device);
    return 0;
}

typedef struct task {
    vireo_device *device; /* NULL: one of its own */
    vireo_model *model;   /* NULL: models of its own, one after the other */
    size_t start;
    bool same;
} task;

static void run_models(task *t, vireo_device *device)
{
    for (size_t m = 0; m < MODELS; m++) {
        vireo_model *model = t->model ? t->model : tiny_model(device, &tiny_default);
        vireo_session *session = tiny_session(model, NULL);
        t->same &= same_bits(session, t->start + m);
        vireo_session_destroy(&session);
        if (!t->model)
            vireo_model_destroy(&model);
    }
}

static void *run_task(void *argument)
{
    task *t = argument;
    vireo_device *device = t->device ? t->device : test_device_create();
    t->same = true;
    run_models(t, device);
    if (!t->device)
        test_device_destroy(&device);
    return NULL;
}

static void run_together(vireo_device *device, vireo_model *model)
{
    pthread_t threads[THREADS];
    task tasks[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        tasks[i] = (task){device, model, i, false};
        assert_int_equal(pthread_create(&threads[i], NULL, run_task, &tasks[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (size_t i = 0; i < THREADS; i++)
        assert_true(tasks[i].same);
}

/* Nothing is compiled yet when the threads start, so they compile the same kernels at the same
 * time. */
static void sessions_of_one_model(void **state)
{
    (void)state;
    vireo_device *device = test_device_create();
    vireo_model *model = tiny_model(device, &tiny_default);
    run_together(device, model);
    vireo_model_destroy(&model);
    test_device_destroy(&device);
}

/* Uploads through one staging buffer while other threads run. */
static void models_of_one_device(void **state)
{
    (void)state;
    vireo_device_options options = test_device_options();
    vr_device_override override = {.force_staging = true};
    vireo_device *device = test_device_create_with(&options, &override);
    run_together(device, NULL);
    test_device_destroy(&device);
}

static void devices_side_by_side(void **state)
{
    (void)state;
    run_together(NULL, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_of_one_model),
        cmocka_unit_test(models_of_one_device),
        cmocka_unit_test(devices_side_by_side),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
