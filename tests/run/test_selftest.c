/* SPDX-License-Identifier: Apache-2.0
 * The self-test: passes here; finds kernels that are broken on purpose, and sessions then choose
 * others; what it found outlives the device object, a lost device and the end of the program. */
#include "device_test.h"
#include "run/selftest.h"
#include "run/shader_text.h"
#include "vireo/graph.h"
#include "vk/scratch.h"
#include <math.h>

typedef struct fixture {
    scratch folder;
    vireo_device *device;
    char *shader; /* what takes the place of one */
    unsigned warnings;
    char last[1024];
} fixture;

static void count_warnings(void *user, vireo_log_level level, const char *message)
{
    fixture *f = user;
    f->warnings += level <= VIREO_LOG_WARN;
    if (level <= VIREO_LOG_WARN)
        snprintf(f->last, sizeof f->last, "%s", message);
}

/* Opens a device, instead of the one that was open, with f's folder. */
static vireo_device *reopen(fixture *f, const vr_device_override *override)
{
    vireo_device_options options = test_device_options();
    options.cache_dir = f->folder.path;
    options.log = count_warnings;
    options.log_user = f;
    if (f->device)
        test_device_destroy(&f->device);
    f->device = test_device_create_with(&options, override);
    return f->device;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    scratch_init(&f->folder);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    if (f->device)
        test_device_destroy(&f->device);
    scratch_deinit(&f->folder);
    free(f->shader);
    free(f);
    return 0;
}

/* op: NULL, or the one whose kernels are tried. */
static vireo_selftest *run_op(fixture *f, const char *op)
{
    vireo_selftest_options o = VIREO_OPTIONS(vireo_selftest_options);
    vireo_selftest *t = NULL;
    vireo_error err = {0};
    o.op = op;
    if (vireo_selftest_run(f->device, &o, &t, &err))
        fail_msg("%s", err.message);
    return t;
}

static vireo_selftest *run(fixture *f)
{
    return run_op(f, NULL);
}

static const vireo_selftest_result *result_of(const vireo_selftest *t, const char *kernel)
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
static vr_device_override broken(fixture *f, const char *shader, const char *find,
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
    return (vr_device_override){.shader = shader, .shader_text = f->shader};
}

/* ---- A model that would use the kernel ------------------------------------------------------ */

enum { N = 24 };
#define MATMUL vr_ops[VR_OP_MATMUL]

static const vr_kernel *kernel_of(const char *name)
{
    const vr_kernel *k = MATMUL->kernels;
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

static void assert_right(vireo_device *d, const char *kernel)
{
    char chosen[32] = "";
    vireo_error err = {0};
    if (run_matmul(d, NULL, chosen, &err))
        fail_msg("%s", err.message);
    assert_string_equal(chosen, kernel);
}

static void assert_fails(vireo_device *d, const char *force, const char *message)
{
    char chosen[32] = "";
    vireo_error err = {0};
    assert_int_not_equal(run_matmul(d, force, chosen, &err), VIREO_OK);
    assert_string_equal(err.message, message);
}

#define DROPS_A_TERM "matmul.comp", "fma(vec4(a.x), w[n][0], acc[r][n])", "acc[r][n]"

/* ---- Tests ---------------------------------------------------------------------------------- */

/* Every op has checks, and they reach every kernel that the device has the features for. */
static void test_passes(void **state)
{
    fixture *f = *state;
    reopen(f, NULL);
    vireo_selftest *t = run(f);
    size_t n = 0;
    for (size_t op = 0; vireo_op_name(op); op++) {
        if (vr_ops[op]->n_checks < 2)
            fail_msg("%s has %zu checks, at least 2 are wanted", vr_ops[op]->name,
                     vr_ops[op]->n_checks);
        for (size_t k = 0; vireo_kernel_name(op, k); k++, n++) {
            const vireo_selftest_result *r = vireo_selftest_get(t, n);
            assert_non_null(r);
            assert_string_equal(r->op, vireo_op_name(op));
            assert_string_equal(r->kernel, vireo_kernel_name(op, k));
            const uint32_t needs = vr_ops[op]->kernels[k].needs;
            const vireo_device_info *info = &f->device->info;
            const bool has =
                (info->subgroup_arithmetic || !(needs & VR_NEEDS_SUBGROUP_ARITHMETIC)) &&
                ((info->type == VIREO_DEVICE_CPU && !info->costly_texel_fetch) ||
                 !(needs & VR_NEEDS_CPU_FETCH));
            if (r->verdict != (has ? VIREO_VERDICT_PASSED : VIREO_VERDICT_NOT_APPLICABLE))
                fail_msg("%s/%s: %d, %s", r->op, r->kernel, r->verdict, r->reason);
            if (has)
                assert_string_equal(r->reason, "");
            else
                assert_memory_equal(r->reason, "needs ", 6);
            assert_int_equal(r->cases > 0, has);
            assert_true(r->nmse <= 1e-6 && r->error <= 1e-5 && r->ms >= 0);
            assert_null(r->report);
        }
    }
    assert_null(vireo_selftest_get(t, n));
    vireo_selftest_destroy(&t);
    vireo_selftest_destroy(&t);
    t = run_op(f, "pool");
    for (n = 0; vireo_selftest_get(t, n); n++)
        assert_string_equal(vireo_selftest_get(t, n)->op, "pool");
    assert_int_equal(n, vr_ops[VR_OP_POOL]->n_kernels);
    vireo_selftest_destroy(&t);
    vireo_selftest_options o = VIREO_OPTIONS(vireo_selftest_options);
    vireo_error err = {0};
    o.struct_size = 0;
    assert_int_equal(vireo_selftest_run(f->device, &o, &t, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "vireo_selftest_options.struct_size is 0; use VIREO_OPTIONS");
    o.struct_size = sizeof o;
    o.op = "pol";
    assert_int_equal(vireo_selftest_run(f->device, &o, &t, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_string_equal(err.message, "self-test: no op is named pol");
    assert_null(t);
    assert_int_equal(scratch_find(&f->folder, "selftest-", NULL), 0);
    assert_int_equal(f->warnings, 0);
    assert_right(f->device, "texel");
}

static void test_low_device(void **state)
{
    fixture *f = *state;
    const vr_device_override low = {.max_storage_bindings = 4,
                                    .no_subgroups = true,
                                    .max_texel_elements = 65536,
                                    .max_workgroup_invocations = 128,
                                    .max_shared_bytes = 16384};
    reopen(f, &low);
    vireo_selftest *t = run(f);
    size_t passed = 0;
    const vireo_selftest_result *r;
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++) {
        if (r->verdict == VIREO_VERDICT_NOT_APPLICABLE)
            assert_true(strncmp(r->reason, "needs ", 6) == 0 ||
                        strstr(r->reason, " storage buffers, the device allows 4"));
        else if (r->verdict != VIREO_VERDICT_PASSED)
            fail_msg("%s/%s: %s", r->op, r->kernel, r->reason);
        passed += r->verdict == VIREO_VERDICT_PASSED;
    }
    assert_string_equal(result_of(t, "norm/subgroup")->reason, "needs subgroup arithmetic");
    assert_true(passed >= VR_OP_COUNT);
    vireo_selftest_destroy(&t);
}

/* Ways of being broken, and how each is told. */
static void test_broken(void **state)
{
    static const struct {
        const char *shader, *find, *replace, *op, *kernels[3], *reason;
        const char *passes[2]; /* others */
    } rows[] = {
        {DROPS_A_TERM,
         NULL,
         {"matmul/texel", "matmul/weights"},
         "wrong: NMSE ",
         {"matmul/plain", "concat/elements"}},
        {"unary.comp",
         " * p.factor + p.shift",
         " * p.factor",
         "unary",
         {"unary/texel", "unary/storage"},
         "wrong: NMSE ",
         {NULL}},
        {"unary.comp",
         "y = vr_clear(y, i % quads, width);",
         ";",
         "unary",
         {"unary/texel", "unary/storage"},
         "wrong: what follows row 0 is ",
         {NULL}},
        {"pool.comp",
         "void main()\n{",
         "void main()\n{ return;",
         "pool",
         {"pool/texel", "pool/storage"},
         "wrong: NMSE ",
         {NULL}},
        {"top_k_rank.comp",
         "void main()\n{",
         "void main()\n{ return;",
         "top_k",
         {"top_k/workgroup"},
         "wrong: ",
         {NULL}},
        {"attention.comp",
         "void main()",
         "void mian()",
         "attention",
         {"attention/texel"},
         "attention.comp",
         {"attention/plain", "attention/long"}},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const vr_device_override o = broken(f, rows[i].shader, rows[i].find, rows[i].replace);
        reopen(f, &o);
        vireo_selftest *t = run_op(f, rows[i].op);
        for (size_t k = 0; k < 3 && rows[i].kernels[k]; k++) {
            const vireo_selftest_result *r = result_of(t, rows[i].kernels[k]);
            if (r->verdict != VIREO_VERDICT_FAILED || !strstr(r->reason, rows[i].reason))
                fail_msg("row %zu, %s: %d, \"%s\"", i, rows[i].kernels[k], r->verdict, r->reason);
        }
        for (size_t k = 0; k < 2 && rows[i].passes[k]; k++)
            if (result_of(t, rows[i].passes[k])->verdict != VIREO_VERDICT_PASSED)
                fail_msg("row %zu, %s: %s", i, rows[i].passes[k],
                         result_of(t, rows[i].passes[k])->reason);
        vireo_selftest_destroy(&t);
    }
}

/* Wrong answers before; found, refused, named; right answers after, here and in later devices. */
static void test_refused(void **state)
{
    fixture *f = *state;
    const vr_device_override o = broken(f, DROPS_A_TERM);
    vireo_device *d = reopen(f, &o);
    assert_fails(d, NULL, "wrong answers from texel");
    vireo_selftest *t = run_op(f, "matmul");
    const vireo_selftest_result *r = result_of(t, "matmul/texel");
    assert_int_equal(r->verdict, VIREO_VERDICT_FAILED);
    assert_int_equal(r->cases, 1);
    assert_true(r->nmse > 1e-3 && r->error > 1e-3);
    vireo_selftest_destroy(&t);
    for (int i = 0; i < 2; i++) {
        assert_right(d, "plain");
        assert_fails(d, "matmul/texel",
                     "matmul/texel was forced, and failed its self-test on this device");
        d = reopen(f, &o);
    }
    d->info.driver_version++; /* another driver */
    assert_fails(d, NULL, "wrong answers from texel");
    d = reopen(f, NULL); /* another source */
    assert_right(d, "texel");
    t = run_op(f, "matmul");
    assert_int_equal(result_of(t, "matmul/texel")->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    assert_right(reopen(f, &o), "plain"); /* its verdict is not lost */
    assert_int_equal(f->warnings, 0);
}

static void test_report(void **state)
{
    fixture *f = *state;
    const vr_device_override o = broken(f, DROPS_A_TERM);
    vireo_device *d = reopen(f, &o);
    vireo_selftest *t = run_op(f, "matmul");
    const vireo_selftest_result *r = result_of(t, "matmul/texel");
    char path[200], source[33];
    vr_hash128 hash;
    scratch_file file = {.bytes = 0};
    snprintf(path, sizeof path, "%s/selftest-matmul-texel-%.8s.txt", f->folder.path, d->info.uuid);
    assert_non_null(r->report_path);
    assert_string_equal(r->report_path, path);
    assert_int_equal(scratch_find(&f->folder, "selftest-matmul-texel-", &file), 1);
    assert_int_equal(file.bytes, strlen(r->report));
    assert_memory_equal(file.data, r->report, file.bytes);
    free(file.data);
    size_t failed = 0;
    for (size_t i = 0; vireo_selftest_get(t, i); i++)
        failed += vireo_selftest_get(t, i)->verdict == VIREO_VERDICT_FAILED;
    assert_true(failed >= 2);
    assert_int_equal(scratch_find(&f->folder, "selftest-", NULL), failed);
    assert_int_equal(vr_kernel_source(d, VR_OP_MATMUL, kernel_of("texel"), &hash, NULL), 0);
    vr_hash_hex(hash, source);
    const char *const parts[] = {
        "Vireo's self-test: matmul/texel failed\nwrong: NMSE ",
        "\nvireo " VIREO_VERSION ", glslang ",
        d->info.name,
        d->info.uuid,
        d->info.driver_info,
        "\nkernel: matmul/texel, source ",
        source,
        "\ncase 1 of ",
        ":\n    in0: f32 [≤64, 50], 37 in this run\n    in1: f32 [50, 33]\n",
        "\n    out0: f32 [≤64, 33], 37 in this run\n",
        "\nfirst wrong elements of out0: index, expected, got\n    0  ",
        "\n    15  ",
        "\nshader: matmul.comp, with\n#define WG ",
        "\n#define VR_ACTIVATION "};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!strstr(r->report, parts[i]))
            fail_msg("not in the report: %s\n%s", parts[i], r->report);
    vireo_selftest_destroy(&t);
}

static void test_none_left(void **state)
{
    fixture *f = *state;
    char want[600];
    vireo_error err = {0};
    vireo_device *d = reopen(f, NULL);
    const bool tall = !vr_kernel_lacks(kernel_of("tall"), &d->info);
    for (size_t k = MATMUL->n_kernels; k-- > 0;) {
        char path[VR_VERDICT_NAME];
        if (k == (size_t)(kernel_of("tall") - MATMUL->kernels) && tall)
            assert_right(d, "tall"); /* it does not pay, but is left */
        vr_hash128 source;
        vr_kernel_path(VR_OP_MATMUL, &MATMUL->kernels[k], path);
        assert_int_equal(vr_kernel_source(d, VR_OP_MATMUL, &MATMUL->kernels[k], &source, &err),
                         VIREO_OK);
        vr_verdict_set(d, path, source, (vr_verdict){VR_VERDICT_FAILED, 0});
    }
    snprintf(
        want, sizeof want,
        "matmul: no kernel is left for these sizes on %s, whose self-test failed: %stexel, "
        "weights, plain; try another driver or device, and report it: \"vireo devices --check\" "
        "writes what is needed",
        d->info.name, tall ? "tall, " : "");
    assert_fails(d, NULL, want);
    assert_fails(reopen(f, NULL), NULL, want);
    vireo_selftest *t = run_op(f, "matmul"); /* tried again, and well */
    assert_int_equal(result_of(t, "matmul/texel")->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    assert_right(f->device, "texel");
}

/* ---- Devices that are lost, hang, or take the program along ---------------------------------- */

static PFN_vkQueueSubmit real_submit;
static int submits_left;

static VkResult VKAPI_CALL failing_submit(VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f)
{
    return submits_left-- > 0 ? real_submit(q, n, s, f) : VK_ERROR_DEVICE_LOST;
}

static PFN_vkWaitForFences real_wait;
static uint64_t waited;

static VkResult VKAPI_CALL slow_wait(VkDevice d, uint32_t n, const VkFence *f, VkBool32 all,
                                     uint64_t timeout)
{
    waited = timeout;
    const VkResult r = real_wait(d, n, f, all, timeout); /* the fence is free afterwards */
    return submits_left-- > 0 || r ? r : VK_TIMEOUT;
}

/* The fifth submission fails: that kernel does, those before have passed, those behind have no
 * turn. */
static void check_lost(fixture *f, const char *reason)
{
    vireo_selftest *t = run(f);
    vireo_error err = {0};
    const vireo_selftest_result *r;
    char lost[VR_VERDICT_NAME] = "";
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++) {
        if (lost[0]) {
            assert_int_equal(r->verdict, VIREO_VERDICT_NOT_TRIED);
            assert_string_equal(r->reason, "the device was lost before");
        } else if (r->verdict != VIREO_VERDICT_PASSED) {
            assert_int_equal(r->verdict, VIREO_VERDICT_FAILED);
            assert_string_equal(r->reason, reason);
            assert_non_null(strstr(r->report, reason));
            assert_in_range(i, 1, 2);
            assert_string_equal(r->op, "matmul");
            snprintf(lost, sizeof lost, "%s/%s", r->op, r->kernel);
        }
    }
    assert_true(lost[0]);
    vireo_selftest_destroy(&t);
    assert_int_equal(vireo_selftest_run(f->device, NULL, &t, &err), VIREO_ERROR_DEVICE_LOST);
    reopen(f, NULL); /* what was lost is not tried again, all else is */
    for (int i = 0; i < 2; i++) {
        t = run_op(f, i ? "matmul" : NULL);
        assert_int_equal(result_of(t, lost)->verdict, VIREO_VERDICT_FAILED);
        assert_string_equal(result_of(t, lost)->reason,
                            "the device was lost when it was tried before; it is not tried again "
                            "until its line in verdicts.txt is deleted");
        assert_int_equal(result_of(t, "matmul/plain")->verdict, VIREO_VERDICT_PASSED);
        if (!i)
            assert_int_equal(result_of(t, "concat/elements")->verdict, VIREO_VERDICT_PASSED);
        vireo_selftest_destroy(&t);
    }
    f->device->info.driver_version++; /* another driver begins anew */
    t = run_op(f, "matmul");
    assert_int_equal(result_of(t, lost)->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    f->device->info.driver_version--;
}

static void test_lost(void **state)
{
    fixture *f = *state;
    vireo_device *d = reopen(f, NULL);
    real_submit = d->fn.vkQueueSubmit;
    d->fn.vkQueueSubmit = failing_submit;
    submits_left = 4;
    check_lost(f, "submit: VK_ERROR_DEVICE_LOST");
}

static void test_no_answer(void **state)
{
    fixture *f = *state;
    vireo_device *d = reopen(f, NULL);
    real_wait = d->fn.vkWaitForFences;
    d->fn.vkWaitForFences = slow_wait;
    submits_left = 4;
    check_lost(f, "the device gave no answer in 60 seconds");
    assert_int_equal(waited, UINT64_C(60000000000));
}

/* A verdict of "trying" is what a program that ended leaves behind. */
static void test_ended(void **state)
{
    fixture *f = *state;
    vr_hash128 source;
    const vr_kernel *texel = kernel_of("texel");
    for (uint32_t ends = 1; ends <= 2; ends++) {
        vireo_device *d = reopen(f, NULL);
        assert_int_equal(vr_kernel_source(d, VR_OP_MATMUL, texel, &source, NULL), VIREO_OK);
        vr_verdict_try(d, "matmul/texel", source, ends);
        assert_right(d, "texel"); /* it is this one's own */
        assert_right(reopen(f, NULL), "weights");
        vireo_selftest *t = run_op(f, "matmul");
        const vireo_selftest_result *r = result_of(t, "matmul/texel");
        assert_int_equal(r->verdict, ends == 1 ? VIREO_VERDICT_PASSED : VIREO_VERDICT_FAILED);
        assert_string_equal(r->reason,
                            ends == 1 ? ""
                                      : "the program ended when it was tried before; it is not "
                                        "tried again until its line in verdicts.txt is deleted");
        assert_string_equal(result_of(t, "matmul/weights")->reason, "");
        vireo_selftest_destroy(&t);
        assert_right(f->device, ends == 1 ? "texel" : "weights");
    }
}

/* While a kernel is tried, the file names it. */
static int see_trying(void *user, const char *what, uint64_t done, uint64_t total)
{
    size_t *calls = user;
    assert_string_equal(what, "self-test");
    assert_int_equal(done, ++*calls);
    assert_true(done <= total);
    return done == 3;
}

static const scratch *watched;

static VkResult VKAPI_CALL reading_submit(VkQueue q, uint32_t n, const VkSubmitInfo *s, VkFence f)
{
    if (submits_left-- > 0) {
        scratch_file file;
        assert_int_equal(scratch_find(watched, VR_VERDICT_FILE, &file), 1);
        file.data[file.bytes] = '\0';
        char first[VR_VERDICT_NAME];
        vr_kernel_path(VR_OP_MATMUL, &MATMUL->kernels[0], first);
        assert_non_null(strstr((char *)file.data, first));
        assert_non_null(strstr((char *)file.data, "\ttrying\t1\nend 1\n"));
        free(file.data);
    }
    return real_submit(q, n, s, f);
}

static void test_recorded_and_cancelled(void **state)
{
    fixture *f = *state;
    vireo_device *d = reopen(f, NULL);
    vireo_selftest *t = NULL;
    vireo_error err = {0};
    size_t calls = 0;
    vireo_selftest_options o = VIREO_OPTIONS(vireo_selftest_options);
    o.progress = see_trying;
    o.progress_user = &calls;
    watched = &f->folder;
    real_submit = d->fn.vkQueueSubmit;
    d->fn.vkQueueSubmit = reading_submit;
    submits_left = 1;
    assert_int_equal(vireo_selftest_run(d, &o, &t, &err), VIREO_ERROR_CANCELLED);
    assert_string_equal(err.message, "the self-test was cancelled");
    assert_null(t);
    assert_int_equal(calls, 3);
    assert_true(submits_left <= 0);
    assert_right(d, "texel");
}

/* A folder that cannot be made: one warning, and the verdicts hold as long as the device. */
static void test_not_writable(void **state)
{
    fixture *f = *state;
    char plain[128];
    snprintf(plain, sizeof plain, "%s/plain", f->folder.path);
    scratch_put(plain, "x", 1);
    const scratch kept = f->folder;
    snprintf(f->folder.path, sizeof f->folder.path, "%.50s/cache", plain);
    const vr_device_override o = broken(f, DROPS_A_TERM);
    reopen(f, &o);
    vireo_selftest *t = run_op(f, "matmul");
    assert_int_equal(result_of(t, "matmul/texel")->verdict, VIREO_VERDICT_FAILED);
    assert_non_null(result_of(t, "matmul/texel")->report);
    assert_null(result_of(t, "matmul/texel")->report_path);
    vireo_selftest_destroy(&t);
    assert_right(f->device, "plain");
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->last, "nothing is kept in the cache folder: "));
    assert_fails(reopen(f, &o), NULL, "wrong answers from texel");
    f->folder = kept;
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_passes),       CASE(test_low_device),
        CASE(test_broken),       CASE(test_refused),
        CASE(test_report),       CASE(test_none_left),
        CASE(test_lost),         CASE(test_no_answer),
        CASE(test_ended),        CASE(test_recorded_and_cancelled),
        CASE(test_not_writable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
