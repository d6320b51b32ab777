/* SPDX-License-Identifier: Apache-2.0
 * Writing into the cache folder when that fails, is interrupted, or happens twice at once. What was
 * there before stays whole. A device that was never opened stands in, so processes may fork. */
#include "tests/device_test.h"
#include "base/alloc.h"
#include "vk/cache.h"
#include "vk/cache_fixture.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, BYTES = 300000, FULL = 100000 };

static const vr_hash128 key = {1, 2}, other = {3, 4};
static char contents[BYTES];
static void write_all(vireo_device *d, vr_hash128 k, char letter)
{
    memset(contents, letter, sizeof contents);
    vr_cache_store(d, "spirv", k, contents, sizeof contents);
}

/* The letter a file is full of, 0 for a miss, '?' for anything else. */
static char read_letter(vireo_device *d, vr_hash128 k)
{
    void *data = NULL;
    size_t bytes = 0;
    if (!vr_cache_load(d, "spirv", k, cache_any, NULL, &data, &bytes))
        return 0;
    const char *text = data;
    char letter = bytes == BYTES ? text[0] : '?';
    for (size_t i = 0; i < bytes; i++)
        letter = text[i] == letter ? letter : '?';
    vr_free(NULL, data);
    return letter;
}

/* In a process of its own: its exit code is that of fn; a signal gives 1000 + its number. */
static int in_child(cache_fixture *f, int (*fn)(cache_fixture *))
{
    pid_t child = fork();
    if (child == 0)
        _exit(fn(f));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int said(const cache_fixture *f, const char *format, const char *path)
{
    char expected[1280];
    snprintf(expected, sizeof expected, format, path, path);
    if (!strncmp(f->last, expected, strlen(expected)))
        return 1;
    fprintf(stderr, "said \"%s\", expected \"%s\"\n", f->last, expected);
    return 0;
}

static void set_limit(int disposition)
{
    const struct rlimit limit = {FULL, FULL};
    signal(SIGXFSZ, disposition ? SIG_IGN : SIG_DFL);
    setrlimit(RLIMIT_FSIZE, &limit);
}

static int fill_disk(cache_fixture *f)
{
    set_limit(1);
    write_all(&f->device, key, 'b');
    write_all(&f->device, other, 'b');
    return f->warnings == 1 && read_letter(&f->device, key) == 'a' &&
                   !read_letter(&f->device, other) &&
                   said(f, "nothing is kept in the cache folder: %s/spirv-", f->folder.path) &&
                   strstr(f->last, ": cannot be written: File too large")
               ? 0
               : 1;
}

static void test_full_disk(void **state)
{
    cache_fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(in_child(f, fill_disk), 0);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2); /* no temporary */
    assert_int_equal(read_letter(&f->device, key), 'a');
}

/* The system ends the process in the midst of a write. */
static int die_writing(cache_fixture *f)
{
    set_limit(0);
    write_all(&f->device, key, 'b');
    return 0;
}

static void test_kill(void **state)
{
    cache_fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(in_child(f, die_writing), 1000 + SIGXFSZ);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 2 + 2); /* its temporary is left */
    assert_int_equal(read_letter(&f->device, key), 'a');
    write_all(&f->device, key, 'c');
    assert_int_equal(read_letter(&f->device, key), 'c');
    assert_int_equal(f->infos + f->warnings, 0);
}

/* Root may write and read anything: it becomes nobody. */
static int read_only(cache_fixture *f)
{
    if (geteuid() == 0 && setuid(NOBODY))
        return 2;
    write_all(&f->device, key, 'b');
    if (!said(f, "nothing is kept in the cache folder: %s/spirv-", f->folder.path) ||
        !strstr(f->last, ": cannot be created: Permission denied"))
        return 3;
    write_all(&f->device, other, 'b');
    return f->warnings == 1 && f->infos == 0 && read_letter(&f->device, key) == 'a' ? 0 : 1;
}

static void test_read_only(void **state)
{
    cache_fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(chmod(f->folder.path, 0555), 0);
    assert_int_equal(in_child(f, read_only), 0);
    assert_int_equal(chmod(f->folder.path, 0700), 0);
    assert_int_equal(read_letter(&f->device, other), 0);
}

static int read_unreadable(cache_fixture *f)
{
    scratch_file file;
    if (scratch_find(&f->folder, "spirv-", &file) != 1 || chmod(file.path, 0) ||
        chmod(f->folder.path, 0777) || (geteuid() == 0 && setuid(NOBODY)))
        return 2;
    if (read_letter(&f->device, key) || f->infos != 1 ||
        !said(f, "cache: %s ignored: %s: cannot be opened: Permission denied", file.path))
        return 3;
    write_all(&f->device, key, 'b'); /* the folder may be written, so it is replaced */
    return f->warnings == 0 && read_letter(&f->device, key) == 'b' ? 0 : 1;
}

static void test_unreadable(void **state)
{
    cache_fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(in_child(f, read_unreadable), 0);
    assert_int_equal(chmod(f->folder.path, 0700), 0);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2);
}

static int rewrite(cache_fixture *f)
{
    for (int i = 0; i < 60; i++)
        write_all(&f->device, key, i % 2 ? 'a' : 'b');
    return f->warnings ? 1 : 0;
}

/* The last one wins; a reader sees one of the two, whole. */
static void test_two_writers(void **state)
{
    cache_fixture *f = *state;
    pid_t children[2];
    size_t reads = 0;
    int left = 2;
    write_all(&f->device, key, 'a');
    for (int i = 0; i < 2; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(rewrite(f));
    }
    for (; left > 0; reads++) {
        char letter = read_letter(&f->device, key);
        assert_true(letter == 'a' || letter == 'b');
        int status = 0;
        if (waitpid(-1, &status, WNOHANG) > 0) {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
            left--;
        }
    }
    assert_true(reads > 2);
    assert_int_equal(f->infos + f->warnings, 0);
    assert_int_equal(read_letter(&f->device, key), 'a');
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, cache_set_up, cache_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_full_disk),  CASE(test_kill),        CASE(test_read_only),
        CASE(test_unreadable), CASE(test_two_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
