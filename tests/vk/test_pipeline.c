/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/device_test.h"
#include "vk/run_program.h"

static const char scale_source[] = "#version 450\n"
                                   "#include \"common.glsl\"\n"
                                   "layout(local_size_x = WIDTH) in;\n"
                                   "layout(push_constant) uniform Push { uint n; float by; };\n"
                                   "layout(binding = 0) readonly buffer In { float x[]; };\n"
                                   "layout(binding = 1) writeonly buffer Out { float y[]; };\n"
                                   "void main()\n"
                                   "{\n"
                                   "    uint i = gl_GlobalInvocationID.x;\n"
                                   "    if (i < n)\n"
                                   "        y[i] = twice(x[i]) * by;\n"
                                   "}\n";
static const char texel_source[] = "#version 450\n"
                                   "layout(local_size_x = 8) in;\n"
                                   "layout(binding = 0) uniform textureBuffer x;\n"
                                   "layout(binding = 1) writeonly buffer Out { vec4 y[]; };\n"
                                   "void main()\n"
                                   "{\n"
                                   "    int i = int(gl_GlobalInvocationID.x);\n"
                                   "    y[i] = texelFetch(x, i).wzyx;\n"
                                   "}\n";

static const char *include(const char *name)
{
    return strcmp(name, "common.glsl") == 0 ? "float twice(float x) { return 2.0 * x; }\n" : NULL;
}

static vr_program_desc scale_program(const char *defines)
{
    return (vr_program_desc){.name = "scale",
                             .source = scale_source,
                             .defines = defines,
                             .include = include,
                             .n_bindings = 2,
                             .push_bytes = 8};
}

static const vr_pipeline *get(vireo_device *d, vr_program_desc desc)
{
    const vr_pipeline *p = NULL;
    vireo_error err = {0};
    if (vr_pipelines_get(d, &desc, 1, &p, &err))
        fail_msg("%s", err.message);
    return p;
}

static void check_scale(vireo_device *d)
{
    enum { N = 1000 };
    const vr_pipeline *p = get(d, scale_program("#define WIDTH 64\n"));
    float x[N], y[N];
    vr_buffer in = {0}, out = {0};
    for (int i = 0; i < N; i++)
        x[i] = (float)(i * 7 % 113) - 50.0f;
    memset(y, 0, sizeof y);
    assert_int_equal(vr_buffer_create(d, sizeof x, VR_MEMORY_DEVICE, "in", &in, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_create(d, sizeof y, VR_MEMORY_DEVICE, "out", &out, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_write(d, &in, 0, x, sizeof x, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_write(d, &out, 0, y, sizeof y, NULL), VIREO_OK);
    const struct {
        uint32_t n;
        float by;
    } push = {N - 1, 0.25f};
    vireo_error err = {0};
    if (run_program(d, p, (const vr_buffer *[]){&in, &out}, &push, (N + 63) / 64, &err))
        fail_msg("%s", err.message);
    assert_int_equal(vr_buffer_read(d, &out, 0, y, sizeof y, NULL), VIREO_OK);
    for (int i = 0; i < N - 1; i++)
        assert_true(y[i] == x[i] * 0.5f);
    assert_true(y[N - 1] == 0.0f);
    vr_buffer_destroy(d, &out);
    vr_buffer_destroy(d, &in);
}

static void test_storage(void **state)
{
    (void)state;
    vireo_device *d = test_device_create();
    check_scale(d);
    assert_int_equal(d->counters.shaders_compiled, 1);
    test_device_destroy(&d);
}

static void test_staging(void **state)
{
    (void)state;
    vireo_device_options options = test_device_options();
    vireo_device *d =
        test_device_create_with(&options, &(vr_device_override){.force_staging = true});
    check_scale(d);
    test_device_destroy(&d);
}

static void test_texel(void **state)
{
    (void)state;
    enum { N = 64 };
    vireo_device *d = test_device_create();
    const vr_pipeline *p = get(d, (vr_program_desc){.name = "reverse",
                                                    .source = texel_source,
                                                    .defines = "",
                                                    .n_bindings = 2,
                                                    .bindings = {VR_BIND_TEXEL, VR_BIND_STORAGE}});
    float x[N * 4], y[N * 4];
    vr_buffer in = {0}, out = {0};
    for (int i = 0; i < N * 4; i++)
        x[i] = (float)i;
    assert_int_equal(vr_buffer_create(d, sizeof x, VR_MEMORY_HOST, "in", &in, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_create(d, sizeof y, VR_MEMORY_HOST, "out", &out, NULL), VIREO_OK);
    assert_int_equal(vr_buffer_write(d, &in, 0, x, sizeof x, NULL), VIREO_OK);
    vireo_error err = {0};
    if (run_program(d, p, (const vr_buffer *[]){&in, &out}, NULL, N / 8, &err))
        fail_msg("%s", err.message);
    assert_int_equal(vr_buffer_read(d, &out, 0, y, sizeof y, NULL), VIREO_OK);
    for (int i = 0; i < N * 4; i++)
        assert_true(y[i] == x[i / 4 * 4 + 3 - i % 4]);
    vr_buffer_destroy(d, &out);
    vr_buffer_destroy(d, &in);
    test_device_destroy(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage),
        cmocka_unit_test(test_staging),
        cmocka_unit_test(test_texel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
