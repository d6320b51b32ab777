/* SPDX-License-Identifier: Apache-2.0
 * Kernels that are said to sum in the same order give the same bits: deterministic sessions follow a tuned one
 * that does. */
#include "selftest_fixture.h"
#include "run/tuner.h"

enum { ORDERS = 8, MOST_BYTES = 1 << 16 };

/* Outputs of the check's call by a kernel, one after the other, into `out`; their bytes; 0: the
 * device is too small. */
static size_t run_check(vireo_device *d, vr_check_case *c, const vr_kernel *k, char *out,
                        size_t most)
{
    char force[VR_VERDICT_NAME];
    vireo_tensor results[VR_MAX_OUT] = {{0}};
    vireo_model *model = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    size_t bytes = 0;
    vireo_model_options how = VIREO_OPTIONS(vireo_model_options);
    how.keep_layout = true;
    vr_kernel_path(c->op, k, force);
    vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    options.force_kernel = force;
    for (size_t i = 0; i < vr_ops[c->op]->n_out; i++) {
        results[i] = (vireo_tensor){.data = out + bytes, .bytes = c->elements[i] * sizeof(float)};
        bytes += results[i].bytes;
        assert_true(bytes <= most);
    }
    vireo_status st = vr_model_create(d, &c->graph, &how, &model, &err);
    if (!st)
        st = vireo_session_create(model, &options, &s, &err);
    if (!st)
        st = vireo_session_run(s, c->in, c->n_in, results, vr_ops[c->op]->n_out, &err);
    vireo_session_destroy(&s);
    vireo_model_destroy(&model);
    if (st == VIREO_ERROR_LIMIT)
        return 0; /* another operand fits no binding */
    if (st)
        fail_msg("%s: %s", force, err.message);
    return bytes;
}

/* Kernels of the op that the call allows, against the first of the same order. */
static size_t compare_check(vireo_device *d, vr_op_id op, size_t index)
{
    static char first[ORDERS][MOST_BYTES], other[MOST_BYTES];
    bool have[ORDERS] = {false};
    size_t compared = 0;
    for (size_t i = 0; i < vr_ops[op]->n_kernels; i++) {
        const vr_kernel *k = &vr_ops[op]->kernels[i];
        vr_check_case c;
        vireo_error err = {0};
        if (vr_check_case_init(&c, d->allocator, op, index, &err) || vr_check_case_expect(&c, &err))
            fail_msg("%s", err.message);
        c.call.limits = &d->info;
        assert_true(k->order < ORDERS);
        if (k->order && vr_kernel_allowed(k, &c.call)) {
            char *out = have[k->order] ? other : first[k->order];
            const size_t bytes = run_check(d, &c, k, out, sizeof other);
            if (!bytes) {
                vr_check_case_deinit(&c);
                continue;
            }
            if (have[k->order] && memcmp(first[k->order], other, bytes) != 0)
                fail_msg("%s/%s, check %zu: other bits than kernels of the same order",
                         vr_ops[op]->name, k->name, index);
            compared += have[k->order];
            have[k->order] = true;
        }
        vr_check_case_deinit(&c);
    }
    return compared;
}

static void test_same_order(void **state)
{
    selftest_fixture *f = *state;
    size_t compared = 0;
    /* As it is, with kernels that lanes share less in, and with operands cut into slabs. */
    const vr_device_override devices[] = {
        {0},
        {.no_shuffle = true},
        {.max_storage_binding_bytes = 1 << 12, .max_texel_elements = 1 << 8}};
    for (size_t n = 0; n < sizeof devices / sizeof *devices; n++) {
        vireo_device *d = selftest_reopen(f, &devices[n]);
        for (size_t op = 0; op < VR_OP_COUNT; op++)
            for (size_t i = 0; i < vr_ops[op]->n_checks; i++)
                compared += compare_check(d, (vr_op_id)op, i);
    }
    printf("%zu results compared\n", compared);
    assert_true(compared >= 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_order, selftest_set_up, selftest_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
