/* SPDX-License-Identifier: Apache-2.0
 * Every allocation between a graph and its result fails once: an error comes back, nothing leaks,
 * the next try succeeds. */
#include "tiny_encoder.h"
#include "counted_allocator.h"
#include "vireo/inspect.h"

enum { N = 6 };
/* Graph → model → session → two runs in two buckets → gone. */
static vireo_status whole_life(vireo_device *d, const vireo_allocator *a, vireo_error *err)
{
    static float w[N * N];
    float data[20 * N], out[20 * N];
    int32_t ends[3] = {0, 3, 5};
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_session *s = NULL;
    vireo_session_options o = VIREO_OPTIONS(vireo_session_options);
    o.force_kernel = "pool/storage";
    for (size_t i = 0; i < 20 * N; i++)
        data[i] = (float)(i % 7);
    const vireo_tensor t = {VIREO_F32, 2, {N, N}, w, sizeof w};
    vireo_status st = vireo_graph_create(a, &g, err);
    if (st)
        return st;
    vireo_symbol rows = vireo_graph_symbol(g, "rows", 64), e = vireo_graph_symbol(g, "ends", 64);
    vireo_value x = vireo_graph_input(g, "x", VIREO_F32, 2, (int64_t[]){0, N}, rows);
    vireo_value f = vireo_graph_input(g, "offsets", VIREO_I32, 1, (int64_t[]){0}, e);
    vireo_value y = vireo_linear(g, x, vireo_graph_constant(g, "w", &t), VIREO_NONE);
    vireo_value p = vireo_pool(g, VIREO_POOL_MEAN, vireo_binary_op(g, VIREO_ADD, x, y), f);
    vireo_graph_output(g, "pooled", p);
    vireo_graph_output(g, "best", vireo_top_k(g, p, 2, VIREO_NONE).indices);
    st = vireo_model_create(d, &g, NULL, &m, err);
    if (!st)
        st = vireo_session_create(m, &o, &s, err);
    for (int64_t n = 5; !st && n <= 20; n += 15) {
        int32_t best[4];
        ends[2] = (int32_t)n;
        const vireo_tensor in[2] = {{VIREO_F32, 2, {n, N}, data, sizeof data},
                                    {VIREO_I32, 1, {3}, ends, sizeof ends}};
        vireo_tensor results[2] = {{.data = out, .bytes = sizeof out},
                                   {.data = best, .bytes = sizeof best}};
        st = vireo_session_run(s, in, 2, results, 2, err);
        if (!st) /* rows 0 to 2 of x, whose first elements are 0, 6 and 5 */
            assert_float_equal(out[0], 11.0f / 3.0f, 1e-6f);
    }
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
    assert_null(g);
    return st;
}

static vireo_device *make_device(counted *c, vireo_allocator *a)
{
    *a = counted_allocator(c);
    vireo_device_options options = test_device_options();
    options.allocator = a;
    return test_device_create_with(&options, NULL);
}

/* With the pipelines at hand: a device keeps serving after each failure. */
static void every_request_fails(void **state)
{
    (void)state;
    counted c = {0};
    vireo_allocator a;
    vireo_error err = {0};
    vireo_device *d = make_device(&c, &a);
    if (whole_life(d, &a, &err))
        fail_msg("%s", err.message);
    const size_t live = c.live;
    c.made = 0;
    assert_int_equal(whole_life(d, &a, &err), VIREO_OK);
    const size_t requests = c.made;
    assert_int_equal(c.live, live);
    assert_true(requests > 30);
    for (size_t i = 1; i <= requests; i++) {
        c.made = 0;
        c.fail_at = i;
        vireo_status st = whole_life(d, &a, &err);
        if (st != VIREO_ERROR_OUT_OF_MEMORY || !strstr(err.message, "out of memory"))
            fail_msg("request %zu of %zu: %s: %s", i, requests, vireo_status_text(st), err.message);
        assert_int_equal(c.live, live);
        c.fail_at = 0;
        if (whole_life(d, &a, &err))
            fail_msg("after request %zu: %s", i, err.message);
        assert_int_equal(c.live, live);
    }
    print_message("%zu requests\n", requests);
    test_device_destroy(&d);
    assert_int_equal(c.live, 0);
}

/* Failures while shaders are compiled, on a fresh device each. */
static void fresh_devices(void **state)
{
    (void)state;
    const char *tier = getenv("VIREO_TIER");
    counted c = {0};
    vireo_allocator a;
    vireo_error err = {0};
    vireo_device *d = make_device(&c, &a);
    c.made = 0;
    assert_int_equal(whole_life(d, &a, &err), VIREO_OK);
    const size_t requests = c.made;
    test_device_destroy(&d);
    assert_int_equal(c.live, 0);
    const bool fast = tier && !strcmp(tier, "fast"), full = tier && !strcmp(tier, "full");
    const size_t step = full ? 1 : fast ? requests / 4 + 1 : requests / 12 + 1;
    for (size_t i = 1; i <= requests; i += step) {
        d = make_device(&c, &a);
        c.made = 0;
        c.fail_at = i;
        vireo_status st = whole_life(d, &a, &err);
        c.fail_at = 0;
        if (st) {
            if (st != VIREO_ERROR_OUT_OF_MEMORY)
                fail_msg("request %zu: %s: %s", i, vireo_status_text(st), err.message);
            if (whole_life(d, &a, &err))
                fail_msg("after request %zu: %s", i, err.message);
        }
        test_device_destroy(&d);
        assert_int_equal(c.live, 0);
    }
    print_message("%zu requests\n", requests);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_fails),
        cmocka_unit_test(fresh_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
