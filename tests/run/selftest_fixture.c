/* SPDX-License-Identifier: Apache-2.0 */
#include "selftest_fixture.h"
#include "run/shader_text.h"
#include "vireo/graph.h"

static void count_warnings(void *user, vireo_log_level level, const char *message)
{
    selftest_fixture *f = user;
    f->warnings += level <= VIREO_LOG_WARN;
    if (level <= VIREO_LOG_WARN)
        snprintf(f->last, sizeof f->last, "%s", message);
}

vireo_device *selftest_reopen(selftest_fixture *f, const vr_device_override *override)
{
    vireo_device_options options = test_device_options();
    options.cache_dir = f->folder.path;
    options.log = count_warnings;
    options.log_user = f;
    if (f->device)
        test_device_destroy(&f->device);
    const vr_device_override alike = {.cpu = true, .no_shuffle = true, .force_staging = f->staging};
    f->device = test_device_create_with(&options, override ? override : &alike);
    return f->device;
}

int selftest_set_up(void **state)
{
    selftest_fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    scratch_init(&f->folder);
    *state = f;
    return 0;
}

int selftest_tear_down(void **state)
{
    selftest_fixture *f = *state;
    if (f->device)
        test_device_destroy(&f->device);
    scratch_deinit(&f->folder);
    free(f->shader);
    free(f);
    return 0;
}

vireo_selftest *selftest_run_op(selftest_fixture *f, const char *op)
{
    vireo_selftest_options o = VIREO_OPTIONS(vireo_selftest_options);
    vireo_selftest *t = NULL;
    vireo_error err = {0};
    o.op = op;
    if (vireo_selftest_run(f->device, &o, &t, &err))
        fail_msg("%s", err.message);
    return t;
}

vireo_selftest *selftest_run(selftest_fixture *f)
{
    return selftest_run_op(f, NULL);
}

const vireo_selftest_result *selftest_result(const vireo_selftest *t, const char *kernel)
{
    char name[VR_VERDICT_NAME];
    const vireo_selftest_result *r;
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++) {
        snprintf(name, sizeof name, "%s/%s", r->op, r->kernel);
        if (!strcmp(name, kernel))
            return r;
    }
    fail_msg("no result of %s", kernel);
    return NULL;
}

/* A shader's text with the first `find` replaced. */
vr_device_override selftest_broken(selftest_fixture *f, const char *shader, const char *find,
                                 const char *replace)
{
    const char *text = NULL;
    for (size_t i = 0; i < vr_shader_text_count; i++)
        if (!strcmp(vr_shader_texts[i].name, shader))
            text = vr_shader_texts[i].text;
    assert_non_null(text);
    const char *at = strstr(text, find);
    if (!at)
        fail_msg("%s has no \"%s\"", shader, find);
    const size_t size = strlen(text) + strlen(replace) + 1;
    f->shader = realloc(f->shader, size);
    assert_non_null(f->shader);
    snprintf(f->shader, size, "%.*s%s%s", (int)(at - text), text, replace, at + strlen(find));
    return (vr_device_override){
        .shader = shader, .shader_text = f->shader, .cpu = true, .no_shuffle = true};
}

/* ---- A model that would use the kernel ------------------------------------------------------ */

enum { N = 24 };

const vr_kernel *selftest_kernel(const char *name)
{
    const vr_kernel *k = vr_ops[VR_OP_MATMUL]->kernels;
    while (strcmp(k->name, name) != 0)
        k++;
    return k;
}

/* out = a · b + bias with a, b (N, N). */
static vireo_status run_matmul(vireo_device *d, const char *force, char chosen[32],
                               vireo_error *err)
{
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_session *s = NULL;
    float a[N * N], b[N * N], bias[N], out[N * N];
    for (int i = 0; i < N * N; i++) {
        a[i] = (float)(i % 7 - 3);
        b[i] = (float)(i % 5 - 2);
        bias[i % N] = (float)(100 + i % N);
    }
    assert_int_equal(vireo_graph_create(NULL, &g, err), VIREO_OK);
    vireo_value in[3];
    for (int i = 0; i < 3; i++)
        in[i] =
            vireo_graph_input(g,
                              i == 0   ? "a"
                              : i == 1 ? "b"
                                       : "bias",
                              VIREO_F32, i < 2 ? 2 : 1, (const int64_t[]){N, N}, (vireo_symbol){0});
    vireo_graph_output(g, "y", vireo_matmul(g, in[0], in[1], &(vireo_matmul_args){.bias = in[2]}));
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.force_kernel = force;
    const vireo_tensor tensors[3] = {{VIREO_F32, 2, {N, N}, a, sizeof a},
                                     {VIREO_F32, 2, {N, N}, b, sizeof b},
                                     {VIREO_F32, 1, {N}, bias, sizeof bias}};
    vireo_tensor result = {.data = out, .bytes = sizeof out};
    vireo_status st = vireo_model_create(d, &g, NULL, &m, err);
    if (!st)
        st = vireo_session_create(m, &options, &s, err);
    if (!st)
        st = vireo_session_run(s, tensors, 3, &result, 1, err);
    if (!st) {
        const char *op;
        snprintf(chosen, 32, "%s", vireo_session_get_kernel(s, 0, &op));
    }
    for (int i = 0; !st && i < N; i++)
        for (int j = 0; j < N; j++) {
            float sum = bias[j];
            for (int k = 0; k < N; k++)
                sum += a[i * N + k] * b[k * N + j];
            if (out[i * N + j] != sum)
                st = vr_fail(err, VIREO_ERROR_DEVICE, "wrong answers from %s", chosen);
        }
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    return st;
}

void selftest_right(vireo_device *d, const char *kernel)
{
    char chosen[32] = "";
    vireo_error err = {0};
    if (run_matmul(d, NULL, chosen, &err))
        fail_msg("%s", err.message);
    assert_string_equal(chosen, kernel);
}

void selftest_fails(vireo_device *d, const char *force, const char *message)
{
    char chosen[32] = "";
    vireo_error err = {0};
    assert_int_not_equal(run_matmul(d, force, chosen, &err), VIREO_OK);
    assert_string_equal(err.message, message);
}
