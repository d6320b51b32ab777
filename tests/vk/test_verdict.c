/* SPDX-License-Identifier: Apache-2.0
 * Verdicts in memory and in the cache folder. No driver is needed: a device that was never opened
 * stands in. */
#include "tests/device_test.h"
#include "tests/counted_allocator.h"
#include "vk/cache_fixture.h"
#include "vk/verdict.h"
#include <sys/stat.h>
#include <unistd.h>

static const vr_hash128 source = {1, 2}, other = {3, 4};
static const vr_verdict passed = {VR_VERDICT_PASSED, 0}, failed = {VR_VERDICT_FAILED, 0},
                        lost = {VR_VERDICT_LOST, 0}, once = {VR_VERDICT_TRYING, 1},
                        none = {VR_VERDICT_NONE, 0};

static void open_device(vireo_device *d)
{
    vireo_error err = {0};
    assert_int_equal(vr_verdicts_create(d, &err), VIREO_OK);
}

static int set_up(void **state)
{
    if (cache_set_up(state))
        return -1;
    vireo_device *d = &((cache_fixture *)*state)->device;
    strcpy(d->info.uuid, "00112233-4455-6677-8899-aabbccddeeff");
    strcpy(d->info.driver, "a driver");
    strcpy(d->info.driver_info, "1.2.3");
    d->info.driver_version = 7;
    open_device(d);
    return 0;
}

static int tear_down(void **state)
{
    vr_verdicts_destroy(&((cache_fixture *)*state)->device);
    return cache_tear_down(state);
}

/* A device object created later, of the same device. */
static vireo_device *reopen(cache_fixture *f)
{
    vr_verdicts_destroy(&f->device);
    open_device(&f->device);
    return &f->device;
}

static void assert_verdict(vireo_device *d, const char *kernel, vr_hash128 s, vr_verdict expected)
{
    const vr_verdict v = vr_verdict_get(d, kernel, s);
    assert_int_equal(v.state, expected.state);
    assert_int_equal(v.tries, expected.tries);
}

static void test_kept(void **state)
{
    cache_fixture *f = *state;
    vireo_device *d = &f->device;
    assert_verdict(d, "norm/row", source, none);
    assert_false(vr_verdict_suspects(d, "norm/row"));
    vr_verdict_set(d, "norm/row", source, failed);
    vr_verdict_set(d, "norm/texel", source, passed);
    vr_verdict_set(d, "pool/texel", source, lost);
    for (int i = 0; i < 2; i++) {
        assert_verdict(d, "norm/row", source, failed);
        assert_verdict(d, "norm/texel", source, passed);
        assert_verdict(d, "pool/texel", source, lost);
        assert_verdict(d, "norm/row", other, none);
        assert_true(vr_verdict_suspects(d, "norm/row"));
        assert_false(vr_verdict_suspects(d, "norm/texel"));
        assert_true(vr_verdict_suspects(d, "pool/texel"));
        d = reopen(f);
    }
    vr_verdict_set(d, "norm/row", source, passed); /* mended */
    vr_verdict_set(d, "pool/texel", source, none);
    d = reopen(f);
    assert_verdict(d, "norm/row", source, passed);
    assert_false(vr_verdict_suspects(d, "norm/row"));
    assert_verdict(d, "pool/texel", source, none);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2); /* no temporaries; . and .. */
    assert_int_equal(f->warnings, 0);
}

/* TRYING is for who comes after. */
static void test_trying(void **state)
{
    cache_fixture *f = *state;
    vireo_device *d = &f->device;
    vr_verdict_set(d, "norm/row", source, failed);
    vr_verdict_try(d, "norm/row", source, 1);
    assert_verdict(d, "norm/row", source, failed);
    d = reopen(f);
    assert_verdict(d, "norm/row", source, once);
    assert_true(vr_verdict_suspects(d, "norm/row"));
}

static void test_other_devices(void **state)
{
    cache_fixture *f = *state;
    vireo_device *d = &f->device;
    const vireo_device_info info = d->info;
    vr_verdict_set(d, "norm/row", source, failed);
    d->info.driver_version++;
    assert_verdict(d, "norm/row", source, none);
    assert_false(vr_verdict_suspects(d, "norm/row"));
    d->info = info;
    strcpy(d->info.driver_info, "1.2.4"); /* a driver whose number never changes */
    assert_verdict(d, "norm/row", source, none);
    d->info = info;
    d->info.uuid[0] = 'f';
    assert_verdict(d, "norm/row", source, none);
    vr_verdict_set(d, "norm/row", source, passed);
    d = reopen(f);
    assert_verdict(d, "norm/row", source, passed);
    d->info = info;
    assert_verdict(d, "norm/row", source, failed); /* neither took the other's place */
    assert_int_equal(f->warnings, 0);
}

/* What another process has written meanwhile stays. */
static void test_two_writers(void **state)
{
    cache_fixture *f = *state;
    vireo_device second = f->device;
    open_device(&second);
    vr_verdict_set(&f->device, "norm/row", source, failed);
    vr_verdict_set(&second, "pool/texel", source, lost);
    assert_verdict(&second, "norm/row", source, none); /* read once */
    vr_verdicts_destroy(&second);
    reopen(f);
    assert_verdict(&f->device, "norm/row", source, failed);
    assert_verdict(&f->device, "pool/texel", source, lost);
}

static void test_no_folder(void **state)
{
    cache_fixture *f = *state;
    f->device.cache_dir = NULL;
    reopen(f);
    vr_verdict_set(&f->device, "norm/row", source, failed);
    assert_verdict(&f->device, "norm/row", source, failed);
    reopen(f);
    assert_verdict(&f->device, "norm/row", source, none);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 2);
    assert_int_equal(f->warnings, 0);
}

/* A folder that cannot be made, whoever runs the test: kept in memory, one warning. */
static void test_not_writable(void **state)
{
    cache_fixture *f = *state;
    char plain[128], below[160], want[400];
    snprintf(plain, sizeof plain, "%s/plain", f->folder.path);
    snprintf(below, sizeof below, "%s/cache", plain);
    scratch_put(plain, "x", 1);
    f->device.cache_dir = below;
    reopen(f);
    for (int i = 0; i < 3; i++) {
        vr_verdict_set(&f->device, "norm/row", source, failed);
        vr_verdicts_save(&f->device);
    }
    assert_verdict(&f->device, "norm/row", source, failed);
    snprintf(want, sizeof want,
             "nothing is kept in the cache folder: %s: folder cannot be made: File exists", plain);
    assert_string_equal(f->last, want);
    assert_int_equal(f->warnings, 1);
    f->device.cache_dir = f->folder.path; /* what is destroyed saves */
}

static void test_link(void **state)
{
    cache_fixture *f = *state;
    char path[128], target[128], want[300];
    vr_verdict_set(&f->device, "norm/row", source, failed);
    vr_verdicts_save(&f->device);
    snprintf(path, sizeof path, "%s/" VR_VERDICT_FILE, f->folder.path);
    snprintf(target, sizeof target, "%s/elsewhere", f->folder.path);
    assert_int_equal(rename(path, target), 0);
    assert_int_equal(symlink(target, path), 0);
    reopen(f);
    snprintf(want, sizeof want, "the self-test's verdicts are ignored: %s: a symbolic link", path);
    assert_string_equal(f->last, want);
    assert_verdict(&f->device, "norm/row", source, none);
    vr_verdict_set(&f->device, "norm/row", source, passed);
    vr_verdicts_save(&f->device);
    snprintf(want, sizeof want, "nothing is kept in the cache folder: %s: a symbolic link", path);
    assert_string_equal(f->last, want);
    assert_int_equal(f->warnings, 2);
}

#define HEAD "vireo verdicts 1\n"
#define UUID "00112233-4455-6677-8899-aabbccddeeff\t"
#define DRIVER "0123456789abcdef\t"
#define KERNEL "norm/row\t"
#define SOURCE "0123456789abcdef0123456789abcdef\t"
#define ROW UUID DRIVER KERNEL SOURCE

/* Files that are not ours, whole, or undamaged: nothing of them counts, one warning names the line,
 * and the next verdict replaces them. */
static void test_damage(void **state)
{
    static const struct {
        const char *text;
        size_t bytes; /* 0: strlen */
        int line;     /* 0: fine */
    } rows[] = {
        {HEAD "end 0\n", 0, 0},
        {HEAD ROW "passed\t0\nend 1\n", 0, 0},
        {HEAD ROW "trying\t99\nend 1\n", 0, 0},
        {"", 0, 1},
        {"vireo", 0, 1},
        {"vireo verdicts 1", 0, 1},
        {"vireo verdicts 2\nend 0\n", 0, 1},
        {"{\"verdicts\": []}\n", 0, 1},
        {"\nvireo verdicts 1\nend 0\n", 0, 1},
        {"vireo verdicts 1\r\nend 0\r\n", 0, 1},
        {HEAD, 0, 2},
        {HEAD "end 0", 0, 2},
        {HEAD "end\n", 0, 2},
        {HEAD "end \n", 0, 2},
        {HEAD "end 1\n", 0, 2},
        {HEAD "end 00\n", 0, 2},
        {HEAD "end -0\n", 0, 2},
        {HEAD "end 4294967296\n", 0, 2},
        {HEAD "end 0\nmore\n", 0, 2},
        {HEAD "\nend 1\n", 0, 2},
        {HEAD ROW "passed\t0\n", 0, 3},
        {HEAD ROW "passed\t0\nend 0\n", 0, 3},
        {HEAD ROW "passed\t0\nend 2\n", 0, 3},
        {HEAD ROW "passed\t0\n" ROW "failed\t0\nend 2\n", 0, 3},
        {HEAD ROW "passed\nend 1\n", 0, 2},
        {HEAD ROW "passed\t0\t0\nend 1\n", 0, 2},
        {HEAD ROW "passed \t0\nend 1\n", 0, 2},
        {HEAD ROW "Passed\t0\nend 1\n", 0, 2},
        {HEAD ROW "\t0\nend 1\n", 0, 2},
        {HEAD ROW "passed\t1\nend 1\n", 0, 2},
        {HEAD ROW "trying\t0\nend 1\n", 0, 2},
        {HEAD ROW "trying\t100\nend 1\n", 0, 2},
        {HEAD ROW "trying\t+1\nend 1\n", 0, 2},
        {HEAD ROW "trying\t99999999999999999999\nend 1\n", 0, 2},
        {HEAD ROW "trying\t\nend 1\n", 0, 2},
        {HEAD UUID "0123456789abcde\t" KERNEL SOURCE "passed\t0\nend 1\n", 0, 2},
        {HEAD UUID "0123456789ABCDEF\t" KERNEL SOURCE "passed\t0\nend 1\n", 0, 2},
        {HEAD "0011\t" DRIVER KERNEL SOURCE "passed\t0\nend 1\n", 0, 2},
        {HEAD UUID DRIVER "no row\t" SOURCE "passed\t0\nend 1\n", 0, 2},
        {HEAD UUID DRIVER "norm\xffrow\t" SOURCE "passed\t0\nend 1\n", 0, 2},
        {HEAD UUID DRIVER
         "a_kernel_with_a_name_that_is_longer_than_any_kernel_has_in_the_library\t" SOURCE
         "passed\t0\nend 1\n",
         0, 2},
        {HEAD UUID DRIVER KERNEL "0123\t"
                                 "passed\t0\nend 1\n",
         0, 2},
        {HEAD UUID DRIVER "no\0m/row\t" SOURCE "passed\t0\nend 1\n",
         sizeof(HEAD UUID DRIVER "no\0m/row\t" SOURCE "passed\t0\nend 1\n") - 1, 2},
    };
    cache_fixture *f = *state;
    char path[128], want[300];
    snprintf(path, sizeof path, "%s/" VR_VERDICT_FILE, f->folder.path);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        f->warnings = 0;
        scratch_put(path, rows[i].text, rows[i].bytes ? rows[i].bytes : strlen(rows[i].text));
        reopen(f);
        snprintf(want, sizeof want,
                 "the self-test's verdicts are ignored: %s: line %d is damaged or foreign", path,
                 rows[i].line);
        if (f->warnings != (rows[i].line ? 1 : 0) || (rows[i].line && strcmp(f->last, want) != 0))
            fail_msg("row %zu: %u warnings, the last: %s", i, f->warnings, f->last);
        assert_verdict(&f->device, "norm/row", source, none);
        vr_verdict_set(&f->device, "norm/row", source, failed);
        reopen(f);
        assert_verdict(&f->device, "norm/row", source, failed);
        assert_int_equal(f->warnings, rows[i].line ? 1 : 0);
    }
}

/* A file past the limit is not read; a folder in its place is no file. */
static void test_no_file(void **state)
{
    cache_fixture *f = *state;
    char path[128], want[300];
    snprintf(path, sizeof path, "%s/" VR_VERDICT_FILE, f->folder.path);
    char *large = calloc(1, (1 << 18) + 1);
    assert_non_null(large);
    scratch_put(path, large, (1 << 18) + 1);
    free(large);
    reopen(f);
    snprintf(want, sizeof want,
             "the self-test's verdicts are ignored: %s: 262145 bytes, at most 262144 are allowed "
             "(LIMIT)",
             path);
    assert_string_equal(f->last, want);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    reopen(f);
    snprintf(want, sizeof want,
             "the self-test's verdicts are ignored: %s: is a folder, a regular file is needed "
             "(NOT_FILE)",
             path);
    assert_string_equal(f->last, want);
    assert_int_equal(f->warnings, 2);
    assert_int_equal(rmdir(path), 0);
}

/* More than are kept: the oldest go. */
static void test_many(void **state)
{
    cache_fixture *f = *state;
    f->device.cache_dir = NULL; /* a thousand syncs */
    reopen(f);
    for (uint64_t i = 0; i < VR_MOST_VERDICTS + 2; i++)
        vr_verdict_set(&f->device, "norm/row", (vr_hash128){i, 0}, failed);
    assert_verdict(&f->device, "norm/row", (vr_hash128){0, 0}, none);
    assert_verdict(&f->device, "norm/row", (vr_hash128){1, 0}, none);
    assert_verdict(&f->device, "norm/row", (vr_hash128){2, 0}, failed);
    assert_verdict(&f->device, "norm/row", (vr_hash128){VR_MOST_VERDICTS + 1, 0}, failed);
}

/* Every allocation fails once: a device that cannot be opened, or a verdict that is not kept. */
static void test_memory(void **state)
{
    cache_fixture *f = *state;
    vireo_device *d = &f->device;
    size_t refused = 0, n = 1;
    vr_verdict_set(d, "norm/row", source, failed);
    vr_verdicts_destroy(d);
    for (bool reached = true; reached; n++) {
        counted c = {.fail_at = n};
        const vireo_allocator a = counted_allocator(&c);
        vireo_error err = {0};
        d->allocator = &a;
        vireo_status st = vr_verdicts_create(d, &err);
        if (st) {
            assert_int_equal(st, VIREO_ERROR_OUT_OF_MEMORY);
            assert_string_equal(err.message, "out of memory: verdicts");
            refused++;
        } else {
            vr_verdict_set(d, "pool/texel", source, failed);
            vr_verdict_try(d, "norm/row", source, 1);
            assert_verdict(d, "norm/row", source, failed);
        }
        vr_verdicts_destroy(d);
        assert_int_equal(c.live, 0);
        reached = c.made >= n;
        d->allocator = NULL;
        open_device(d); /* the file was not harmed */
        assert_true(vr_verdict_suspects(d, "norm/row"));
        vr_verdict_set(d, "norm/row", source, failed);
        vr_verdicts_destroy(d);
    }
    assert_int_equal(refused, 4); /* the table, the path, the file, its rows */
    assert_true(n > 10);
    open_device(d);
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->last, "nothing is kept in the cache folder: out of memory: "));
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_kept),        CASE(test_trying),    CASE(test_other_devices),
        CASE(test_two_writers), CASE(test_no_folder), CASE(test_not_writable),
        CASE(test_link),        CASE(test_damage),    CASE(test_no_file),
        CASE(test_many),        CASE(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
