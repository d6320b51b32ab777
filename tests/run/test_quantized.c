/* SPDX-License-Identifier: Apache-2.0
 * Random weights, packed, against double precision: as they are stored, and as they were before. */
#include "tiny_encoder.h"
#include <math.h>
#include "ops/op.h"
#include "run/model.h"
#include "tensor/quant.h"
#include "vireo/inspect.h"

/* error: what packing costs at most, as NMSE. Of normal weights with a scale s, rounding costs s² / 12;
 * the largest of 32 is about twice their deviation, s a 127th or an 8th of it. */
static const struct {
    vireo_dtype dtype;
    double error;
} formats[] = {{VIREO_BF16, 1e-5}, {VIREO_Q8_0, 1e-4}, {VIREO_Q4_0, 2e-2}};
enum { FORMATS = sizeof formats / sizeof *formats };
static const double most_nmse = 1e-9;

static float *floats(size_t n, uint64_t seed)
{
    float *x = malloc((n + 1) * sizeof *x);
    if (!x)
        abort();
    for (size_t i = 0; i < n; i++) { /* about normal */
        x[i] = 0;
        for (int j = 0; j < 6; j++)
            x[i] += tiny_uniform(&seed);
    }
    return x;
}

static vireo_model *linear_model(vireo_device *d, const vireo_tensor *w, int64_t m)
{
    vireo_graph *g = NULL;
    vireo_model *model = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, NULL), VIREO_OK);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){m, w->shape[1]},
                                      (vireo_symbol){0});
    vireo_graph_output(g, "y", vireo_linear(g, x, vireo_graph_constant(g, "w", w), VIREO_NONE));
    if (vireo_model_create(d, &g, NULL, &model, &err))
        fail_msg("%s", err.message);
    return model;
}

/* y (m, n) = x (m, k) · wᵀ by the kernel that is forced, or the usual one (NULL); returns which ran. */
static const char *run_linear(vireo_device *d, const vireo_tensor *w, int64_t m, float *x,
                              const char *force, float *y)
{
    vireo_model *model = linear_model(d, w, m);
    vireo_session *s = tiny_session(model, force);
    vireo_error err = {0};
    const char *op;
    vireo_tensor in = {VIREO_F32, 2, {m, w->shape[1]}, x, (size_t)(m * w->shape[1]) * 4};
    vireo_tensor out = {.data = y, .bytes = (size_t)(m * w->shape[0]) * 4};
    if (vireo_session_run(s, &in, 1, &out, 1, &err))
        fail_msg("%s", err.message);
    const char *kernel = vireo_session_get_kernel(s, 0, &op);
    for (size_t i = 1; i < model->graph->n_values; i++)
        assert_false(model->graph->values[i].transposed);
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
    return kernel; /* of a table */
}

/* NMSE of y against x times the weights, packed ones or, if given, plain ones. */
static double nmse_of(const float *y, const float *x, int64_t m, int64_t n, int64_t k,
                      const vireo_tensor *packed, const float *plain)
{
    double error = 0, square = 0;
    float *row = floats((size_t)k, 0);
    const size_t bytes = vireo_dtype_row_bytes(packed->dtype, k);
    for (int64_t j = 0; j < n; j++) {
        if (plain)
            memcpy(row, plain + j * k, (size_t)k * sizeof *row);
        else
            vr_unpack_row(packed->dtype, (char *)packed->data + (size_t)j * bytes, (size_t)k, row);
        for (int64_t i = 0; i < m; i++) {
            double want = 0;
            for (int64_t l = 0; l < k; l++)
                want += (double)x[i * k + l] * (double)row[l];
            error += (want - (double)y[i * n + j]) * (want - (double)y[i * n + j]);
            square += want * want;
        }
    }
    free(row);
    return error / square;
}

static vireo_tensor pack(vireo_dtype dtype, const float *w, int64_t n, int64_t k)
{
    const size_t row = vireo_dtype_row_bytes(dtype, k);
    vireo_tensor t = {.dtype = dtype, .rank = 2, .shape = {n, k}, .bytes = row * (size_t)n};
    t.data = malloc(t.bytes);
    if (!t.data)
        abort();
    for (int64_t j = 0; j < n; j++)
        vr_pack_row(dtype, w + j * k, (size_t)k, (char *)t.data + (size_t)j * row);
    return t;
}

static void check_shape(vireo_device *d, int64_t m, int64_t n, int64_t k)
{
    float *w = floats((size_t)(n * k), 7), *x = floats((size_t)(m * k), 8);
    float *y = floats((size_t)(m * n), 9);
    for (size_t f = 0; f < FORMATS; f++) {
        vireo_tensor packed = pack(formats[f].dtype, w, n, k);
        run_linear(d, &packed, m, x, NULL, y);
        const double exact = nmse_of(y, x, m, n, k, &packed, NULL);
        const double before = nmse_of(y, x, m, n, k, &packed, w);
        printf("%s %lldx%lldx%lld: NMSE %.2g, against the weights before %.2g\n",
               vireo_dtype_name(formats[f].dtype), (long long)m, (long long)n, (long long)k, exact,
               before);
        assert_true(exact <= most_nmse);
        assert_true(before <= formats[f].error && before > 1e3 * exact);
        free(packed.data);
    }
    free(w);
    free(x);
    free(y);
}

static void random_weights(void **state)
{
    vireo_device *d = *state;
    check_shape(d, 1, 384, 384);
    check_shape(d, 3, 129, 1536);
    check_shape(d, 20, 301, 320);
}

/* Several chunks of an upload, through staging. */
static void staged(void **state)
{
    (void)state;
    vireo_device_options options = test_device_options();
    vireo_device *d =
        test_device_create_with(&options, &(vr_device_override){.force_staging = true});
    check_shape(d, 2, 4100, 512);
    test_device_destroy(&d);
}

/* Whether a kernel of matmul is written to sum as "packed" does. */
static bool sums_as_packed(const char *kernel)
{
    const vr_op *op = vr_ops[VR_OP_MATMUL];
    int packed = 0, other = 0;
    for (size_t i = 0; i < op->n_kernels; i++) {
        if (!strcmp(op->kernels[i].name, "packed"))
            packed = op->kernels[i].order;
        if (!strcmp(op->kernels[i].name, kernel))
            other = op->kernels[i].order;
    }
    assert_true(packed != 0);
    return packed == other;
}

/* A row has the same bits alone, in a few rows, and in many, by all kernels that sum in that order
 * (vr_kernel.order). What a device takes for a few rows of bf16 may be another kernel: where lanes share a sum
 * ("words"), it is nearly the same. */
static void rows_do_not_depend_on_others(void **state)
{
    enum { M = 20, N = 37, K = 96 };
    vireo_device *d = *state;
    float *w = floats((size_t)N * K, 1), *x = floats((size_t)M * K, 2);
    float many[M * N], few[M * N];
    for (size_t f = 0; f < FORMATS; f++) {
        vireo_tensor packed = pack(formats[f].dtype, w, N, K);
        const bool blocks = formats[f].dtype != VIREO_BF16; /* which other kernels take, too */
        run_linear(d, &packed, M, x, "matmul/packed", many);
        assert_true(nmse_of(many, x, M, N, K, &packed, NULL) <= most_nmse);
        const char *usual = run_linear(d, &packed, M, x, NULL, few);
        assert_true(!blocks || !strcmp(usual, "packed"));
        for (int m = 1; m <= 8; m++) {
            const size_t bytes = (size_t)m * N * sizeof *few;
            run_linear(d, &packed, m, x, "matmul/packed", few);
            assert_memory_equal(few, many, bytes);
            run_linear(d, &packed, m, x, "matmul/few", few);
            assert_memory_equal(few, many, bytes);
            usual = run_linear(d, &packed, m, x, NULL, few);
            const bool shares = d->info.type != VIREO_DEVICE_CPU && !strcmp(usual, "words");
            assert_true(!blocks || shares || !strcmp(usual, "few"));
            if (sums_as_packed(usual))
                assert_memory_equal(few, many, bytes);
            else
                assert_true(nmse_of(few, x, m, N, K, &packed, NULL) <= most_nmse);
        }
        free(packed.data);
    }
    free(w);
    free(x);
}

/* Where lanes share a sum, a row of bf16 has the same bits alone and in few rows, too; in another order than by
 * "packed". */
static void rows_of_shared_sums(void **state)
{
    enum { M = 4, N = 37, K = 96 };
    vireo_device *d = *state;
    if (!d->info.subgroup_arithmetic)
        skip();
    float *w = floats((size_t)N * K, 1), *x = floats((size_t)M * K, 2);
    float all[M * N], some[M * N];
    vireo_tensor packed = pack(VIREO_BF16, w, N, K);
    assert_string_equal(run_linear(d, &packed, M, x, "matmul/words", all), "words");
    assert_true(nmse_of(all, x, M, N, K, &packed, NULL) <= most_nmse);
    for (int m = 1; m < M; m++) {
        run_linear(d, &packed, m, x, "matmul/words", some);
        assert_memory_equal(some, all, (size_t)m * N * sizeof *some);
    }
    free(packed.data);
    free(w);
    free(x);
}

/* Rows of 16-byte units: quants, then scales; bf16 rounded up to 8 elements. */
static void bytes_on_the_device(void **state)
{
    static const struct {
        vireo_dtype dtype;
        int64_t n, k;
        size_t row;
    } rows[] = {
        {VIREO_BF16, 16, 8, 16},   {VIREO_BF16, 16, 9, 32},   {VIREO_Q8_0, 16, 32, 48},
        {VIREO_Q8_0, 16, 256, 272}, {VIREO_Q8_0, 16, 288, 320}, {VIREO_Q4_0, 16, 32, 32},
        {VIREO_Q4_0, 16, 256, 144}, {VIREO_Q4_0, 16, 288, 176},
    };
    vireo_device *d = *state;
    float *w = floats(16 * 288, 3);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_tensor packed = pack(rows[i].dtype, w, rows[i].n, rows[i].k);
        vireo_model *model = linear_model(d, &packed, 1);
        assert_int_equal(vireo_model_weight_bytes(model), 16 * rows[i].row);
        vireo_model_destroy(&model);
        free(packed.data);
    }
    free(w);
}

/* Weights of more than 128 MiB on the device, in the full tier: every result is checked. */
static void large(void **state)
{
    static const struct {
        int64_t n, k;
    } sizes[FORMATS] = {{33000, 2056}, {33000, 4096}, {60000, 4096}};
    const char *tier = getenv("VIREO_TIER");
    if (!tier || strcmp(tier, "full") != 0)
        skip();
    vireo_device *d = *state;
    for (size_t f = 0; f < FORMATS; f++) {
        const int64_t n = sizes[f].n, k = sizes[f].k;
        const size_t row = vireo_dtype_row_bytes(formats[f].dtype, k);
        vireo_tensor t = {.dtype = formats[f].dtype, .rank = 2, .shape = {n, k},
                          .bytes = row * (size_t)n, .data = malloc(row * (size_t)n)};
        float *w = floats((size_t)k, 5), *x = floats(2 * (size_t)k, 4);
        float *y = floats(2 * (size_t)n, 6);
        assert_non_null(t.data);
        for (int64_t j = 0; j < n; j++) { /* every row another */
            w[j % k] += 0.25f;
            vr_pack_row(t.dtype, w, (size_t)k, (char *)t.data + (size_t)j * row);
        }
        vireo_model *model = linear_model(d, &t, 2);
        assert_true(vireo_model_weight_bytes(model) > (size_t)128 << 20);
        vireo_model_destroy(&model);
        run_linear(d, &t, 2, x, NULL, y);
        const double nmse = nmse_of(y, x, 2, n, k, &t, NULL);
        printf("%s %lldx%lld: NMSE %.2g\n", vireo_dtype_name(t.dtype), (long long)n, (long long)k,
               nmse);
        assert_true(nmse <= most_nmse);
        free(t.data);
        free(w);
        free(x);
        free(y);
    }
}

static int set_up(void **state)
{
    *state = test_device_create();
    return 0;
}

static int tear_down(void **state)
{
    vireo_device *d = *state;
    test_device_destroy(&d);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_weights),      cmocka_unit_test(staged),
        cmocka_unit_test(rows_do_not_depend_on_others), cmocka_unit_test(rows_of_shared_sums),
        cmocka_unit_test(bytes_on_the_device), cmocka_unit_test(large),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
