/* SPDX-License-Identifier: Apache-2.0
 * file, thread. */
#define _XOPEN_SOURCE 700
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <ftw.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/thread.h"

static char folder[256];

static int remove_one(const char *path, const struct stat *info, int flag, struct FTW *ftw)
{
    (void)info, (void)flag, (void)ftw;
    return remove(path);
}

static int set_up(void **state)
{
    (void)state;
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/vireo-test-XXXXXX", base && *base ? base : "/tmp");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *at(const char *name)
{
    static char path[4][512];
    static int turn;
    turn = (turn + 1) % 4;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static size_t entries(void)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n - 2;
}

static void write_and_read(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 65535, 65536, 65537, 1000000};
    char *data = malloc(1000000);
    for (size_t i = 0; i < 1000000; i++)
        data[i] = (char)(i * 31);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        vireo_error err = {0};
        char *back = NULL;
        size_t bytes = 99;
        assert_int_equal(vr_file_write(NULL, at("f"), data, sizes[i], &err), VIREO_OK);
        assert_int_equal(vr_file_read(NULL, at("f"), sizes[i], &back, &bytes, &err), VIREO_OK);
        assert_int_equal(bytes, sizes[i]);
        assert_memory_equal(back, data, bytes);
        assert_int_equal(back[bytes], 0);
        vr_free(NULL, back);
        if (sizes[i]) {
            back = NULL;
            assert_int_equal(vr_file_read(NULL, at("f"), sizes[i] - 1, &back, &bytes, &err),
                             VIREO_ERROR_LIMIT);
            assert_null(back);
        }
    }
    assert_int_equal(entries(), 1);
    assert_int_equal(unlink(at("f")), 0);
    free(data);
}

/* A file that became shorter is told, whatever was asked; a mapping of it would end the process. */
static void read_by_position(void **state)
{
    (void)state;
    static const struct {
        const char *part;
        uint64_t offset;
        size_t bytes;
        off_t cut;        /* before the reading */
        uint64_t missing; /* 0: all is there */
    } rows[] = {
        {"x", 0, 10, 10, 0},      {"x", 3, 4, 10, 0},  {NULL, 10, 0, 10, 0}, {NULL, 2, 3, 5, 0},
        {"tensor x", 2, 8, 7, 7}, {NULL, 0, 10, 9, 9}, {"x", 8, 2, 3, 8},    {NULL, 9, 1, 0, 9},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char data[12] = "###########", want[600];
        vireo_error err = {0};
        vr_file file = {0};
        vr_file_close(&file);
        assert_int_equal(vr_file_write(NULL, at("f"), "0123456789", 10, &err), VIREO_OK);
        const char *path = at("f");
        assert_int_equal(vr_file_open(&file, path, &err), VIREO_OK);
        assert_int_equal(file.bytes, 10);
        assert_int_equal(truncate(path, rows[i].cut), 0);
        vireo_status st =
            vr_file_read_at(&file, rows[i].part, rows[i].offset, data, rows[i].bytes, &err);
        if (rows[i].missing) {
            snprintf(
                want, sizeof want,
                "%s: %s%sbyte %llu is not there: the file has %lld bytes, it had 10 when it was "
                "opened",
                path, rows[i].part ? rows[i].part : "", rows[i].part ? ": " : "",
                (unsigned long long)rows[i].missing, (long long)rows[i].cut);
            assert_int_equal(st, VIREO_ERROR_IO);
            assert_string_equal(err.message, want);
            assert_int_equal(err.offset, rows[i].missing);
        } else {
            assert_int_equal(st, VIREO_OK);
            assert_memory_equal(data, &"0123456789"[rows[i].offset], rows[i].bytes);
            assert_int_equal(data[rows[i].bytes], '#');
        }
        vr_file_close(&file);
        vr_file_close(&file);
        assert_null(file.path);
    }
    assert_int_equal(unlink(at("f")), 0);
}

static void what_is_no_regular_file(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(at("pipe"), 0600), 0);
    static const struct {
        const char *path;
        vireo_status status;
        const char *part;
    } rows[] = {
        {"absent", VIREO_ERROR_NOT_FOUND, "No such file"},
        {"pipe", VIREO_ERROR_IO, "a pipe"},
        {".", VIREO_ERROR_IO, "a folder"},
        {"/dev/zero", VIREO_ERROR_IO, "a device"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *path = rows[i].path[0] == '/' ? rows[i].path : at(rows[i].path);
        vireo_error err = {0};
        char *data = NULL;
        size_t bytes = 0;
        vr_file file = {0};
        assert_int_equal(vr_file_read(NULL, path, 100, &data, &bytes, &err), rows[i].status);
        assert_non_null(strstr(err.message, path));
        assert_non_null(strstr(err.message, rows[i].part));
        assert_int_equal(vr_file_open(&file, path, &err), rows[i].status);
        assert_null(data);
        if (strcmp(rows[i].path, ".") != 0)
            assert_int_equal(vr_need_folder(path, &err), rows[i].status);
        assert_non_null(strstr(err.message, rows[i].part));
        assert_null(file.path);
    }
    assert_int_equal(unlink(at("pipe")), 0);
}

static void a_writer_shows_all_or_nothing(void **state)
{
    (void)state;
    vireo_error err = {0};
    char *data;
    size_t bytes;
    vr_writer w;
    assert_int_equal(vr_file_write(NULL, at("f"), "old", 3, &err), VIREO_OK);
    assert_int_equal(vr_writer_open(&w, NULL, at("f"), &err), VIREO_OK);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(vr_writer_put(&w, "new", 3, &err), VIREO_OK);
    assert_int_equal(vr_file_read(NULL, at("f"), 100, &data, &bytes, &err), VIREO_OK);
    assert_string_equal(data, "old");
    vr_free(NULL, data);
    assert_int_equal(entries(), 2);
    vr_writer_abort(&w);
    assert_int_equal(entries(), 1);
    vr_writer_abort(&w);
    assert_int_equal(vr_writer_open(&w, NULL, at("f"), &err), VIREO_OK);
    for (int i = 0; i < 100000; i++)
        assert_int_equal(vr_writer_put(&w, "new", 3, &err), VIREO_OK);
    assert_int_equal(vr_writer_commit(&w, &err), VIREO_OK);
    vr_writer_abort(&w);
    assert_int_equal(vr_file_read(NULL, at("f"), 1 << 20, &data, &bytes, &err), VIREO_OK);
    assert_int_equal(bytes, 300000);
    assert_memory_equal(data + 299997, "new", 3);
    vr_free(NULL, data);
    assert_int_equal(entries(), 1);
    assert_int_equal(mkdir(at("folder"), 0700), 0);
    assert_int_equal(vr_file_write(NULL, at("folder"), "x", 1, &err), VIREO_ERROR_IO);
    assert_int_equal(entries(), 2);
    assert_int_equal(vr_file_write(NULL, at("absent/f"), "x", 1, &err), VIREO_ERROR_NOT_FOUND);
    assert_non_null(strstr(err.message, "absent/f"));
    assert_int_equal(rmdir(at("folder")), 0);
    assert_int_equal(unlink(at("f")), 0);
}

static void a_full_disk_is_an_error(void **state)
{
    (void)state;
    if (access("/dev/full", W_OK) != 0)
        skip();
    vireo_error err = {0};
    vr_writer w;
    assert_int_equal(vr_writer_open(&w, NULL, at("f"), &err), VIREO_OK);
    FILE *full = fopen("/dev/full", "wb");
    assert_non_null(full);
    assert_true(dup2(fileno(full), w.fd) == w.fd);
    fclose(full);
    assert_int_equal(vr_writer_put(&w, "x", 1, &err), VIREO_OK);
    assert_int_equal(vr_writer_commit(&w, &err), VIREO_ERROR_IO);
    assert_non_null(strstr(err.message, "No space"));
    assert_int_equal(entries(), 0);
}

static void folders_and_paths(void **state)
{
    (void)state;
    vireo_error err = {0};
    assert_int_equal(vr_make_folders(NULL, at("a/b//c/"), &err), VIREO_OK);
    assert_int_equal(vr_make_folders(NULL, at("a/b/c"), &err), VIREO_OK);
    assert_true(vr_is_folder(at("a/b/c")));
    struct stat info;
    assert_int_equal(stat(at("a/b"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_int_equal(vr_file_write(NULL, at("a/f"), "", 0, &err), VIREO_OK);
    assert_true(vr_file_exists(at("a/f")));
    assert_false(vr_is_folder(at("a/f")));
    assert_int_equal(vr_need_folder(at("a"), &err), VIREO_OK);
    assert_int_equal(vr_need_folder(at("a/f"), &err), VIREO_ERROR_IO);
    assert_non_null(strstr(err.message, "a/f: is a file, a folder is needed (NOT_FILE)"));
    assert_false(vr_file_exists(at("a/g")));
    assert_int_not_equal(vr_make_folders(NULL, at("a/f/x"), &err), VIREO_OK);
    assert_non_null(strstr(err.message, "a/f"));
    static const char *const joins[][3] = {
        {"a", "b", "a/b"}, {"a/", "b", "a/b"}, {"", "b", "b"}, {"/", "b", "/b"}};
    for (size_t i = 0; i < 4; i++) {
        char *joined = vr_path_join(NULL, joins[i][0], joins[i][1]);
        assert_string_equal(joined, joins[i][2]);
        vr_free(NULL, joined);
    }
}

static void mark(void *user, size_t i)
{
    atomic_fetch_add(&((atomic_int *)user)[i], 1);
}

static void every_index_runs_once(void **state)
{
    (void)state;
    static const size_t counts[] = {0, 1, 2, 1000};
    for (size_t n = 0; n < 4; n++) {
        atomic_int *marks = calloc(1000, sizeof *marks);
        vr_parallel_for(counts[n], mark, marks);
        for (size_t i = 0; i < 1000; i++)
            assert_int_equal(atomic_load(&marks[i]), i < counts[n]);
        free(marks);
    }
    assert_true(vr_cpu_count() >= 1);
}

typedef struct shared {
    vr_mutex mutex;
    int value;
} shared;

static void add_locked(void *user, size_t i)
{
    (void)i;
    shared *s = user;
    vr_mutex_lock(&s->mutex);
    s->value++;
    vr_mutex_unlock(&s->mutex);
}

static void mutual_exclusion_and_clock(void **state)
{
    (void)state;
    shared s = {.value = 0};
    uint64_t start = vr_now_ns();
    vr_mutex_init(&s.mutex);
    vr_parallel_for(20000, add_locked, &s);
    vr_mutex_deinit(&s.mutex);
    assert_int_equal(s.value, 20000);
    assert_true(vr_now_ns() > start);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_and_read),          cmocka_unit_test(read_by_position),
        cmocka_unit_test(what_is_no_regular_file), cmocka_unit_test(a_writer_shows_all_or_nothing),
        cmocka_unit_test(a_full_disk_is_an_error), cmocka_unit_test(folders_and_paths),
        cmocka_unit_test(every_index_runs_once),   cmocka_unit_test(mutual_exclusion_and_clock),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
