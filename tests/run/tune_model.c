/* SPDX-License-Identifier: Apache-2.0 */
#include "tune_model.h"
#include "vireo/graph.h"
#include "vireo/inspect.h"

static vireo_model *make_model(vireo_device *d, bool finished, int norms)
{
    static float weights[TUNE_HEIGHT * TUNE_WIDTH], bias[TUNE_HEIGHT];
    const vireo_tensor w = {VIREO_F32, 2, {TUNE_HEIGHT, TUNE_WIDTH}, weights, sizeof weights};
    const vireo_tensor b = {VIREO_F32, 1, {TUNE_HEIGHT}, bias, sizeof bias};
    vireo_graph *g = NULL;
    vireo_model *model = NULL;
    vireo_error err = {0};
    for (int i = 0; i < TUNE_HEIGHT * TUNE_WIDTH; i++) {
        weights[i] = (float)(i % 31 - 15) / 16;
        bias[i % TUNE_HEIGHT] = (float)(i % TUNE_HEIGHT) / 8;
    }
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (const int64_t[]){0, TUNE_WIDTH},
                                      vireo_graph_symbol(g, "rows", TUNE_MOST));
    vireo_matmul_args args = {.transpose_b = true};
    if (finished) {
        args.bias = vireo_graph_constant(g, "b", &b);
        args.activation = VIREO_GELU;
    }
    vireo_value y = vireo_matmul(g, x, vireo_graph_constant(g, "w", &w), &args);
    for (int i = 0; i < norms; i++)
        y = vireo_l2_normalize(g, y, 1e-6f);
    vireo_graph_output(g, "y", y);
    vireo_model_options options = VIREO_OPTIONS(vireo_model_options);
    options.keep_layout = true;
    if (vireo_model_create(d, &g, &options, &model, &err))
        fail_msg("%s", err.message);
    return model;
}

vireo_model *tune_model(vireo_device *d)
{
    return make_model(d, true, 0);
}

vireo_model *tune_model_normalized(vireo_device *d)
{
    return make_model(d, true, 1);
}

vireo_model *tune_model_without_scale(vireo_device *d)
{
    return make_model(d, false, 3);
}

vireo_status tune_run(vireo_model *model, const tune_ask *a, float *y, const char **chosen, vireo_error *err)
{
    static float x[TUNE_MOST * TUNE_WIDTH];
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_session *s = NULL;
    const char *op;
    const int64_t rows = a->rows ? a->rows : TUNE_MOST;
    for (int i = 0; i < TUNE_MOST * TUNE_WIDTH; i++)
        x[i] = (float)(i % 17 - 8) / 8;
    options.tune_ms = a->tune_ms;
    options.deterministic = a->deterministic;
    options.force_kernel = a->force;
    options.progress = a->progress;
    options.progress_user = a->user;
    const vireo_tensor in = {VIREO_F32, 2, {rows, TUNE_WIDTH}, x, (size_t)rows * TUNE_WIDTH * sizeof *x};
    vireo_tensor out = {.data = y, .bytes = TUNE_MOST * TUNE_HEIGHT * sizeof *y};
    vireo_status st = vireo_session_create(model, &options, &s, err);
    if (!st)
        st = vireo_session_run(s, &in, 1, &out, 1, err);
    if (!st && chosen)
        *chosen = vireo_session_get_kernel(s, 0, &op);
    vireo_session_destroy(&s);
    return st;
}

const char *tune_run_well(vireo_model *model, const tune_ask *a, float *y)
{
    const char *chosen = "";
    vireo_error err = {0};
    if (tune_run(model, a, y, &chosen, &err))
        fail_msg("%s", err.message);
    return chosen;
}
