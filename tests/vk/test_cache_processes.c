/* SPDX-License-Identifier: Apache-2.0
 * Processes that fill and use one cache folder at the same time. The parent opens no driver: a
 * driver's threads do not survive a fork. */
#include "tests/device_test.h"
#include "vk/pipeline.h"
#include "vk/scratch.h"
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, ROUNDS = 2, PROGRAMS = 6, SKIPPED = 77 };

static const char source[] = "#version 450\n"
                             "layout(local_size_x = WIDTH) in;\n"
                             "layout(binding = 0) buffer B { float x[]; };\n"
                             "void main() { x[gl_GlobalInvocationID.x] *= 2.0; }\n";

/* Exit code of a child: 0 good, 1 failed, 2 something had to be compiled. */
static int use_cache(const scratch *folder)
{
    vireo_device_options options = test_device_options();
    options.cache_dir = folder->path;
    vireo_device *d = NULL;
    vireo_error err = {0};
    vireo_status st = vireo_device_create(&options, &d, &err);
    if (st == VIREO_ERROR_NO_DEVICE || st == VIREO_ERROR_UNSUPPORTED) {
        printf("SKIPPED: %s\n", err.message);
        fflush(stdout);
        return SKIPPED;
    }
    char defines[PROGRAMS][32];
    vr_program_desc descs[PROGRAMS];
    const vr_pipeline *pipelines[PROGRAMS];
    for (size_t i = 0; i < PROGRAMS; i++) {
        snprintf(defines[i], sizeof defines[i], "#define WIDTH %zu\n", i + 1);
        descs[i] = (vr_program_desc){
            .name = "double", .source = source, .defines = defines[i], .n_bindings = 1};
    }
    if (!st)
        st = vr_pipelines_get(d, descs, PROGRAMS, pipelines, &err);
    if (st) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    int code = d->counters.shaders_compiled > 0 ? 2 : 0;
    if (d->counters.validation_messages || d->cache_warned)
        code = 1;
    vireo_device_destroy(&d);
    return code;
}

static pid_t start(const scratch *folder)
{
    pid_t child = fork();
    if (child == 0)
        _exit(use_cache(folder));
    assert_true(child > 0);
    return child;
}

static int finish(scratch *folder, pid_t child)
{
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == SKIPPED) {
        scratch_deinit(folder);
        exit(SKIPPED);
    }
    return WEXITSTATUS(status);
}

static void test_sharing(void **state)
{
    (void)state;
    scratch folder;
    scratch_init(&folder);
    for (int round = 0; round < ROUNDS; round++) {
        pid_t children[PROCESSES];
        for (int i = 0; i < PROCESSES; i++)
            children[i] = start(&folder);
        for (int i = 0; i < PROCESSES; i++)
            assert_int_not_equal(finish(&folder, children[i]), 1);
        assert_int_equal(scratch_find(&folder, "spirv-", NULL), PROGRAMS);
        assert_int_equal(finish(&folder, start(&folder)), 0); /* all of it is kept */
        scratch_file file;
        assert_int_equal(scratch_find(&folder, "spirv-", &file), PROGRAMS);
        scratch_put(file.path, file.data, file.bytes - 1); /* damage for the next round */
        free(file.data);
        assert_int_equal(finish(&folder, start(&folder)), 2);
        if (round % 2)
            assert_int_equal(unlink(file.path), 0);
    }
    scratch_deinit(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sharing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
