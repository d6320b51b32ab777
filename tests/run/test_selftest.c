/* SPDX-License-Identifier: Apache-2.0
 * The self-test: passes here; finds kernels that are broken on purpose, and sessions then choose
 * others; what it found outlives the device object. */
#include "selftest_fixture.h"

#define MATMUL vr_ops[VR_OP_MATMUL]

/* Every op has checks, and they reach every kernel that the device has the features for. */
static void test_passes(void **state)
{
    selftest_fixture *f = *state;
    selftest_reopen(f, &(vr_device_override){0});
    vireo_selftest *t = selftest_run(f);
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
            const bool cpu = info->type == VIREO_DEVICE_CPU, costly = info->costly_texel_fetch;
            const bool has =
                (info->subgroup_arithmetic || !(needs & VR_NEEDS_SUBGROUP_ARITHMETIC)) &&
                ((cpu && !costly) || !(needs & VR_NEEDS_CPU_FETCH)) &&
                ((cpu && info->subgroup_shuffle && info->subgroup_size >= 4) || !(needs & VR_NEEDS_CPU_SHUFFLE)) &&
                (!cpu || !(needs & VR_NEEDS_GPU));
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
    t = selftest_run_op(f, "pool");
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
    const bool gpu = f->device->info.type != VIREO_DEVICE_CPU;
    const bool shared = !vr_kernel_lacks(selftest_kernel("shared"), &f->device->info) &&
                        (f->device->info.costly_texel_fetch || f->device->info.subgroup_size > 4);
    selftest_right(f->device, gpu ? "tiles_low" : shared ? "shared" : "texel");
}

/* Where results are copied to the host, and with the kernels of GPUs. */
static void test_copied(void **state)
{
    selftest_fixture *f = *state;
    selftest_reopen(f, &(vr_device_override){.discrete = true, .force_staging = true});
    vireo_selftest *t = selftest_run_op(f, "matmul");
    const vireo_selftest_result *r;
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++)
        if (r->verdict != VIREO_VERDICT_PASSED && r->verdict != VIREO_VERDICT_NOT_APPLICABLE)
            fail_msg("%s/%s: %s", r->op, r->kernel, r->reason);
    assert_int_equal(selftest_result(t, "matmul/tiles")->verdict, VIREO_VERDICT_PASSED);
    assert_int_equal(selftest_result(t, "matmul/plain")->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    selftest_right(f->device, "tiles_low");
}

static void test_low_device(void **state)
{
    selftest_fixture *f = *state;
    const vr_device_override low = {.max_storage_bindings = 4,
                                    .no_subgroups = true,
                                    .max_texel_elements = 65536,
                                    .max_workgroup_invocations = 128,
                                    .max_shared_bytes = 16384};
    selftest_reopen(f, &low);
    vireo_selftest *t = selftest_run(f);
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
    assert_string_equal(selftest_result(t, "norm/subgroup")->reason, "needs subgroup arithmetic");
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
        {SELFTEST_DROPS_A_TERM,
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
         "y = vr_clear(y, at.quad, width);",
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
         {"attention/split", "attention/split_storage", "attention/texel"},
         "attention.comp",
         {"attention/plain", "attention/long"}},
    };
    selftest_fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const vr_device_override o = selftest_broken(f, rows[i].shader, rows[i].find, rows[i].replace);
        selftest_reopen(f, &o);
        vireo_selftest *t = selftest_run_op(f, rows[i].op);
        for (size_t k = 0; k < 3 && rows[i].kernels[k]; k++) {
            const vireo_selftest_result *r = selftest_result(t, rows[i].kernels[k]);
            if (r->verdict != VIREO_VERDICT_FAILED || !strstr(r->reason, rows[i].reason))
                fail_msg("row %zu, %s: %d, \"%s\"", i, rows[i].kernels[k], r->verdict, r->reason);
        }
        for (size_t k = 0; k < 2 && rows[i].passes[k]; k++)
            if (selftest_result(t, rows[i].passes[k])->verdict != VIREO_VERDICT_PASSED)
                fail_msg("row %zu, %s: %s", i, rows[i].passes[k],
                         selftest_result(t, rows[i].passes[k])->reason);
        vireo_selftest_destroy(&t);
    }
}

/* Wrong answers before; found, refused, named; right answers after, here and in later devices. */
static void test_refused(void **state)
{
    selftest_fixture *f = *state;
    const vr_device_override o = selftest_broken(f, SELFTEST_DROPS_A_TERM);
    vireo_device *d = selftest_reopen(f, &o);
    selftest_fails(d, NULL, "wrong answers from texel");
    vireo_selftest *t = selftest_run_op(f, "matmul");
    const vireo_selftest_result *r = selftest_result(t, "matmul/texel");
    assert_int_equal(r->verdict, VIREO_VERDICT_FAILED);
    assert_int_equal(r->cases, 1);
    assert_true(r->nmse > 1e-3 && r->error > 1e-3);
    vireo_selftest_destroy(&t);
    for (int i = 0; i < 2; i++) {
        selftest_right(d, "plain");
        selftest_fails(d, "matmul/texel",
                     "matmul/texel was forced, and failed its self-test on this device");
        d = selftest_reopen(f, &o);
    }
    d->info.driver_version++; /* another driver */
    selftest_fails(d, NULL, "wrong answers from texel");
    d = selftest_reopen(f, NULL); /* another source */
    selftest_right(d, "texel");
    t = selftest_run_op(f, "matmul");
    assert_int_equal(selftest_result(t, "matmul/texel")->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    selftest_right(selftest_reopen(f, &o), "plain"); /* its verdict is not lost */
    assert_int_equal(f->warnings, 0);
}

static void test_report(void **state)
{
    selftest_fixture *f = *state;
    const vr_device_override o = selftest_broken(f, SELFTEST_DROPS_A_TERM);
    vireo_device *d = selftest_reopen(f, &o);
    vireo_selftest *t = selftest_run_op(f, "matmul");
    const vireo_selftest_result *r = selftest_result(t, "matmul/texel");
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
    assert_int_equal(vr_kernel_source(d, VR_OP_MATMUL, selftest_kernel("texel"), &hash, NULL), 0);
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
    selftest_fixture *f = *state;
    char want[600];
    vireo_error err = {0};
    vireo_device *d = selftest_reopen(f, NULL);
    const bool tall = !vr_kernel_lacks(selftest_kernel("tall"), &d->info);
    for (size_t k = MATMUL->n_kernels; k-- > 0;) {
        char path[VR_VERDICT_NAME];
        if (k == (size_t)(selftest_kernel("tall") - MATMUL->kernels) && tall)
            selftest_right(d, "tall"); /* it does not pay, but is left */
        vr_hash128 source;
        vr_kernel_path(VR_OP_MATMUL, &MATMUL->kernels[k], path);
        assert_int_equal(vr_kernel_source(d, VR_OP_MATMUL, &MATMUL->kernels[k], &source, &err),
                         VIREO_OK);
        vr_verdict_set(d, path, source, (vr_verdict){VR_VERDICT_FAILED, 0});
    }
    snprintf(
        want, sizeof want,
        "matmul: no kernel is left for these sizes on %s, whose self-test failed: %stexel, "
        "%sweights, plain; try another driver or device, and report it: \"vireo devices --check\" "
        "writes what is needed",
        d->info.name, tall ? "tall, " : "", tall ? "tall_weights, " : "");
    selftest_fails(d, NULL, want);
    selftest_fails(selftest_reopen(f, NULL), NULL, want);
    vireo_selftest *t = selftest_run_op(f, "matmul"); /* tried again, and well */
    assert_int_equal(selftest_result(t, "matmul/texel")->verdict, VIREO_VERDICT_PASSED);
    vireo_selftest_destroy(&t);
    selftest_right(f->device, "texel");
}

/* A folder that cannot be made: one warning, and the verdicts hold as long as the device. */
static void test_not_writable(void **state)
{
    selftest_fixture *f = *state;
    char plain[128];
    snprintf(plain, sizeof plain, "%s/plain", f->folder.path);
    scratch_put(plain, "x", 1);
    const scratch kept = f->folder;
    snprintf(f->folder.path, sizeof f->folder.path, "%.50s/cache", plain);
    const vr_device_override o = selftest_broken(f, SELFTEST_DROPS_A_TERM);
    selftest_reopen(f, &o);
    vireo_selftest *t = selftest_run_op(f, "matmul");
    assert_int_equal(selftest_result(t, "matmul/texel")->verdict, VIREO_VERDICT_FAILED);
    assert_non_null(selftest_result(t, "matmul/texel")->report);
    assert_null(selftest_result(t, "matmul/texel")->report_path);
    vireo_selftest_destroy(&t);
    selftest_right(f->device, "plain");
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->last, "nothing is kept in the cache folder: "));
    selftest_fails(selftest_reopen(f, &o), NULL, "wrong answers from texel");
    f->folder = kept;
}
int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, selftest_set_up, selftest_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_passes),
        CASE(test_copied),
        CASE(test_low_device),
        CASE(test_broken),
        CASE(test_refused),
        CASE(test_report),
        CASE(test_none_left),
        CASE(test_not_writable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
