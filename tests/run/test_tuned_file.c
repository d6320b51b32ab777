/* SPDX-License-Identifier: Apache-2.0
 * The file of what was tuned: written, read again, shared between devices of one name; what other
 * devices have in it stays; a damaged one is told of and ignored, or refused where it was asked
 * for. */
#include "api/tuned_file.h"
#include "base/file.h"
#include "run/tune.h"
#include "selftest_fixture.h"

static const char call[] = "matmul f32[256,64] f32[48,64]";

static void put(vireo_device *d, const char *kernel, uint64_t source, bool pinned)
{
    vr_tuned_row r = {.us = 1.5,
                      .usual_us = 2.25,
                      .pinned = pinned,
                      .source = {source, 7},
                      .kernel_source = {8, source}};
    vireo_error err = {0};
    snprintf(r.call, sizeof r.call, "%s", call);
    snprintf(r.kernel, sizeof r.kernel, "%s", kernel);
    snprintf(r.usual, sizeof r.usual, "texel");
    bool kept;
    if (vr_tuned_put(d, &r, &kept, &err))
        fail_msg("%s", err.message);
    vr_tuned_touch(d);
}

static void path_of(const selftest_fixture *f, char out[128])
{
    snprintf(out, 128, "%s/%s", f->folder.path, VR_TUNED_FILE);
}

static char *text_of(const selftest_fixture *f)
{
    scratch_file file;
    assert_int_equal(scratch_find(&f->folder, VR_TUNED_FILE, &file), 1);
    char *text = realloc(file.data, file.bytes + 1);
    assert_non_null(text);
    text[file.bytes] = '\0';
    return text;
}

/* The file with the first `find` replaced. */
static void edit(const selftest_fixture *f, const char *find, const char *replace)
{
    char path[128], *text = text_of(f), *at = strstr(text, find);
    if (!at)
        fail_msg("no \"%s\" in %s", find, text);
    const size_t size = strlen(text) + strlen(replace) + 1;
    char *changed = malloc(size);
    assert_non_null(changed);
    snprintf(changed, size, "%.*s%s%s", (int)(at - text), text, replace, at + strlen(find));
    path_of(f, path);
    scratch_put(path, changed, strlen(changed));
    free(changed);
    free(text);
}

static vireo_device *open_loaded(selftest_fixture *f)
{
    vireo_device *d = selftest_reopen(f, NULL);
    vireo_error err = {0};
    if (vr_tuned_load(d, &err))
        fail_msg("%s", err.message);
    return d;
}

static size_t count(vireo_device *d)
{
    vireo_tuned t;
    size_t n = 0;
    while (vireo_device_get_tuned(d, n, &t))
        n++;
    return n;
}

/* Row by row, to the last bit; a call has a row for each source, or one that is pinned. */
static void test_again(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vr_tuned_row r;
    put(d, "tall", 1, false);
    put(d, "weights", 2, false);
    put(d, "shared", 1, false);
    assert_int_equal(count(d), 2);
    vr_tuned_save(d);
    d = open_loaded(f);
    assert_int_equal(count(d), 2);
    assert_true(vr_tuned_get(d, call, 1, &r));
    assert_string_equal(r.kernel, "shared");
    assert_string_equal(r.usual, "texel");
    assert_true(r.us == 1.5 && r.usual_us == 2.25 && r.source.low == 1 && r.source.high == 7 &&
                !r.pinned && !r.partly);
    put(d, "plain", 3, true);
    put(d, "tall", 4, false); /* the pinned one stays */
    assert_int_equal(count(d), 1);
    vr_tuned_save(d);
    d = open_loaded(f);
    assert_int_equal(count(d), 1);
    assert_true(vr_tuned_get(d, call, 0, &r) && r.pinned);
    assert_string_equal(r.kernel, "plain");
    assert_false(vr_tuned_get(d, "matmul", 0, &r));
    assert_int_equal(f->warnings, 0);
}

/* In the file a stale choice gives way to a later one of its call; what was only looked at is not written.
 * */
static void test_stale(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vireo_error err = {0};
    vireo_tuned t;
    vr_tuned_row r;
    bool kept;
    put(d, "weights", 1, false); /* its check_source is of nothing */
    vr_tuned_save(d);
    d = open_loaded(f);
    assert_true(vr_tuned_get(d, call, 0, &r));
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.stale && !t.met);
    vr_tuned_drop(d, &r);
    r.source.low = 2;
    const vr_kernel *other = selftest_kernel("weights"), *usual = selftest_kernel("texel");
    assert_int_equal(vr_tuned_check_source(d, VR_OP_MATMUL, other, usual, &r.check_source, &err), VIREO_OK);
    snprintf(r.heard, sizeof r.heard, "weights plain");
    assert_int_equal(vr_tuned_put(d, &r, &kept, &err), VIREO_OK);
    snprintf(r.call, sizeof r.call, "matmul f32[512,64] f32[48,64]");
    r.us = r.usual_us = 0;
    assert_int_equal(vr_tuned_put(d, &r, &kept, &err), VIREO_OK);
    vr_tuned_touch(d);
    vr_tuned_save(d);
    d = open_loaded(f);
    assert_int_equal(count(d), 1);
    assert_true(vireo_device_get_tuned(d, 0, &t) && !t.stale);
    assert_true(vr_tuned_get(d, call, 0, &r) && r.source.low == 2);
    assert_string_equal(r.heard, "weights plain");
    assert_int_equal(f->warnings, 0);
}

/* What was pinned in the file meanwhile stays. */
static void test_pinned_meanwhile(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vr_tuned_row r;
    put(d, "tall", 1, false);
    vr_tuned_save(d);
    edit(f, "\"pinned\": false", "\"pinned\": true");
    edit(f, "\"tall\"", "\"plain\"");
    put(d, "weights", 2, false);
    vr_tuned_save(d);
    d = open_loaded(f);
    assert_int_equal(count(d), 1);
    assert_true(vr_tuned_get(d, call, 0, &r) && r.pinned);
    assert_string_equal(r.kernel, "plain");
}

/* A pin keeps what was measured, also when others are saved: taken back, the choice is what it was. Its times are
 * told as long as it is pinned to the kernel that they are of. */
static void test_pin_taken_back(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vireo_error err = {0};
    vireo_tuned t;
    vr_tuned_row r, before;
    bool kept;
    put(d, "weights", 1, false);
    assert_true(vr_tuned_get(d, call, 0, &before));
    const vr_kernel *other = selftest_kernel("weights"), *usual = selftest_kernel("texel");
    assert_int_equal(vr_tuned_check_source(d, VR_OP_MATMUL, other, usual, &before.check_source, &err), VIREO_OK);
    snprintf(before.heard, sizeof before.heard, "weights plain");
    before.partly = true;
    assert_int_equal(vr_tuned_put(d, &before, &kept, &err), VIREO_OK);
    vr_tuned_save(d);
    edit(f, "\"pinned\": false", "\"pinned\": true");
    d = open_loaded(f);
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.pinned && !t.open && t.us == 1.5 && t.usual_us == 2.25);
    assert_string_equal(t.usual, "texel");
    vr_tuned_touch(d);
    vr_tuned_save(d);
    edit(f, "\"kernel\": \"weights\"", "\"kernel\": \"plain\"");
    d = open_loaded(f);
    assert_true(vireo_device_get_tuned(d, 0, &t) && t.pinned && t.us == 0 && t.usual_us == 0);
    assert_string_equal(t.usual, "texel");
    edit(f, "\"kernel\": \"plain\"", "\"kernel\": \"weights\"");
    edit(f, "\"pinned\": true", "\"pinned\": false");
    d = open_loaded(f);
    assert_true(vr_tuned_get(d, call, 0, &r) && !r.pinned && r.partly);
    assert_memory_equal(&r.source, &before.source, sizeof r.source);
    assert_memory_equal(&r.kernel_source, &before.kernel_source, sizeof r.kernel_source);
    assert_memory_equal(&r.check_source, &before.check_source, sizeof r.check_source);
    assert_string_equal(r.heard, before.heard);
    assert_true(vireo_device_get_tuned(d, 0, &t) && !t.stale && t.us == 1.5 && t.usual_us == 2.25);
    assert_int_equal(f->warnings, 0);
}

/* One that a person has written, and does not pin any more, says nothing: it is dropped, the others stay. */
static void test_unmeasured(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vireo_error err = {0};
    vireo_tuned_import found;
    char path[128], driver[VR_DRIVER_KEY], text[1024];
    put(d, "tall", 1, false);
    vr_tuned_save(d);
    vr_device_driver_key(d, driver);
    snprintf(text, sizeof text,
             "\"choices\": [{\"device\": \"%s\", \"device_name\": \"a\", \"driver\": \"%s\", \"driver_name\": "
             "\"b\", \"call\": \"norm f32[2,3]\", \"kernel\": \"row\", \"pinned\": true},",
             d->info.uuid, driver);
    edit(f, "\"choices\": [", text);
    d = open_loaded(f);
    assert_int_equal(count(d), 2);
    edit(f, "\"pinned\": true", "\"pinned\": false");
    d = open_loaded(f);
    assert_int_equal(count(d), 1);
    assert_int_equal(f->warnings, 1);
    path_of(f, path);
    snprintf(text, sizeof text, "%s: 1 of 2 choices, choices[0] the first, neither pinned nor measured: dropped", path);
    assert_string_equal(f->last, text);
    assert_int_equal(vireo_device_import_tuned(d, path, &found, &err), VIREO_OK);
    assert_true(found.taken == 1 && found.unmeasured == 1 && found.foreign == 0 && found.pinned == 0);
    d = open_loaded(f); /* the import has written what counts */
    assert_int_equal(count(d), 1);
    assert_int_equal(f->warnings, 1);
}

/* A file that cannot be written is one warning of those who measure, and an error for who asks; what was
 * measured is kept as soon as it can be. */
static void test_not_kept(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vireo_error err = {0};
    char path[128], *given = d->cache_dir;
    path_of(f, path);
    assert_int_equal(vireo_device_keep_tuned(d, &err), VIREO_OK); /* nothing to be kept, but it could */
    assert_false(vr_file_exists(path));
    scratch_put(path, "{", 1);
    assert_int_equal(vireo_device_check_tuned(d, &err), VIREO_ERROR_FORMAT);
    assert_int_equal(vireo_device_keep_tuned(d, &err), VIREO_ERROR_FORMAT);
    assert_non_null(strstr(err.message, path));
    put(d, "tall", 1, false);
    vr_tuned_save(d);
    vr_tuned_save(d);
    put(d, "weights", 1, false);
    vr_tuned_save(d);
    assert_int_equal(f->warnings, 1);
    remove(path);
    assert_int_equal(vireo_device_keep_tuned(d, &err), VIREO_OK);
    assert_true(vr_file_exists(path));
    d->cache_dir = "/proc/1";
    assert_int_equal(vireo_device_check_tuned(d, &err), VIREO_OK);
    assert_int_not_equal(vireo_device_keep_tuned(d, &err), VIREO_OK);
    assert_non_null(strstr(err.message, "/proc/1/" VR_TUNED_FILE));
    d->cache_dir = NULL;
    assert_int_equal(vireo_device_check_tuned(d, &err), VIREO_ERROR_NOT_FOUND);
    assert_int_equal(vireo_device_keep_tuned(d, &err), VIREO_ERROR_NOT_FOUND);
    d->cache_dir = given;
}

/* What stands there of other devices and drivers stays, and is not followed. */
static void test_others(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    char driver[VR_DRIVER_KEY], quoted[32];
    vr_tuned_row r;
    put(d, "tall", 1, false);
    vr_tuned_save(d);
    vr_device_driver_key(d, driver);
    snprintf(quoted, sizeof quoted, "\"%s\"", driver);
    edit(f, quoted, "\"0123456789abcdef\"");
    d = open_loaded(f);
    assert_int_equal(count(d), 0);
    put(d, "weights", 1, false);
    vr_tuned_save(d);
    char *text = text_of(f);
    assert_non_null(strstr(text, "\"tall\""));
    assert_non_null(strstr(text, "\"weights\""));
    free(text);
    d = open_loaded(f);
    assert_int_equal(count(d), 1);
    assert_true(vr_tuned_get(d, call, 0, &r));
    assert_string_equal(r.kernel, "weights");
}

/* Another card of the same name takes it; one of another name does not. */
static void test_share(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vireo_error err = {0};
    char path[128], uuid[64], name[600];
    vireo_tuned_import found;
    put(d, "tall", 1, false);
    path_of(f, path);
    assert_int_equal(vireo_device_export_tuned(d, path, &err), VIREO_OK);
    snprintf(uuid, sizeof uuid, "\"%s\"", d->info.uuid);
    edit(f, uuid, "\"01234567-89ab-cdef-0123-456789abcdef\"");
    d = open_loaded(f);
    assert_int_equal(count(d), 0);
    assert_int_equal(vireo_device_import_tuned(d, path, &found, &err), VIREO_OK);
    assert_true(found.taken == 1 && !found.foreign && !found.pinned && !found.device_name[0]);
    d = open_loaded(f); /* it was kept, as this one's */
    assert_int_equal(count(d), 1);
    assert_int_equal(vireo_device_export_tuned(d, path, &err), VIREO_OK);
    edit(f, "\"device_name\": \"", "\"device_name\": \"not ");
    edit(f, uuid, "\"01234567-89ab-cdef-0123-456789abcdef\"");
    assert_int_equal(vireo_device_import_tuned(d, path, &found, &err), VIREO_OK);
    assert_true(found.taken == 0 && found.foreign == 1 && found.pinned == 0);
    snprintf(name, sizeof name, "not %.250s", d->info.name);
    assert_string_equal(found.device_name, name);
    snprintf(name, sizeof name, "%s %s", d->info.driver, d->info.driver_info);
    name[d->info.driver_info[0] ? strlen(name) : strlen(d->info.driver)] = '\0'; /* no blank at its end */
    assert_string_equal(found.driver_name, name);
    assert_int_equal(vireo_device_export_tuned(d, "/nowhere/file.json", &err),
                     VIREO_ERROR_NOT_FOUND);
    assert_int_equal(vireo_device_import_tuned(d, "/nowhere/file.json", &found, &err),
                     VIREO_ERROR_NOT_FOUND);
}

/* What is not taken is counted by its reason. */
static void test_share_reasons(void **state)
{
    selftest_fixture *f = *state;
    vireo_device *d = open_loaded(f);
    vireo_error err = {0};
    char path[160];
    vireo_tuned_import found;
    put(d, "tall", 1, false);
    vr_tuned_save(d);
    path_of(f, path);
    char *text = text_of(f);
    remove(path);
    d = open_loaded(f);
    put(d, "plain", 2, true);
    snprintf(path, sizeof path, "%s/shared.json", f->folder.path);
    scratch_put(path, text, strlen(text));
    free(text);
    assert_int_equal(vireo_device_import_tuned(d, path, &found, &err), VIREO_OK);
    assert_true(found.taken == 0 && found.foreign == 0 && found.pinned == 1 && found.unmeasured == 0);
    assert_int_equal(count(d), 1);
}

/* Each fault is named with its place; the cache's own file is then ignored, with one warning. */
static void test_damaged(void **state)
{
    static const struct {
        const char *find, *replace, *message;
    } rows[] = {
        {"vireo tuned 1", "vireo tuned 2", "\"format\" must be \"vireo tuned 1\""},
        {"\"choices\": [", "\"choices\": {\"a\": [", ": byte "},
        {"\"kernel\"", "\"kernal\"", "choices[0]: \"kernal\" is not known; allowed: device, "},
        {"\"ns\": 1500", "\"ns\": -1500",
         "choices[0]: \"ns\" must be a whole number of nanoseconds, at least 0"},
        {"\"ns\": 1500", "\"ns\": 1500.5",
         "choices[0]: \"ns\" must be a whole number of nanoseconds, at least 0"},
        {"\"kernel_source\": \"0", "\"kernel_source\": \"0X",
         "choices[0]: \"kernel_source\" must be 32 hexadecimal"},
        {"\"check_source\": \"0", "\"check_source\": \"0X",
         "choices[0]: \"check_source\" must be 32 hexadecimal"},
        {"\"pinned\": false", "\"heard\": 5, \"pinned\": false",
         "choices[0]: \"heard\" must be a text of 0 to 511 bytes"},
        {"\"pinned\": false", "\"pinned\": 0", "choices[0]: \"pinned\" must be true or false"},
        {"\"usual\": \"texel\"", "\"usual\": \"\"",
         "choices[0]: \"usual\" must be a text of 1 to 47 bytes"},
        {"\"source\": \"00", "\"source\": \"0X",
         "choices[0]: \"source\" must be 32 hexadecimal digits"},
        {"\"device\": \"", "\"device\": \"-",
         "choices[0]: \"device\" must be 36 hexadecimal digits"},
        {"\"call\": ", "\"call\": null, \"call\": ", ": byte "},
        {"{\"call\"", "3, {\"call\"", "choices[0] must be an object"},
    };
    selftest_fixture *f = *state;
    char path[128];
    path_of(f, path);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_device *d = selftest_reopen(f, NULL);
        vireo_error err = {0};
        vireo_tuned_import found;
        put(d, "tall", 1, false);
        assert_int_equal(vireo_device_export_tuned(d, path, &err), VIREO_OK);
        edit(f, rows[i].find, rows[i].replace);
        d = selftest_reopen(f, NULL);
        f->warnings = 0;
        assert_int_equal(count(d), 0);
        assert_int_equal(f->warnings, 1);
        if (!strstr(f->last, rows[i].message) || !strstr(f->last, path))
            fail_msg("expected \"%s\", got: %s", rows[i].message, f->last);
        assert_int_equal(vireo_device_import_tuned(d, path, &found, &err), VIREO_ERROR_FORMAT);
        if (!strstr(err.message, rows[i].message))
            fail_msg("expected \"%s\", got: %s", rows[i].message, err.message);
        assert_int_equal(count(d), 0);
        put(d, "weights", 1, false);
        vr_tuned_save(d); /* what a person has spoilt is not thrown away */
        assert_int_equal(f->warnings, 2);
        if (!strstr(f->last, "what was tuned is not kept, the file stays as it is: "))
            fail_msg("got: %s", f->last);
        char *text = text_of(f);
        assert_non_null(strstr(text, rows[i].replace));
        free(text);
        remove(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_again, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_stale, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_pinned_meanwhile, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_pin_taken_back, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_unmeasured, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_not_kept, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_others, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_share, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_share_reasons, selftest_set_up, selftest_tear_down),
        cmocka_unit_test_setup_teardown(test_damaged, selftest_set_up, selftest_tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
