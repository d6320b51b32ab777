/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/device_test.h"
#include "base/alloc.h"
#include "base/hash.h"
#include "vk/compiler.h"
#include "vk/run_program.h"
#include "vk/scratch.h"

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

static void test_equal_programs(void **state)
{
    (void)state;
    vireo_device *d = test_device_create();
    vr_program_desc descs[] = {scale_program("#define WIDTH 64\n"),
                               scale_program("#define WIDTH 32\n"),
                               scale_program("#define WIDTH 64\n")};
    const vr_pipeline *p[3] = {0}, *again[3] = {0};
    assert_int_equal(vr_pipelines_get(d, descs, 3, p, NULL), VIREO_OK);
    assert_ptr_equal(p[0], p[2]);
    assert_ptr_not_equal(p[0], p[1]);
    assert_int_equal(vr_pipelines_get(d, descs, 3, again, NULL), VIREO_OK);
    assert_memory_equal(p, again, sizeof p);
    assert_int_equal(d->counters.pipelines_created, 2);
    assert_int_equal(d->counters.shaders_compiled, 2);
    assert_true(d->counters.ns_glslang > 0 && d->counters.ns_pipeline > 0);
    descs[0].push_bytes = 16; /* another layout is another pipeline */
    assert_ptr_not_equal(get(d, descs[0]), p[0]);
    assert_int_equal(vr_pipelines_get(d, NULL, 0, NULL, NULL), VIREO_OK);
    test_device_destroy(&d);
}

static void test_failures(void **state)
{
    (void)state;
    vireo_device *d = test_device_create();
    vr_program_desc good = scale_program("#define WIDTH 8\n"),
                    bad = scale_program("#define WIDTH eight\n"),
                    many = scale_program("#define WIDTH 16\n"), push = many, lost = many;
    bad.name = "scale/bad";
    many.n_bindings = VR_MAX_BINDINGS + 1;
    push.push_bytes = d->info.max_push_bytes + 4;
    lost.include = NULL;
    const struct {
        vr_program_desc desc;
        vireo_status status;
        const char *says;
    } cases[] = {
        {bad, VIREO_ERROR_SHADER, "shader scale/bad: scale/bad:3:"},
        {many, VIREO_ERROR_LIMIT, "11 bindings"},
        {push, VIREO_ERROR_LIMIT, "push constants"},
        {lost, VIREO_ERROR_SHADER, "common.glsl"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const vr_program_desc descs[] = {good, cases[i].desc, good};
        const vr_pipeline *p[3] = {0};
        vireo_error err = {0};
        assert_int_equal(vr_pipelines_get(d, descs, 3, p, &err), cases[i].status);
        if (!strstr(err.message, cases[i].says))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].says, err.message);
        assert_null(p[0]);
    }
    assert_int_equal(d->counters.pipelines_created, 1); /* the good one was kept */
    assert_non_null(get(d, good));
    assert_int_equal(d->counters.pipelines_created, 1);
    test_device_destroy(&d);
}

static const char shared_source[] = "#version 450\n"
                                    "layout(local_size_x = X, local_size_y = Y) in;\n"
                                    "struct pair { bool of; float by; };\n"
                                    "struct mixed { float a; vec3 b; float c; };\n"
                                    "shared TYPE kept[N];\n"
                                    "layout(binding = 0) buffer Out { uint y[]; };\n"
                                    "void main()\n"
                                    "{\n"
                                    "    TYPE first = kept[y[0]];\n"
                                    "    kept[y[1]] = first;\n"
                                    "    y[gl_GlobalInvocationID.x] = 1u;\n"
                                    "}\n";

/* A program of more than the device allows is refused before the driver sees it, also out of the cache. */
static void test_needs(void **state)
{
    (void)state;
    static const struct {
        const char *defines;
        const char *says; /* NULL: it can be made */
    } cases[] = {
        {"#define X 128\n#define Y 1\n#define TYPE uint\n#define N 4096\n", NULL},
        {"#define X 16\n#define Y 8\n#define TYPE uvec3\n#define N 1024\n", NULL},
        {"#define X 64\n#define Y 2\n#define TYPE mat3\n#define N 341\n", NULL},
        {"#define X 1\n#define Y 128\n#define TYPE pair\n#define N 2048\n", NULL},
        {"#define X 1\n#define Y 1\n#define TYPE mixed\n#define N 512\n", NULL},
        {"#define X 129\n#define Y 1\n#define TYPE uint\n#define N 4\n",
         "kept: workgroups of 129 invocations; at most 128 are allowed on "},
        {"#define X 16\n#define Y 9\n#define TYPE uint\n#define N 4\n",
         "kept: workgroups of 144 invocations; at most 128 are allowed on "},
        {"#define X 64\n#define Y 1\n#define TYPE uint\n#define N 4097\n",
         "kept: 16388 bytes of shared memory in a workgroup; at most 16384 are allowed on "},
        {"#define X 64\n#define Y 1\n#define TYPE uvec3\n#define N 1025\n",
         "kept: 16400 bytes of shared memory in a workgroup; at most 16384 are allowed on "},
        {"#define X 64\n#define Y 1\n#define TYPE mat3\n#define N 342\n",
         "kept: 16416 bytes of shared memory in a workgroup; at most 16384 are allowed on "},
        {"#define X 64\n#define Y 1\n#define TYPE pair\n#define N 2049\n",
         "kept: 16392 bytes of shared memory in a workgroup; at most 16384 are allowed on "},
        {"#define X 64\n#define Y 1\n#define TYPE mixed\n#define N 513\n",
         "kept: 16416 bytes of shared memory in a workgroup; at most 16384 are allowed on "},
    };
    scratch folder;
    scratch_init(&folder);
    vireo_device_options options = test_device_options();
    options.cache_dir = folder.path;
    const vr_device_override least = test_least_device();
    for (int warm = 0; warm < 2; warm++) {
        vireo_device *d = test_device_create_with(&options, &least);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            const vr_program_desc desc = {
                .name = "kept", .source = shared_source, .defines = cases[i].defines, .n_bindings = 1};
            const vr_pipeline *p = NULL;
            vireo_error err = {0};
            const vireo_status st = vr_pipelines_get(d, &desc, 1, &p, &err);
            assert_int_equal(st, cases[i].says ? VIREO_ERROR_LIMIT : VIREO_OK);
            assert_true((p == NULL) == (cases[i].says != NULL));
            if (st && strncmp(err.message, cases[i].says, strlen(cases[i].says)) != 0)
                fail_msg("\"%s\" does not begin with \"%s\"", err.message, cases[i].says);
        }
        assert_int_equal(d->counters.pipelines_created, 5);
        assert_int_equal(d->counters.shaders_cached, warm ? sizeof cases / sizeof *cases : 0);
        test_device_destroy(&d);
    }
    scratch_deinit(&folder);
}

static VKAPI_ATTR VkResult VKAPI_CALL fail_create(VkDevice device, VkPipelineCache cache,
                                                  uint32_t n,
                                                  const VkComputePipelineCreateInfo *infos,
                                                  const VkAllocationCallbacks *callbacks,
                                                  VkPipeline *pipelines)
{
    (void)device;
    (void)cache;
    (void)infos;
    (void)callbacks;
    for (uint32_t i = 0; i < n; i++)
        pipelines[i] = VK_NULL_HANDLE;
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static void test_driver_failure(void **state)
{
    (void)state;
    vireo_device *d = test_device_create();
    const vr_program_desc desc = scale_program("#define WIDTH 8\n");
    const vr_pipeline *p = NULL;
    vireo_error err = {0};
    PFN_vkCreateComputePipelines create = d->fn.vkCreateComputePipelines;
    d->fn.vkCreateComputePipelines = fail_create;
    assert_int_equal(vr_pipelines_get(d, &desc, 1, &p, &err), VIREO_ERROR_OUT_OF_MEMORY);
    assert_string_equal(err.message, "scale: VK_ERROR_OUT_OF_DEVICE_MEMORY");
    d->fn.vkCreateComputePipelines = create;
    assert_non_null(get(d, desc));
    test_device_destroy(&d);
}

enum { THREADS = 8, PROGRAMS = 6 };
typedef struct crowd {
    vireo_device *device;
    const vr_pipeline *got[THREADS + 1][PROGRAMS];
    _Atomic unsigned good;
} crowd;

static void get_all(void *user, size_t index)
{
    crowd *c = user;
    char defines[PROGRAMS][32];
    vr_program_desc descs[PROGRAMS];
    for (size_t i = 0; i < PROGRAMS; i++) {
        snprintf(defines[i], sizeof defines[i], "#define WIDTH %zu\n", (i + index) % PROGRAMS + 1);
        descs[i] = scale_program(defines[i]);
    }
    c->good += vr_pipelines_get(c->device, descs, PROGRAMS, c->got[index], NULL) == VIREO_OK;
}

static void *get_in_thread(void *user)
{
    get_all(user, THREADS);
    return NULL;
}

/* Callers on several threads ask for the same programs: each is compiled once. */
static void test_parallel(void **state)
{
    (void)state;
    crowd c = {.device = test_device_create()};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, get_in_thread, &c), 0);
    vr_parallel_for(THREADS, get_all, &c);
    pthread_join(thread, NULL);
    assert_int_equal(c.good, THREADS + 1);
    assert_int_equal(c.device->counters.pipelines_created, PROGRAMS);
    for (size_t t = 0; t <= THREADS; t++)
        for (size_t i = 0; i < PROGRAMS; i++)
            assert_ptr_equal(c.got[t][i], c.got[0][(i + t) % PROGRAMS]);
    test_device_destroy(&c.device);
}

/* What the driver was asked for at one time: the first to come waits until a second one is inside. */
enum { WAIT_SECONDS = 60 };
static struct {
    PFN_vkCreateComputePipelines create;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned inside, most;
    bool gave_up;
} meeting = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static VKAPI_ATTR VkResult VKAPI_CALL meet_and_create(VkDevice device, VkPipelineCache cache, uint32_t n,
                                                      const VkComputePipelineCreateInfo *infos,
                                                      const VkAllocationCallbacks *callbacks,
                                                      VkPipeline *pipelines)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_SECONDS;
    pthread_mutex_lock(&meeting.lock);
    meeting.inside++;
    if (meeting.inside > meeting.most)
        meeting.most = meeting.inside;
    pthread_cond_broadcast(&meeting.changed);
    while (meeting.most < 2 && !meeting.gave_up)
        meeting.gave_up = pthread_cond_timedwait(&meeting.changed, &meeting.lock, &end) != 0;
    pthread_mutex_unlock(&meeting.lock);
    const VkResult result = meeting.create(device, cache, n, infos, callbacks, pipelines);
    pthread_mutex_lock(&meeting.lock);
    meeting.inside--;
    pthread_mutex_unlock(&meeting.lock);
    return result;
}

/* The programs of one call are compiled side by side: the driver is in two of them at one time. */
static void test_one_call_in_parallel(void **state)
{
    (void)state;
    if (vr_cpu_count() < 2)
        skip(); /* vr_parallel_for starts no thread there */
    vireo_device *d = test_device_create();
    crowd c = {.device = d};
    meeting.create = d->fn.vkCreateComputePipelines;
    d->fn.vkCreateComputePipelines = meet_and_create;
    get_all(&c, 0);
    assert_int_equal(c.good, 1);
    assert_int_equal(d->counters.pipelines_created, PROGRAMS);
    if (meeting.most < 2)
        fail_msg("within %d s no second program was being compiled beside the first", WAIT_SECONDS);
    test_device_destroy(&d);
}

static vireo_device *create_cached(const scratch *folder)
{
    vireo_device_options options = test_device_options();
    options.cache_dir = folder->path;
    return test_device_create_with(&options, NULL);
}

/* A file's name tells the text that the compiler saw and the compiler: another version's are not
 * used. */
static void check_name(const char *path, const vr_program_desc *p)
{
    char *text = NULL, name[48] = "spirv-";
    assert_int_equal(vr_glsl_expand(NULL, p->name, p->source, p->defines, p->include, &text, NULL),
                     VIREO_OK);
    const char *version = vr_glsl_version();
    vr_hash_hex(vr_hash_join(vr_hash(text, strlen(text)), vr_hash(version, strlen(version))),
                name + strlen(name));
    assert_string_equal(strrchr(path, '/') + 1, name);
    vr_free(NULL, text);
}

static void test_disk_cache(void **state)
{
    (void)state;
    scratch folder;
    scratch_file file;
    scratch_init(&folder);
    vireo_device *d = create_cached(&folder);
    check_scale(d);
    assert_int_equal(d->counters.shaders_compiled, 1);
    test_device_destroy(&d);
    const vr_program_desc program = scale_program("#define WIDTH 64\n");
    assert_int_equal(scratch_find(&folder, "spirv-", &file), 1);
    check_name(file.path, &program);
    free(file.data);

    d = create_cached(&folder);
    check_scale(d);
    assert_int_equal(d->counters.shaders_compiled, 0);
    assert_int_equal(d->counters.shaders_cached, 1);
    get(d, scale_program("#define WIDTH 4\n")); /* other defines, other key */
    assert_int_equal(d->counters.shaders_compiled, 1);
    test_device_destroy(&d);
    assert_int_equal(scratch_find(&folder, "spirv-", NULL), 2);

    /* what is damaged is made again, and kept again */
    const char *kinds[] = {"spirv-", "pipelines-"};
    for (size_t k = 0; k < 2; k++) {
        if (scratch_find(&folder, kinds[k], &file) == 0)
            continue; /* not every driver has pipeline data to keep */
        file.data[file.bytes / 2] ^= 1;
        scratch_put(file.path, file.data, file.bytes);
        free(file.data);
    }
    d = create_cached(&folder);
    get(d, scale_program("#define WIDTH 4\n"));
    check_scale(d);
    assert_int_equal(d->counters.shaders_compiled, 1);
    assert_int_equal(d->counters.shaders_cached, 1);
    test_device_destroy(&d);
    d = create_cached(&folder);
    check_scale(d);
    get(d, scale_program("#define WIDTH 4\n"));
    assert_int_equal(d->counters.shaders_compiled, 0);
    test_device_destroy(&d);
    scratch_deinit(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_storage),  cmocka_unit_test(test_staging),
        cmocka_unit_test(test_texel),    cmocka_unit_test(test_equal_programs),
        cmocka_unit_test(test_failures), cmocka_unit_test(test_driver_failure),
        cmocka_unit_test(test_parallel), cmocka_unit_test(test_disk_cache),
        cmocka_unit_test(test_needs),
        cmocka_unit_test(test_one_call_in_parallel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
