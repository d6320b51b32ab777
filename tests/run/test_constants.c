/* SPDX-License-Identifier: Apache-2.0
 * Constants on the device: padding, f16, several buffers, staging, limits, and that the host's own
 * memory is left alone. */
#include "tiny_encoder.h"
#include <math.h>
#include "run/model.h"
#include "tensor/half.h"
#include "tensor/quant.h"

static vireo_device *make_device(const vr_device_override *o)
{
    vireo_device_options options = test_device_options();
    return test_device_create_with(&options, o);
}

/* x (2, k) · c_i (k, n_i) for each of `count` constants, one output each. */
enum { COUNT = 12, DEPTH = 13 };
static const int64_t widths[COUNT] = {1, 2, 3, 4, 5, 7, 30, 50, 64, 65, 100, 129};

typedef struct products {
    float *data[COUNT];
    uint16_t *halves[COUNT], *brains[COUNT]; /* f16, bf16 */
    float *out[COUNT];
} products;

static void products_init(products *p)
{
    uint64_t random = 5;
    for (int i = 0; i < COUNT; i++) {
        const size_t n = (size_t)(DEPTH * widths[i]);
        p->data[i] = calloc(n, 4);
        p->halves[i] = calloc(n, 2);
        p->brains[i] = calloc(n, 2);
        p->out[i] = calloc((size_t)widths[i] * 2, 4);
        if (!p->data[i] || !p->halves[i] || !p->brains[i] || !p->out[i])
            abort();
        for (size_t j = 0; j < n; j++) { /* exact in all */
            p->halves[i][j] = vr_float_to_half(tiny_uniform(&random));
            p->brains[i][j] = vr_float_to_bf16(vr_half_to_float(p->halves[i][j]));
            p->data[i][j] = vr_bf16_to_float(p->brains[i][j]);
            p->halves[i][j] = vr_float_to_half(p->data[i][j]);
        }
    }
}

static void products_deinit(products *p)
{
    for (int i = 0; i < COUNT; i++) {
        free(p->data[i]);
        free(p->halves[i]);
        free(p->brains[i]);
        free(p->out[i]);
    }
}

static vireo_model *products_model(vireo_device *d, const products *p, vireo_dtype dtype)
{
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value x =
        vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){2, DEPTH}, (vireo_symbol){0});
    for (int i = 0; i < COUNT; i++) {
        char name[16];
        snprintf(name, sizeof name, "y%d", i);
        vireo_tensor t = {.dtype = dtype,
                          .rank = 2,
                          .shape = {DEPTH, widths[i]},
                          .data = dtype == VIREO_F16    ? (void *)p->halves[i]
                                  : dtype == VIREO_BF16 ? (void *)p->brains[i]
                                                        : p->data[i],
                          .bytes = (size_t)(DEPTH * widths[i]) * vireo_dtype_bytes(dtype)};
        /* the first row: an f32 place, where f16 and bf16 are converted */
        vireo_value c = vireo_graph_constant(g, name, &t);
        vireo_matmul_args args = {.bias = vireo_graph_first_row(g, c)};
        vireo_graph_output(g, name, vireo_matmul(g, x, c, &args));
    }
    if (vireo_model_create(d, &g, NULL, &m, &err))
        fail_msg("%s", err.message);
    return m;
}

static void products_check(vireo_model *m, products *p)
{
    float x[2 * DEPTH];
    uint64_t random = 9;
    vireo_error err = {0};
    for (size_t i = 0; i < 2 * DEPTH; i++)
        x[i] = tiny_uniform(&random);
    vireo_tensor in = {VIREO_F32, 2, {2, DEPTH}, x, sizeof x}, out[COUNT] = {{0}};
    for (int i = 0; i < COUNT; i++)
        out[i] = (vireo_tensor){.data = p->out[i], .bytes = (size_t)widths[i] * 2 * 4};
    vireo_session *s = tiny_session(m, NULL);
    if (vireo_session_run(s, &in, 1, out, COUNT, &err))
        fail_msg("%s", err.message);
    for (int i = 0; i < COUNT; i++)
        for (int64_t r = 0; r < 2; r++)
            for (int64_t j = 0; j < widths[i]; j++) {
                double want = (double)p->data[i][j];
                for (int64_t k = 0; k < DEPTH; k++)
                    want += (double)x[r * DEPTH + k] * (double)p->data[i][k * widths[i] + j];
                if (!(fabs(want - (double)p->out[i][r * widths[i] + j]) < 1e-5))
                    fail_msg("width %lld: [%lld][%lld] is %g, expected %g", (long long)widths[i],
                             (long long)r, (long long)j, (double)p->out[i][r * widths[i] + j],
                             want);
            }
    vireo_session_destroy(&s);
}

static void check_on(const vr_device_override *o, size_t least_buffers)
{
    products p;
    products_init(&p);
    vireo_device *d = make_device(o);
    static const vireo_dtype dtypes[] = {VIREO_F32, VIREO_F16, VIREO_BF16};
    for (int t = 0; t < 3; t++) {
        vireo_model *m = products_model(d, &p, dtypes[t]);
        const size_t each = vireo_dtype_bytes(dtypes[t]);
        size_t bytes = 0, padded = 0;
        for (int i = 0; i < COUNT; i++) {
            const size_t step = dtypes[t] == VIREO_BF16 ? 8 : 4;
            const size_t pitch = ((size_t)widths[i] + step - 1) / step * step;
            padded = pitch * DEPTH * each;
            bytes += (padded + 255) / 256 * 256 + (pitch * each + 255) / 256 * 256;
            if (each == 2) /* the row's f32 twin */
                bytes += ((size_t)(widths[i] + 3) / 4 * 16 + 255) / 256 * 256;
        }
        assert_int_equal(vireo_model_weight_bytes(m), bytes);
        assert_true(m->n_buffers >= least_buffers);
        for (size_t i = 0; i < m->n_buffers; i++)
            assert_true(m->buffers[i].bytes <= d->info.max_allocation_bytes);
        products_check(m, &p);
        vireo_model_destroy(&m);
    }
    test_device_destroy(&d);
    products_deinit(&p);
}

static void padded_and_half(void **state)
{
    (void)state;
    check_on(NULL, 1);
}

static void several_buffers(void **state)
{
    (void)state;
    check_on(&(vr_device_override){.max_allocation_bytes = 8960}, 3);
}

static void staging(void **state)
{
    (void)state;
    check_on(&(vr_device_override){.force_staging = true}, 1);
    check_on(&(vr_device_override){.force_staging = true, .max_allocation_bytes = 8960}, 3);
}

static void encoder_with_staging(void **state)
{
    (void)state;
    const tiny_text texts[3] = {{1, 9}, {2, 1}, {3, 17}};
    float direct[3 * 24], staged[3 * 24];
    for (int i = 0; i < 2; i++) {
        vireo_device *d = make_device(&(vr_device_override){.force_staging = i == 1});
        vireo_model *m = tiny_model(d, &tiny_default);
        vireo_session *s = tiny_session(m, NULL);
        tiny_run(s, &tiny_default, texts, 3, i ? staged : direct);
        vireo_session_destroy(&s);
        vireo_model_destroy(&m);
        test_device_destroy(&d);
    }
    assert_memory_equal(staged, direct, sizeof direct);
}

/* A table of f16: within what f16 loses of the f32 one. */
static void half_table(void **state)
{
    (void)state;
    tiny_shape half = tiny_default;
    const tiny_text texts[3] = {{1, 9}, {2, 1}, {3, 17}};
    float full[3 * 24], halved[3 * 24], most = 0;
    half.table = VIREO_F16;
    vireo_device *d = make_device(NULL);
    vireo_model *a = tiny_model(d, &tiny_default), *b = tiny_model(d, &half);
    assert_true(vireo_model_weight_bytes(b) < vireo_model_weight_bytes(a));
    vireo_session *s = tiny_session(a, NULL), *t = tiny_session(b, NULL);
    tiny_run(s, &tiny_default, texts, 3, full);
    tiny_run(t, &half, texts, 3, halved);
    for (size_t i = 0; i < 3 * 24; i++)
        most = fmaxf(most, fabsf(full[i] - halved[i]));
    assert_true(most > 0 && most < 5e-3f);
    vireo_session_destroy(&s);
    vireo_session_destroy(&t);
    vireo_model_destroy(&a);
    vireo_model_destroy(&b);
    test_device_destroy(&d);
}

/* The caller's memory is only read: neither it nor its neighbours on the same pages change. */
static void borrowed_memory_is_kept(void **state)
{
    (void)state;
    enum { N = 40000, ROWS = 100, USED = 300 * ROWS };
    float *data = malloc(N * sizeof *data);
    assert_non_null(data);
    for (int i = 0; i < N; i++)
        data[i] = (float)i;
    vireo_device *d = make_device(NULL);
    for (int turned = 0; turned < 2; turned++) {
        vireo_graph *g = NULL;
        vireo_model *m = NULL;
        vireo_tensor t = {.dtype = VIREO_F32,
                          .rank = 2,
                          .shape = {ROWS, 300},
                          .data = data + 1001,
                          .bytes = USED * sizeof *data};
        assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
        vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){2, turned ? 300 : ROWS},
                                          (vireo_symbol){0});
        vireo_value c = vireo_graph_constant(g, "c", &t);
        vireo_graph_output(g, "y",
                           vireo_matmul(g, x, c, &(vireo_matmul_args){.transpose_b = turned}));
        assert_int_equal(vireo_model_create(d, &g, NULL, &m, NULL), VIREO_OK);
        vireo_model_destroy(&m);
        for (int i = 0; i < N; i++)
            if (data[i] != (float)i)
                fail_msg("[%d] is %g now", i, (double)data[i]);
    }
    test_device_destroy(&d);
    free(data);
}

/* One large constant against a limit; what the call says. */
static vireo_status one_constant(vireo_device *d, int64_t rows, int64_t width, bool run,
                                 vireo_error *err)
{
    float *data = calloc((size_t)(rows * width), sizeof *data);
    assert_non_null(data);
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_session *s = NULL;
    vireo_tensor t = {.dtype = VIREO_F32,
                      .rank = 2,
                      .shape = {rows, width},
                      .data = data,
                      .bytes = (size_t)(rows * width) * 4};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_graph_output(g, "y", vireo_scale(g, vireo_graph_constant(g, "big", &t), 2.0f, 0.0f));
    vireo_status st = vireo_model_create(d, &g, NULL, &m, err);
    if (!st)
        st = vireo_session_create(m, NULL, &s, err);
    vireo_tensor out = {.data = data, .bytes = t.bytes};
    if (!st && run)
        st = vireo_session_run(s, NULL, 0, &out, 1, err);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    free(data);
    return st;
}

static void limits(void **state)
{
    (void)state;
    vireo_error err = {0};
    vireo_device *d = make_device(&(vr_device_override){.max_allocation_bytes = 8192});
    assert_int_equal(one_constant(d, 64, 30, false, &err), VIREO_OK); /* 8192 bytes padded */
    assert_int_equal(one_constant(d, 65, 30, false, &err), VIREO_ERROR_LIMIT);
    assert_string_equal(err.message, "constant big needs 8448 bytes, the device allocates at most "
                                     "8192");
    test_device_destroy(&d);

    d = make_device(
        &(vr_device_override){.max_storage_binding_bytes = 4096, .max_texel_elements = 100});
    assert_int_equal(one_constant(d, 32, 30, true, &err), VIREO_OK);
    assert_int_equal(one_constant(d, 33, 30, true, &err), VIREO_OK); /* in slabs */
    assert_int_equal(one_constant(d, 2, 1056, true, &err), VIREO_ERROR_LIMIT);
    assert_string_equal(err.message,
                        "unary: an operand of 8448 bytes, the device binds at most 4096");
    test_device_destroy(&d);
}

/* Two results of 32 GiB each, from a table without rows. */
static void activation_too_large(void **state)
{
    (void)state;
    enum { IDS = 1 << 15, WIDTH = 1 << 18 };
    vireo_device *d = make_device(NULL);
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_error err = {0};
    static int32_t ids[IDS];
    const vireo_tensor t = {.dtype = VIREO_F32, .rank = 2, .shape = {0, WIDTH}};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value i = vireo_graph_input(g, "ids", VIREO_I32, 1, (int64_t[]){IDS}, (vireo_symbol){0});
    vireo_value x = vireo_embedding(g, vireo_graph_constant(g, "none", &t), i);
    x = vireo_unary_op(g, VIREO_TANH, x);
    vireo_graph_output(g, "y", vireo_reduce(g, VIREO_REDUCE_SUM, x));
    if (vireo_model_create(d, &g, NULL, &m, &err))
        fail_msg("%s", err.message);
    vireo_session *s = tiny_session(m, NULL);
    const vireo_tensor in = {VIREO_I32, 1, {IDS}, ids, sizeof ids};
    vireo_tensor out = {.data = ids, .bytes = sizeof ids};
    vireo_status st = vireo_session_run(s, &in, 1, &out, 1, &err);
    if (st != VIREO_ERROR_LIMIT || strncmp(err.message, "activations: 68719477248 bytes ", 31))
        fail_msg("%s: %s", vireo_status_text(st), err.message);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    test_device_destroy(&d);
}

static int cancel(void *user, const char *what, uint64_t done, uint64_t total)
{
    int *calls = user;
    assert_string_equal(what, "loading weights");
    assert_true(done > 0 && done <= total);
    return ++*calls == 3;
}

static void cancelled(void **state)
{
    (void)state;
    vireo_device *d = make_device(NULL);
    float *weights = calloc(tiny_weight_count(&tiny_default), sizeof *weights);
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_error err = {0};
    int calls = 0;
    vireo_model_options o = VIREO_OPTIONS(vireo_model_options);
    o.progress = cancel;
    o.progress_user = &calls;
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    tiny_build(g, &tiny_default, weights);
    assert_int_equal(vireo_model_create(d, &g, &o, &m, &err), VIREO_ERROR_CANCELLED);
    assert_string_equal(err.message, "loading weights was cancelled");
    assert_int_equal(calls, 3);
    assert_null(m);
    assert_null(g);
    free(weights);
    test_device_destroy(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padded_and_half), cmocka_unit_test(several_buffers),
        cmocka_unit_test(staging),         cmocka_unit_test(encoder_with_staging),
        cmocka_unit_test(half_table),      cmocka_unit_test(borrowed_memory_is_kept),
        cmocka_unit_test(limits),          cmocka_unit_test(activation_too_large),
        cmocka_unit_test(cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
