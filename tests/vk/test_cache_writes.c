/* SPDX-License-Identifier: Apache-2.0
 * Writing into the cache folder when that fails, is interrupted, or happens twice at once. What was
 * there before stays whole. A device that was never opened stands in, so processes may fork. */
#include "tests/device_test.h"
#include "base/alloc.h"
#include "vk/cache.h"
#include "vk/scratch.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534, BYTES = 300000, FULL = 100000 };

static const vr_hash128 key = {1, 2}, other = {3, 4};
static char contents[BYTES];
static unsigned infos, warnings;
static char last[1024];

static void listen(void *user, vireo_log_level level, const char *message)
{
    (void)user;
    warnings += level == VIREO_LOG_WARN;
    infos += level == VIREO_LOG_INFO;
    snprintf(last, sizeof last, "%s", message);
}

typedef struct fixture {
    scratch folder;
    vireo_device device;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    scratch_init(&f->folder);
    f->device.cache_dir = f->folder.path;
    f->device.log = (vr_log){listen, NULL, VIREO_LOG_INFO};
    infos = warnings = 0;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    scratch_deinit(&f->folder);
    free(f);
    return 0;
}

static const char *any(const void *user, const void *data, size_t bytes)
{
    (void)user;
    (void)data;
    (void)bytes;
    return NULL;
}

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
    if (!vr_cache_load(d, "spirv", k, any, NULL, &data, &bytes))
        return 0;
    const char *text = data;
    char letter = bytes == BYTES ? text[0] : '?';
    for (size_t i = 0; i < bytes; i++)
        letter = text[i] == letter ? letter : '?';
    vr_free(NULL, data);
    return letter;
}

/* In a process of its own: its exit code is that of fn; a signal gives 1000 + its number. */
static int in_child(fixture *f, int (*fn)(fixture *))
{
    pid_t child = fork();
    if (child == 0)
        _exit(fn(f));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int said(const char *format, const char *path)
{
    char expected[1024];
    snprintf(expected, sizeof expected, format, path, path);
    if (!strncmp(last, expected, strlen(expected)))
        return 1;
    fprintf(stderr, "said \"%s\", expected \"%s\"\n", last, expected);
    return 0;
}

static void set_limit(int disposition)
{
    const struct rlimit limit = {FULL, FULL};
    signal(SIGXFSZ, disposition ? SIG_IGN : SIG_DFL);
    setrlimit(RLIMIT_FSIZE, &limit);
}

static int fill_disk(fixture *f)
{
    set_limit(1);
    write_all(&f->device, key, 'b');
    write_all(&f->device, other, 'b');
    return warnings == 1 && read_letter(&f->device, key) == 'a' &&
                   !read_letter(&f->device, other) &&
                   said("nothing is kept in the cache folder: %s/spirv-", f->folder.path) &&
                   strstr(last, ": cannot be written: File too large")
               ? 0
               : 1;
}

static void test_full_disk(void **state)
{
    fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(in_child(f, fill_disk), 0);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2); /* no temporary */
    assert_int_equal(read_letter(&f->device, key), 'a');
}

/* The system ends the process in the midst of a write. */
static int die_writing(fixture *f)
{
    set_limit(0);
    write_all(&f->device, key, 'b');
    return 0;
}

static void test_kill(void **state)
{
    fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(in_child(f, die_writing), 1000 + SIGXFSZ);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 2 + 2); /* its temporary is left */
    assert_int_equal(read_letter(&f->device, key), 'a');
    write_all(&f->device, key, 'c');
    assert_int_equal(read_letter(&f->device, key), 'c');
    assert_int_equal(infos + warnings, 0);
}

/* Root may write and read anything: it becomes nobody. */
static int read_only(fixture *f)
{
    if (geteuid() == 0 && setuid(NOBODY))
        return 2;
    write_all(&f->device, key, 'b');
    if (!said("nothing is kept in the cache folder: %s/spirv-", f->folder.path) ||
        !strstr(last, ": cannot be created: Permission denied"))
        return 3;
    write_all(&f->device, other, 'b');
    return warnings == 1 && infos == 0 && read_letter(&f->device, key) == 'a' ? 0 : 1;
}

static void test_read_only(void **state)
{
    fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(chmod(f->folder.path, 0555), 0);
    assert_int_equal(in_child(f, read_only), 0);
    assert_int_equal(chmod(f->folder.path, 0700), 0);
    assert_int_equal(read_letter(&f->device, other), 0);
}

static int read_unreadable(fixture *f)
{
    scratch_file file;
    if (scratch_find(&f->folder, "spirv-", &file) != 1 || chmod(file.path, 0) ||
        chmod(f->folder.path, 0777) || (geteuid() == 0 && setuid(NOBODY)))
        return 2;
    if (read_letter(&f->device, key) || infos != 1 ||
        !said("cache: %s ignored: %s: cannot be opened: Permission denied", file.path))
        return 3;
    write_all(&f->device, key, 'b'); /* the folder may be written, so it is replaced */
    return warnings == 0 && read_letter(&f->device, key) == 'b' ? 0 : 1;
}

static void test_unreadable(void **state)
{
    fixture *f = *state;
    write_all(&f->device, key, 'a');
    assert_int_equal(in_child(f, read_unreadable), 0);
    assert_int_equal(chmod(f->folder.path, 0700), 0);
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2);
}

static int rewrite(fixture *f)
{
    for (int i = 0; i < 60; i++)
        write_all(&f->device, key, i % 2 ? 'a' : 'b');
    return warnings ? 1 : 0;
}

/* The last one wins; a reader sees one of the two, whole. */
static void test_two_writers(void **state)
{
    fixture *f = *state;
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
    assert_int_equal(infos + warnings, 0);
    assert_int_equal(read_letter(&f->device, key), 'a');
    assert_int_equal(scratch_find(&f->folder, "", NULL), 1 + 2);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_full_disk),  CASE(test_kill),        CASE(test_read_only),
        CASE(test_unreadable), CASE(test_two_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
