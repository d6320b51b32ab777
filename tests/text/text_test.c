/* SPDX-License-Identifier: Apache-2.0 */
#include "text_test.h"
#include "tests/io/temp_folder.h"
#include "tests/measure.h"
#include <dirent.h>
#include <unistd.h>

test_folder test_folder_make(void)
{
    test_folder f;
    strcpy(f.path, "/tmp/vireo-text-XXXXXX");
    assert_non_null(mkdtemp(f.path));
    return f;
}

void test_folder_put(const test_folder *f, const char *name, const void *data, size_t bytes)
{
    char path[320];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

void test_folder_remove(test_folder *f)
{
    DIR *dir = opendir(f->path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", f->path, e->d_name);
        if (e->d_name[0] != '.')
            assert_int_equal(unlink(path), 0);
    }
    closedir(dir);
    assert_int_equal(rmdir(f->path), 0);
}

void test_folder_put_hole(const test_folder *f, const char *name, size_t bytes)
{
    char path[320];
    test_folder_put(f, name, "", 0);
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    assert_int_equal(truncate(path, (off_t)bytes), 0);
}

vireo_status test_load_folder(const test_folder *f, vireo_tokenizer **t, vireo_error *err)
{
    size_t n = strlen(f->path);
    *err = (vireo_error){0};
    vireo_status st = vireo_tokenizer_load(f->path, NULL, t, err);
    assert_int_equal(st, err->status);
    if (st && !strncmp(err->message, f->path, n) && err->message[n] == '/')
        memmove(err->message, err->message + n + 1, strlen(err->message) - n);
    return st;
}

void test_refused(const test_folder *f, const char *message, vireo_status status, size_t input)
{
    vireo_tokenizer *const untouched = (vireo_tokenizer *)(uintptr_t)f;
    vireo_tokenizer *t = untouched;
    vireo_error err;
    vireo_status st;
    measure m;
    int tries = 8; /* other processes take the caches away */
    const uint64_t mark = temp_mark(f->path, NULL);
    do {
        m = measure_begin();
        st = test_load_folder(f, &t, &err);
    } while (--tries && !measure_in_time(&m, MEASURE_MS));
    measure_end(&m, message, MEASURE_MS, input + MEASURE_SLACK);
    if (temp_mark(f->path, NULL) != mark)
        fail_msg("%s: the folder has changed", message);
    assert_string_equal(err.message, message);
    assert_int_equal(st, status);
    assert_ptr_equal(t, untouched);
}

vireo_tokenizer *test_load_json(const char *json, vireo_error *err)
{
    test_folder f = test_folder_make();
    test_folder_put(&f, "tokenizer.json", json, strlen(json));
    vireo_tokenizer *t = NULL;
    vireo_status st = test_load_folder(&f, &t, err);
    test_folder_remove(&f);
    assert_int_equal(t == NULL, st != VIREO_OK);
    return t;
}

void test_ids(const vireo_tokenizer *t, const char *text, size_t length, bool special,
              size_t max_ids, const char *expected)
{
    vireo_ids ids;
    vireo_error err = {0};
    if (vireo_tokenize(t, text, length, special, max_ids, &ids, &err))
        fail_msg("%s", err.message);
    char found[4096] = "";
    for (size_t i = 0, at = 0; i < ids.count && at < sizeof found - 16; i++)
        at += (size_t)sprintf(found + at, "%d ", ids.ids[i]);
    if (strcmp(found, expected))
        fail_msg("\"%s\": ids %s, expected %s", text, found, expected);
    assert_true(ids.uncut >= ids.count);
    vireo_ids_free(t, &ids);
    assert_null(ids.ids);
}
