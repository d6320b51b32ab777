/* SPDX-License-Identifier: Apache-2.0
 * A graph whose nodes were fused and one that runs as it was built answer alike; the fused one has
 * fewer. */
#include "device_test.h"
#include "vireo/graph.h"
#include "vireo/inspect.h"
#include <math.h>

enum { WIDTH = 48, HIDDEN = 100, ROWS = 37, MOST = 64, NODES = 11, FUSED = 5 };

static float up[HIDDEN * WIDTH], gate[HIDDEN * WIDTH], down[WIDTH * HIDDEN], bias[WIDTH];

static vireo_value constant(vireo_graph *g, const char *name, float *data, uint32_t rank, int64_t a,
                            int64_t b)
{
    const size_t n = (size_t)a * (size_t)(rank > 1 ? b : 1);
    for (size_t i = 0; i < n; i++)
        data[i] = (float)((i * 31) % 53) / 106 - 0.25f;
    const vireo_tensor t = {VIREO_F32, rank, {a, b}, data, n * sizeof *data};
    return vireo_graph_constant(g, name, &t);
}

/* tanh((silu(x gateᵀ) · (x upᵀ)) downᵀ + bias + x), node by node. */
static vireo_graph *build(void)
{
    static const uint32_t swap[] = {1, 0};
    vireo_graph *g = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){0, WIDTH},
                                      vireo_graph_symbol(g, "rows", MOST));
    vireo_value a = vireo_matmul(
        g, x, vireo_transpose(g, constant(g, "gate", gate, 2, HIDDEN, WIDTH), swap), NULL);
    vireo_value b =
        vireo_matmul(g, x, vireo_transpose(g, constant(g, "up", up, 2, HIDDEN, WIDTH), swap), NULL);
    vireo_value h = vireo_binary_op(g, VIREO_MUL, vireo_unary_op(g, VIREO_SILU, a), b);
    vireo_value y = vireo_matmul(
        g, h, vireo_transpose(g, constant(g, "down", down, 2, WIDTH, HIDDEN), swap), NULL);
    y = vireo_binary_op(g, VIREO_ADD, y, constant(g, "bias", bias, 1, WIDTH, 0));
    y = vireo_binary_op(g, VIREO_ADD, y, x);
    vireo_graph_output(g, "y", vireo_unary_op(g, VIREO_TANH, y));
    if (vireo_graph_check(g, &err))
        fail_msg("%s", err.message);
    return g;
}

static size_t run(vireo_device *d, bool no_fuse, float *y)
{
    static float x[ROWS * WIDTH];
    vireo_graph *g = build();
    vireo_model *model = NULL;
    vireo_session *s = NULL;
    vireo_plan_info plan = {0};
    vireo_error err = {0};
    vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
    options.no_fuse = no_fuse;
    for (int i = 0; i < ROWS * WIDTH; i++)
        x[i] = (float)(i % 29 - 14) / 16;
    const vireo_tensor in = {VIREO_F32, 2, {ROWS, WIDTH}, x, sizeof x};
    vireo_tensor out = {.data = y, .bytes = ROWS * WIDTH * sizeof *y};
    vireo_status st = vireo_model_create(d, &g, &options, &model, &err);
    if (!st)
        st = vireo_session_create(model, NULL, &s, &err);
    if (!st)
        st = vireo_session_run(s, &in, 1, &out, 1, &err);
    if (!st)
        st = vireo_session_get_plan(s, &plan, &err);
    if (st)
        fail_msg("%s", err.message);
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
    return plan.nodes;
}

static void test_alike(void **state)
{
    static float fused[ROWS * WIDTH], plain[ROWS * WIDTH];
    vireo_device *d = test_device_create();
    (void)state;
    assert_int_equal(run(d, true, plain), NODES);
    assert_int_equal(run(d, false, fused), FUSED);
    double wrong = 0, all = 0;
    for (int i = 0; i < ROWS * WIDTH; i++) {
        wrong += pow((double)fused[i] - (double)plain[i], 2);
        all += pow((double)plain[i], 2);
    }
    printf("NMSE %.2g\n", wrong / all);
    assert_true(all > 1 && wrong <= 1e-10 * all);
    test_device_destroy(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_alike)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
