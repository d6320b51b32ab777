/* SPDX-License-Identifier: Apache-2.0
 * Ops that go over rows in pieces give a row the same bits alone, among other rows and, if its size
 * is dynamic, in a bucket of any capacity; with each of their kernels. Likewise the kernels of matmul whose
 * tiles are as small as few rows are. */
#include "device_test.h"
#include "op_case.h"
#include "op_rand.h"
#include "vireo/vireo.h"

enum { ROWS = 11, MOST = 20000 };

static vireo_device *device;

static int set_up(void **state)
{
    (void)state;
    device = test_device_create();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_device_destroy(&device);
    return 0;
}

static vireo_value sum(vireo_graph *g, vireo_value x)
{
    return vireo_reduce(g, VIREO_REDUCE_SUM, x);
}
static vireo_value mean(vireo_graph *g, vireo_value x)
{
    return vireo_reduce(g, VIREO_REDUCE_MEAN, x);
}
static vireo_value running(vireo_graph *g, vireo_value x)
{
    return vireo_cumsum(g, x, false);
}
static vireo_value running_before(vireo_graph *g, vireo_value x)
{
    return vireo_cumsum(g, x, true);
}
static vireo_value probabilities(vireo_graph *g, vireo_value x)
{
    return vireo_softmax(g, x, 0.7f, VIREO_NONE);
}
static vireo_value logarithms(vireo_graph *g, vireo_value x)
{
    return vireo_log_softmax(g, x, 0.7f, VIREO_NONE);
}

static const struct {
    vr_op_id op;
    vireo_value (*build)(vireo_graph *, vireo_value x);
} ops[] = {
    {VR_OP_REDUCE, sum},
    {VR_OP_REDUCE, mean},
    {VR_OP_CUMSUM, running},
    {VR_OP_CUMSUM, running_before},
    {VR_OP_SOFTMAX, probabilities},
    {VR_OP_SOFTMAX, logarithms},
};
enum { N_OPS = sizeof ops / sizeof *ops };

/* A session for x, whose first dimension is dynamic: a vector if width is 0. */
static vireo_session *open_session(size_t op, size_t kernel, int64_t width, vireo_model **m)
{
    vireo_graph *g = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    char force[64];
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    const vireo_symbol size = vireo_graph_symbol(g, "size", width ? ROWS : MOST);
    const int64_t shape[] = {0, width};
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, width ? 2 : 1, shape, size);
    vireo_graph_output(g, "y", ops[op].build(g, x));
    if (vireo_model_create(device, &g, NULL, m, &err))
        fail_msg("%s", err.message);
    snprintf(force, sizeof force, "%s/%s", vr_ops[ops[op].op]->name,
             vr_ops[ops[op].op]->kernels[kernel].name);
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.force_kernel = force;
    if (vireo_session_create(*m, &options, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

/* False where the kernel does not take this size. */
static bool run(vireo_session *s, const float *x, int64_t size, int64_t width, int64_t out_width,
                float *y)
{
    vireo_error err = {0};
    const size_t n = (size_t)(size * (width ? width : 1));
    vireo_tensor in = {.dtype = VIREO_F32,
                       .rank = width ? 2 : 1,
                       .shape = {size, width},
                       .data = (void *)(uintptr_t)x,
                       .bytes = n * sizeof(float)};
    vireo_tensor out = {.data = y, .bytes = (size_t)(size * (out_width ? out_width : 1)) * sizeof(float)};
    vireo_status st = vireo_session_run(s, &in, 1, &out, 1, &err);
    if (st && st != VIREO_ERROR_UNSUPPORTED)
        fail_msg("%s", err.message);
    return !st;
}

static float x[ROWS * MOST], all[ROWS * MOST], one[MOST];

static void fill_x(void)
{
    uint64_t seed = 5;
    for (size_t i = 0; i < ROWS * MOST; i++)
        x[i] = (float)((double)(op_next(&seed) >> 11) * 0x1p-53 * 8 - 3);
}

static void test_rows(void **state)
{
    (void)state;
    static const int64_t widths[] = {7, 700, 4097, MOST};
    size_t compared = 0;
    fill_x();
    for (size_t op = 0; op < N_OPS; op++)
        for (size_t k = 0; k < vr_ops[ops[op].op]->n_kernels; k++)
            for (size_t w = 0; w < 4; w++) {
                const int64_t width = widths[w], of_row = ops[op].op == VR_OP_REDUCE ? 1 : width;
                vireo_model *m = NULL;
                vireo_session *s = open_session(op, k, width, &m);
                bool ran = run(s, x, ROWS, width, width, all);
                for (int64_t row = 0; ran && row < ROWS; row += 5) {
                    assert_true(run(s, x + row * width, 1, width, width, one));
                    if (memcmp(one, all + row * of_row, (size_t)of_row * sizeof(float)) != 0)
                        fail_msg("op %zu, kernel %zu: row %lld of %lld differs alone", op, k,
                                 (long long)row, (long long)width);
                    compared++;
                }
                vireo_session_destroy(&s);
                vireo_model_destroy(&m);
            }
    assert_true(compared >= 3 * 4 * N_OPS); /* the last kernel takes all */
}

static void test_capacities(void **state)
{
    (void)state;
    size_t compared = 0;
    fill_x();
    for (size_t op = 0; op < N_OPS; op++)
        for (size_t k = 0; k < vr_ops[ops[op].op]->n_kernels; k++) {
            vireo_model *m = NULL, *fixed = NULL;
            /* 9000 are three pieces, a vector's bucket has room for four. */
            vireo_session *row = open_session(op, k, 9000, &fixed), *s = open_session(op, k, 0, &m);
            const size_t n = ops[op].op == VR_OP_REDUCE ? 1 : 9000;
            if (run(row, x, 1, 9000, 9000, one) && run(s, x, 9000, 0, 0, all)) {
                assert_memory_equal(one, all, n * sizeof(float));
                compared++;
            }
            vireo_session_destroy(&s);
            vireo_session_destroy(&row);
            vireo_model_destroy(&m);
            vireo_model_destroy(&fixed);
        }
    assert_true(compared >= N_OPS);
}

/* Kernels of matmul that take as many rows a lane as a bucket holds, at most so many in these buckets. */
static const struct {
    const char *kernel;
    vireo_dtype weights;
    uint32_t rows, columns;
} products[] = {{"matmul/dot", VIREO_F32, 4, 37},
                {"matmul/words", VIREO_F16, 4, 37},
                {"matmul/thin", VIREO_F32, 4, 37},
                {"matmul/dot", VIREO_F32, 19, 6},
                {"matmul/words", VIREO_F16, 19, 7}};
enum { N_PRODUCTS = sizeof products / sizeof *products, FEW = 19, K = 520, N = 37 };

static vireo_session *open_product(size_t i, uint32_t most, vireo_model **m)
{
    static uint16_t halves[N * K];
    const bool f16 = products[i].weights == VIREO_F16;
    for (size_t j = 0; j < (size_t)N * K; j++) /* 1 to 2 */
        halves[j] = (uint16_t)(0x3c00 + j * 37 % 1024);
    const uint32_t n = products[i].columns;
    const vireo_tensor w = {products[i].weights, 2, {n, K}, f16 ? (void *)halves : (void *)all,
                            (size_t)n * K * (f16 ? 2 : 4)};
    vireo_graph *g = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    const vireo_symbol rows = vireo_graph_symbol(g, "rows", most);
    vireo_value a = vireo_graph_input(g, "a", VIREO_F32, 2, (int64_t[]){0, K}, rows);
    vireo_graph_output(g, "y", vireo_linear(g, a, vireo_graph_constant(g, "w", &w), VIREO_NONE));
    vireo_model_options layout = VIREO_OPTIONS(vireo_model_options);
    layout.keep_layout = true;
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.force_kernel = products[i].kernel;
    if (vireo_model_create(device, &g, &layout, m, &err) || vireo_session_create(*m, &options, &s, &err))
        fail_msg("%s", err.message);
    return s;
}

static void test_products(void **state)
{
    (void)state;
    static float y[FEW * N];
    fill_x();
    memcpy(all, x + ROWS * K, sizeof(float) * N * K); /* the weights */
    for (size_t i = 0; i < N_PRODUCTS; i++) {
        vireo_model *m = NULL, *single = NULL;
        const int64_t n = products[i].columns;
        vireo_session *s = open_product(i, products[i].rows, &m), *alone = open_product(i, 1, &single);
        assert_true(run(s, x, products[i].rows, K, n, y));
        for (int64_t row = 0; row < products[i].rows; row++) {
            assert_true(run(s, x + row * K, 1, K, n, one));
            assert_memory_equal(one, y + row * n, (size_t)n * sizeof(float));
            assert_true(run(alone, x + row * K, 1, K, n, one));
            assert_memory_equal(one, y + row * n, (size_t)n * sizeof(float));
        }
        vireo_session_destroy(&alone);
        vireo_session_destroy(&s);
        vireo_model_destroy(&single);
        vireo_model_destroy(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_products),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_capacities),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
