/* SPDX-License-Identifier: Apache-2.0
 * Vectors of all-MiniLM-L6-v2 on devices whose limits and features are lowered on purpose to the least
 * that Vulkan 1.1 allows, and to each of these alone: what is not there is done another way, and the
 * vectors are as near to those of transformers as on the device as it is. */
#include "minilm.h"

static void embed(const char *what, const vr_device_override *limits, size_t n)
{
    static float out[TEXTS][WIDTH];
    const vireo_device_options options = test_device_options();
    vireo_device *device = test_device_create_with(&options, limits);
    vireo_model *model = NULL;
    vireo_error err = {0};
    minilm_open(device, &model);
    vireo_embedder *e = minilm_embedder(model, 0, false);
    if (vireo_embed(e, minilm.texts, n, &out[0][0], NULL, NULL, &err))
        fail_msg("%s: %s", what, err.message);
    print_message("%s: %zu texts, max |Δ| %.2g\n", what, n, minilm_check(what, 0, n, out));
    vireo_embedder_destroy(&e);
    minilm_close(&model);
    test_device_destroy(&device);
}

static void least(void **state)
{
    (void)state;
    const vr_device_override limits = test_least_device();
    embed("least", &limits, minilm_tier("full") ? TEXTS : minilm_tier("fast") ? 1 : 6);
}

static void each_limit_alone(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        vr_device_override limits;
    } rows[] = {
        {"bindings of 1 MiB", {.max_storage_binding_bytes = 1 << 20}},
        {"allocations of 64 MiB", {.max_allocation_bytes = 64 << 20}},
        {"views of 64 Ki texels", {.max_texel_elements = 1 << 16}},
        {"4 storage buffers", {.max_storage_bindings = 4}},
        {"no subgroups", {.no_subgroups = true}},
        {"loops of 65,000", {.max_loop_iterations = 65000}},
        {"staging", {.force_staging = true}},
    };
    if (!minilm_tier("full"))
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        embed(rows[i].what, &rows[i].limits, TEXTS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least),
        cmocka_unit_test(each_limit_alone),
    };
    minilm_need();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
