/* SPDX-License-Identifier: Apache-2.0
 * The cache needs no driver: a device that was never opened stands in. */
#include "tests/device_test.h"
#include "base/alloc.h"
#include "vk/cache.h"
#include "vk/cache_fixture.h"
#include <sys/stat.h>
#include <unistd.h>

static const vr_hash128 key = {1, 2};
static const char words[] = "a few bytes that stand for a program";

static bool hits(vireo_device *d, const char *kind, vr_hash128 k)
{
    void *data = NULL;
    size_t bytes = 0;
    bool hit = vr_cache_load(d, kind, k, cache_any, NULL, &data, &bytes);
    if (hit) {
        assert_int_equal(bytes, sizeof words);
        assert_memory_equal(data, words, sizeof words);
    } else {
        assert_null(data);
    }
    vr_free(NULL, data);
    return hit;
}

static void test_round_trip(void **state)
{
    cache_fixture *f = *state;
    assert_false(hits(&f->device, "spirv", key));
    vr_cache_store(&f->device, "spirv", key, words, sizeof words);
    assert_true(hits(&f->device, "spirv", key));
    assert_false(hits(&f->device, "spirv", (vr_hash128){2, 1}));
    assert_false(hits(&f->device, "pipelines", key));
    vr_cache_store(&f->device, "spirv", key, words, sizeof words); /* again, over itself */
    assert_true(hits(&f->device, "spirv", key));
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2); /* no temporaries; . and .. */
    assert_int_equal(f->warnings, 0);
}

static void test_empty(void **state)
{
    cache_fixture *f = *state;
    void *data = NULL;
    size_t bytes = 7;
    vr_cache_store(&f->device, "spirv", key, "", 0);
    assert_true(vr_cache_load(&f->device, "spirv", key, cache_any, NULL, &data, &bytes));
    assert_int_equal(bytes, 0);
    vr_free(NULL, data);
}

static void test_no_folder(void **state)
{
    cache_fixture *f = *state;
    f->device.cache_dir = NULL;
    vr_cache_store(&f->device, "spirv", key, words, sizeof words);
    assert_false(hits(&f->device, "spirv", key));
    assert_int_equal(f->warnings, 0);
}

static void test_damage(void **state)
{
    cache_fixture *f = *state;
    scratch_file file;
    vr_cache_store(&f->device, "spirv", key, words, sizeof words);
    assert_int_equal(scratch_find(&f->folder, "spirv-", &file), 1);
    for (size_t i = 0; i < file.bytes; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            file.data[i] ^= (unsigned char)(1u << bit);
            scratch_put(file.path, file.data, file.bytes);
            assert_false(hits(&f->device, "spirv", key));
            file.data[i] ^= (unsigned char)(1u << bit);
        }
    }
    for (size_t n = 0; n < file.bytes; n++) {
        scratch_put(file.path, file.data, n);
        assert_false(hits(&f->device, "spirv", key));
    }
    unsigned char *longer = calloc(1, file.bytes + 1);
    assert_non_null(longer);
    memcpy(longer, file.data, file.bytes);
    scratch_put(file.path, longer, file.bytes + 1);
    assert_false(hits(&f->device, "spirv", key));
    scratch_put(file.path, file.data, file.bytes);
    assert_true(hits(&f->device, "spirv", key));
    free(longer);
    free(file.data);
}

/* Another program's file under this one's name: renamed by hand or by a faulty copy. */
static void test_foreign_key(void **state)
{
    cache_fixture *f = *state;
    scratch_file a, b;
    vr_cache_store(&f->device, "spirv", key, words, sizeof words);
    vr_cache_store(&f->device, "pipelines", key, words, sizeof words);
    assert_int_equal(scratch_find(&f->folder, "spirv-", &a), 1);
    assert_int_equal(scratch_find(&f->folder, "pipelines-", &b), 1);
    scratch_put(a.path, b.data, b.bytes);
    assert_false(hits(&f->device, "spirv", key));
    scratch_put(a.path, a.data, a.bytes);
    assert_true(hits(&f->device, "spirv", key));
    unlink(b.path);
    vr_cache_store(&f->device, "pipelines", (vr_hash128){9, 9}, words, sizeof words);
    free(b.data);
    assert_int_equal(scratch_find(&f->folder, "pipelines-", &b), 1);
    scratch_put(a.path, b.data, b.bytes);
    assert_false(hits(&f->device, "spirv", key));
    free(a.data);
    free(b.data);
}

static void test_link(void **state)
{
    cache_fixture *f = *state;
    scratch_file file;
    char target[600];
    vr_cache_store(&f->device, "spirv", key, words, sizeof words);
    assert_int_equal(scratch_find(&f->folder, "spirv-", &file), 1);
    snprintf(target, sizeof target, "%s/elsewhere", f->folder.path);
    assert_int_equal(rename(file.path, target), 0);
    assert_int_equal(symlink(target, file.path), 0);
    assert_false(hits(&f->device, "spirv", key));
    vr_cache_store(&f->device, "spirv", key, "other", 5);
    vr_cache_store(&f->device, "spirv", key, "other", 5);
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->last, "symbolic link"));
    struct stat info;
    assert_int_equal(stat(target, &info), 0);
    assert_int_equal(info.st_size, file.bytes); /* untouched */
    free(file.data);
}

static void test_not_writable(void **state)
{
    cache_fixture *f = *state;
    char plain[128], below[160];
    snprintf(plain, sizeof plain, "%s/plain", f->folder.path);
    snprintf(below, sizeof below, "%s/cache", plain);
    scratch_put(plain, "x", 1);
    f->device.cache_dir = below; /* a folder that cannot be made, whoever runs the test */
    for (int i = 0; i < 3; i++) {
        vr_cache_store(&f->device, "spirv", key, words, sizeof words);
        assert_false(hits(&f->device, "spirv", key));
    }
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->last, plain));
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, cache_set_up, cache_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_round_trip),  CASE(test_empty), CASE(test_no_folder),    CASE(test_damage),
        CASE(test_foreign_key), CASE(test_link),  CASE(test_not_writable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
