/* SPDX-License-Identifier: Apache-2.0
 * Sessions: what they refuse, submit and wait apart, empty batches, the same bits every time,
 * sessions of one model on two threads, forced kernels. */
#include "tiny_encoder.h"
#include <math.h>
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

/* Last: a message of the validation layer in any test before fails here. */
static void no_validation_messages(void **state)
{
    (void)state;
    vireo_model_destroy(&model);
    vireo_model_destroy(&model);
    vireo_model_destroy(NULL);
    test_device_destroy(&device);
}

static void expect(vireo_status got, vireo_status want, const vireo_error *err, const char *message)
{
    if (got != want || strcmp(err->message, message) != 0)
        fail_msg("%s: \"%s\", expected %s: \"%s\"", vireo_status_text(got), err->message,
                 vireo_status_text(want), message);
}

static void create_arguments(void **state)
{
    (void)state;
    vireo_session *s = NULL;
    vireo_session_options o = {0};
    vireo_error err = {0};
    const char *needed = "vireo_session_create: model and out are needed";
    expect(vireo_session_create(NULL, NULL, &s, &err), VIREO_ERROR_INVALID_ARGUMENT, &err, needed);
    expect(vireo_session_create(model, NULL, NULL, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           needed);
    expect(vireo_session_create(model, &o, &s, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "vireo_session_options.struct_size is 0; use VIREO_OPTIONS");
    static const struct {
        const char *force, *message;
    } bad[] = {
        {"", "force_kernel: \"\" is not of the form op/kernel"},
        {"matmul", "force_kernel: \"matmul\" is not of the form op/kernel"},
        {"matmul/fast", "force_kernel: matmul has no kernel named fast"},
        {"matmul/", "force_kernel: matmul has no kernel named "},
        {"matmul/plain2", "force_kernel: matmul has no kernel named plain2"},
        {"mat/plain", "force_kernel: no op is named mat"},
        {"matmul/plain,", "force_kernel: \"\" is not of the form op/kernel"},
        {"matmul/plain,pool/slow,x/y", "force_kernel: pool has no kernel named slow"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        o = VIREO_OPTIONS(vireo_session_options);
        o.force_kernel = bad[i].force;
        expect(vireo_session_create(model, &o, &s, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
               bad[i].message);
    }
    assert_null(s);
    o.struct_size = offsetof(vireo_session_options, force_kernel); /* never read */
    assert_int_equal(vireo_session_create(model, &o, &s, &err), VIREO_OK);
    vireo_session_destroy(&s);
    assert_null(s);
    vireo_session_destroy(&s);
    vireo_session_destroy(NULL);
}

static void model_arguments(void **state)
{
    (void)state;
    vireo_model *m = NULL;
    vireo_graph *g = NULL;
    vireo_error err = {0};
    vireo_model_options o = {0};
    expect(vireo_model_create(device, &g, NULL, &m, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "vireo_model_create: device, graph and out are needed");
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    expect(vireo_model_create(device, &g, NULL, &m, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "the graph has no output");
    assert_null(g); /* taken also on failure */
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_graph_fail(g, VIREO_ERROR_FORMAT, "the builder's own");
    expect(vireo_model_create(device, &g, NULL, &m, &err), VIREO_ERROR_FORMAT, &err,
           "the builder's own");
    assert_null(g);
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    expect(vireo_model_create(device, &g, &o, &m, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "vireo_model_options.struct_size is 0; use VIREO_OPTIONS");
    assert_null(g);
    assert_null(m);
    assert_ptr_equal(vireo_model_get_device(model), device);
}

/* Each row spoils one thing of a good call; after it a good call works. */
static void run_arguments(void **state)
{
    (void)state;
    const tiny_text text = {1, 5};
    vireo_session *s = tiny_session(model, NULL);
    vireo_error err = {0};
    float good[24], out[24];
    tiny_run(s, &tiny_default, &text, 1, good);
    for (int row = 0; row < 12; row++) {
        tiny_inputs in = tiny_inputs_make(&tiny_default, &text, 1);
        vireo_tensor *t = in.in, result = {.data = out, .bytes = sizeof out};
        size_t n_in = 3, n_out = 1;
        const char *message = "input ids: dtype, shape or bytes do not match i32 [≤4096]";
        void *data = t[0].data;
        switch (row) {
        case 0:
            n_in = 2, message = "2 inputs given, the graph has 3";
            break;
        case 1:
            t[0].dtype = VIREO_F32;
            break;
        case 2:
            t[0].rank = 2, t[0].shape[1] = 1;
            break;
        case 3:
            t[0].shape[0] = -1;
            break;
        case 4:
            t[0].shape[0] = 4097, t[0].bytes = 1 << 20;
            break;
        case 5:
            t[0].bytes--;
            break;
        case 6:
            t[0].data = NULL;
            break;
        case 7:
            t[1].shape[0] = 4;
            message = "input positions: tokens is 4 here and 5 in another input";
            break;
        case 8:
            n_out = 2, message = "2 outputs asked for, the graph has 1";
            break;
        case 9:
            n_out = 0, message = "0 outputs asked for, the graph has 1";
            break;
        case 10:
            result.bytes--;
            message = "output embedding needs 96 bytes, 95 are given";
            break;
        case 11:
            result.data = NULL;
            message = "output embedding needs 96 bytes, 96 are given";
            break;
        }
        vireo_tensor results[2] = {result, result};
        expect(vireo_session_run(s, t, n_in, results, n_out, &err), VIREO_ERROR_INVALID_ARGUMENT,
               &err, message);
        assert_int_equal(results[0].rank, 0); /* not written */
        t[0].data = data;
        tiny_inputs_free(&in);
        tiny_run(s, &tiny_default, &text, 1, out);
        assert_memory_equal(out, good, sizeof good);
    }
    expect(vireo_session_run(s, NULL, 3, NULL, 1, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "vireo_session_submit: session and inputs are needed");
    expect(vireo_session_submit(NULL, NULL, 0, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "vireo_session_submit: session and inputs are needed");
    expect(vireo_session_wait(s, NULL, 1, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "vireo_session_wait: session and outputs are needed");
    vireo_session_destroy(&s);
}

static void unset_symbol(void **state)
{
    (void)state;
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_graph_symbol(g, "lonely", 5);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 1, (int64_t[]){4}, (vireo_symbol){0});
    vireo_graph_output(g, "y", vireo_scale(g, x, 2.0f, 0.0f));
    assert_int_equal(vireo_model_create(device, &g, NULL, &m, &err), VIREO_OK);
    vireo_session *s = tiny_session(m, NULL);
    float data[4] = {1, 2, 3, 4};
    vireo_tensor in = {VIREO_F32, 1, {4}, data, sizeof data}, out = in;
    expect(vireo_session_run(s, &in, 1, &out, 1, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "no input sets the size lonely");
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
}

static void submit_and_wait(void **state)
{
    (void)state;
    const tiny_text one = {1, 5}, two = {2, 9};
    vireo_session *s = tiny_session(model, NULL), *other = tiny_session(model, NULL);
    vireo_error err = {0};
    vireo_plan_info plan;
    const char *op;
    float want[2][24], out[24];
    expect(vireo_session_get_plan(s, &plan, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "the session has not run yet");
    assert_null(vireo_session_get_kernel(s, 0, &op));
    tiny_run(other, &tiny_default, &one, 1, want[0]);
    tiny_run(other, &tiny_default, &two, 1, want[1]);
    tiny_inputs a = tiny_inputs_make(&tiny_default, &one, 1);
    tiny_inputs b = tiny_inputs_make(&tiny_default, &two, 1);
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    expect(vireo_session_wait(s, &result, 1, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "nothing was submitted");
    assert_int_equal(vireo_session_submit(s, a.in, 3, &err), VIREO_OK);
    memset(a.in[0].data, 0, a.in[0].bytes); /* inputs were copied */
    assert_int_equal(vireo_session_wait(s, &result, 1, &err), VIREO_OK);
    assert_memory_equal(out, want[0], sizeof out);
    expect(vireo_session_wait(s, &result, 1, &err), VIREO_ERROR_INVALID_ARGUMENT, &err,
           "nothing was submitted");
    assert_int_equal(vireo_session_submit(s, b.in, 3, &err), VIREO_OK);
    assert_int_equal(vireo_session_wait(s, &result, 1, &err), VIREO_OK);
    assert_memory_equal(out, want[1], sizeof out);
    assert_int_equal(vireo_session_submit(s, b.in, 3, &err), VIREO_OK);
    vireo_session_destroy(&s); /* in flight */
    tiny_inputs_free(&a);
    tiny_inputs_free(&b);
    vireo_session_destroy(&other);
}

static void empty_batches(void **state)
{
    (void)state;
    static const tiny_text none[3] = {{1, 0}, {2, 0}, {3, 0}}, mixed[3] = {{1, 0}, {2, 7}, {3, 0}};
    vireo_session *s = tiny_session(model, NULL);
    float out[3 * 24], alone[24], zero[24] = {0};
    tiny_run(s, &tiny_default, none, 0, out); /* no text */
    memset(out, 0xff, sizeof out);
    tiny_run(s, &tiny_default, none, 3, out); /* texts without tokens: zeros */
    for (int i = 0; i < 3; i++)
        assert_memory_equal(out + i * 24, zero, sizeof zero);
    tiny_run(s, &tiny_default, &mixed[1], 1, alone);
    tiny_run(s, &tiny_default, mixed, 3, out);
    assert_memory_equal(out, zero, sizeof zero);
    assert_memory_equal(out + 24, alone, sizeof alone);
    assert_memory_equal(out + 48, zero, sizeof zero);
    vireo_session_destroy(&s);
}

enum { TEXTS = 12 };
static void some_texts(tiny_text *texts)
{
    uint64_t random = 7;
    for (uint32_t i = 0; i < TEXTS; i++)
        texts[i] = (tiny_text){i, 1 + tiny_random(&random) % 30};
}

/* Same input, same bits: in 20 runs, in another session, and whatever else is in the batch. */
static void same_bits(void **state)
{
    (void)state;
    tiny_text texts[TEXTS];
    float batch[TEXTS * 24], again[TEXTS * 24], alone[24];
    some_texts(texts);
    vireo_session *s = tiny_session(model, NULL), *other = tiny_session(model, NULL);
    tiny_run(s, &tiny_default, texts, TEXTS, batch);
    for (int i = 0; i < 20; i++) {
        tiny_run(i % 2 ? other : s, &tiny_default, texts, TEXTS, again);
        assert_memory_equal(again, batch, sizeof batch);
    }
    for (size_t i = 0; i < TEXTS; i++) {
        tiny_run(s, &tiny_default, &texts[i], 1, alone);
        assert_memory_equal(alone, batch + i * 24, sizeof alone);
    }
    for (size_t i = 0; i < TEXTS / 2; i++) { /* reversed */
        tiny_text t = texts[i];
        texts[i] = texts[TEXTS - 1 - i];
        texts[TEXTS - 1 - i] = t;
    }
    tiny_run(s, &tiny_default, texts, TEXTS, again);
    for (size_t i = 0; i < TEXTS; i++)
        assert_memory_equal(again + i * 24, batch + (TEXTS - 1 - i) * 24, sizeof alone);
    vireo_session_destroy(&s);
    vireo_session_destroy(&other);
}

typedef struct thread_work {
    const tiny_text *texts;
    const float *want; /* (TEXTS, 24) */
    _Atomic int differing;
} thread_work;

/* No cmocka in here: its assertions belong to the main thread. */
static void run_texts(void *user, size_t index)
{
    thread_work *w = user;
    vireo_session *s = NULL;
    float out[24];
    if (vireo_session_create(model, NULL, &s, NULL)) {
        w->differing++;
        return;
    }
    for (size_t i = 0; i < 3 * TEXTS; i++) {
        const size_t k = (i * (2 * index + 1)) % TEXTS;
        tiny_inputs in = tiny_inputs_make(&tiny_default, &w->texts[k], 1);
        vireo_tensor result = {.data = out, .bytes = sizeof out};
        w->differing += vireo_session_run(s, in.in, 3, &result, 1, NULL) ||
                        memcmp(out, w->want + k * 24, sizeof out) != 0;
        tiny_inputs_free(&in);
    }
    vireo_session_destroy(&s);
}

static void two_threads(void **state)
{
    (void)state;
    tiny_text texts[TEXTS];
    float want[TEXTS * 24];
    some_texts(texts);
    vireo_session *s = tiny_session(model, NULL);
    tiny_run(s, &tiny_default, texts, TEXTS, want);
    thread_work w = {.texts = texts, .want = want};
    vr_parallel_for(2, run_texts, &w);
    assert_int_equal(w.differing, 0);
    vireo_session_destroy(&s);
}

/* Every kernel of every op that fits: it is the one used, and the answer is the same within f32. */
static void forced_kernels(void **state)
{
    (void)state;
    tiny_text texts[TEXTS];
    float want[TEXTS * 24], out[TEXTS * 24];
    some_texts(texts);
    vireo_session *s = tiny_session(model, NULL);
    tiny_run(s, &tiny_default, texts, TEXTS, want);
    vireo_session_destroy(&s);
    int forced = 0;
    const char *op, *kernel;
    for (size_t i = 0; (op = vireo_op_name(i)); i++)
        for (size_t j = 0; (kernel = vireo_kernel_name(i, j)); j++) {
            char force[128];
            const char *chosen, *of;
            vireo_error err = {0};
            snprintf(force, sizeof force, "%s/%s", op, kernel);
            s = tiny_session(model, force);
            tiny_inputs in = tiny_inputs_make(&tiny_default, texts, TEXTS);
            vireo_tensor result = {.data = out, .bytes = sizeof out};
            vireo_status st = vireo_session_run(s, in.in, 3, &result, 1, &err);
            tiny_inputs_free(&in);
            if (st) {
                char message[256];
                snprintf(message, sizeof message,
                         "%s was forced, and does not fit these sizes on this device", force);
                expect(st, VIREO_ERROR_UNSUPPORTED, &err, message);
            }
            for (size_t n = 0; !st && (chosen = vireo_session_get_kernel(s, n, &of)); n++)
                if (!strcmp(of, op)) {
                    assert_string_equal(chosen, kernel);
                    forced++;
                }
            for (size_t n = 0; !st && n < TEXTS * 24; n++)
                if (!(fabsf(out[n] - want[n]) < 1e-5f))
                    fail_msg("%s: [%zu] is %g, expected %g", force, n, (double)out[n],
                             (double)want[n]);
            vireo_session_destroy(&s);
        }
    assert_true(forced > 40); /* nodes that ran with a kernel of the test's choice */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create_arguments), cmocka_unit_test(model_arguments),
        cmocka_unit_test(run_arguments),    cmocka_unit_test(unset_symbol),
        cmocka_unit_test(submit_and_wait),  cmocka_unit_test(empty_batches),
        cmocka_unit_test(same_bits),        cmocka_unit_test(two_threads),
        cmocka_unit_test(forced_kernels),   cmocka_unit_test(no_validation_messages),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
