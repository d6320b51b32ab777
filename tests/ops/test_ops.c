/* SPDX-License-Identifier: Apache-2.0
 * Every case of every op with every kernel, against the ops' references. VIREO_TIER=fast runs a
 * seeded tenth of the cases. */
#include "device_test.h"
#include "op_case.h"
#include "vireo/vireo.h"
#include <unistd.h>

enum { LEAST_CASES = 330, MAX_KERNELS = 16 };

static const op_cases *const all[] = {
    &cases_matmul, &cases_attention, &cases_layer_norm, &cases_l2_normalize, &cases_embedding,
    &cases_unary,  &cases_binary,    &cases_pool,       &cases_top_k,
};
#define N_ALL (sizeof all / sizeof *all)

typedef struct devices {
    vireo_device *plain, *low;
    bool fast;
    size_t executed;
} devices;

static int set_up(void **state)
{
    static devices d;
    const char *tier = getenv("VIREO_TIER");
    /* Small enough that small cases need several slabs. */
    const vr_device_override low = {.max_storage_binding_bytes = 1 << 16,
                                    .max_texel_elements = 1 << 10};
    vireo_device_options options = test_device_options();
    d.plain = test_device_create();
    d.low = test_device_create_with(&options, &low);
    d.fast = tier && !strcmp(tier, "fast");
    printf("device: %s\n%-13s %-18s %6s %15s %12s\n", vireo_device_get_info(d.plain)->name, "op",
           "kernel", "runs", "not applicable", "worst NMSE");
    *state = &d;
    return 0;
}

static int tear_down(void **state)
{
    devices *d = *state;
    test_device_destroy(&d->low);
    test_device_destroy(&d->plain);
    return 0;
}

/* A tenth in the fast tier: the first, and those a hash chooses. */
static bool chosen(const devices *d, const op_cases *cases, size_t index)
{
    uint32_t h = (uint32_t)(index + 1) * 2654435761u + (uint32_t)cases->op * 40503u;
    return !d->fast || index == 0 || (h >> 16) % 10 == 0;
}

static void test_op(devices *d, const op_cases *cases)
{
    const vr_op *op = vr_ops[cases->op];
    op_tally tallies[MAX_KERNELS] = {{0}};
    size_t failures = 0, executed = 0;
    assert_true(op->n_kernels <= MAX_KERNELS);
    for (size_t i = 0; i < cases->count; i++) {
        op_case c = {.seed = i + 1};
        cases->make(i, &c);
        if (!chosen(d, cases, i))
            continue;
        failures +=
            op_run_case(c.device == OP_DEVICE_LOW ? d->low : d->plain, cases, i, &c, tallies);
        executed++;
    }
    const vireo_device_info *info = vireo_device_get_info(d->plain);
    for (size_t k = 0; k < op->n_kernels; k++) {
        printf("%-13s %-18s %6zu %15zu %12.2g\n", op->name, op->kernels[k].name, tallies[k].ran,
               tallies[k].not_applicable, tallies[k].worst);
        bool needs =
            (op->kernels[k].needs & VR_NEEDS_SUBGROUP_ARITHMETIC) == 0 || info->subgroup_arithmetic;
        if (needs && tallies[k].ran == 0 && !d->fast) {
            printf("FAILED %s/%s ran no case\n", op->name, op->kernels[k].name);
            failures++;
        }
    }
    d->executed += executed;
    assert_true(executed > 0);
    assert_int_equal(failures, 0);
}

#define TEST_OP(name)                                                                              \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        test_op(*state, &cases_##name);                                                            \
    }
#define VR_OP(id, name) TEST_OP(name)
#include "ops/op_list.h"
#undef VR_OP

static void test_every_op_has_cases(void **state)
{
    const devices *d = *state;
    size_t cases = 0;
    for (uint32_t op = 0; op < VR_OP_COUNT; op++) {
        size_t of_op = 0;
        for (size_t i = 0; i < N_ALL; i++)
            of_op += all[i]->op == op ? all[i]->count : 0;
        if (of_op == 0)
            fail_msg("%s has no cases", vr_ops[op]->name);
        cases += of_op;
    }
    printf("%zu cases, %zu executed\n", cases, d->executed);
    assert_true(cases >= LEAST_CASES);
    assert_true(d->executed > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define VR_OP(id, name) cmocka_unit_test(test_##name),
#include "ops/op_list.h"
#undef VR_OP
        cmocka_unit_test(test_every_op_has_cases),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
