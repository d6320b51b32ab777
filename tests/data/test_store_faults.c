/* SPDX-License-Identifier: Apache-2.0
 * Stores that are none, and stores whose writing fails or ends at any moment: what is there
 * afterwards is the old or the new, whole. */
#include "builder.h"
#include "faulty_vfs.h"
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INTER "user_id:token\titem_id:token\n"
#define ITEM "item_id:token\ttitle:token\n"
enum { NOBODY = 65534, WIDTH = 700, OLD_EVENTS = 3, NEW_EVENTS = 403 };

/* ---- Opening -------------------------------------------------------------------------------- */

static void refuse(const char *path, vireo_status status, const char *message)
{
    for (int mode = VIREO_STORE_READ; mode <= VIREO_STORE_CREATE; mode++) {
        vireo_store *store = NULL;
        vireo_error err = {0};
        char expected[6000];
        uint64_t before = access(path, R_OK) ? 0 : builder_state(path);
        vireo_status st = vireo_store_open(path, (vireo_store_mode)mode, NULL, &store, &err);
        snprintf(expected, sizeof expected, "%s%s", path, message);
        expected[sizeof err.message - 1] = '\0';
        assert_string_equal(err.message, expected);
        assert_int_equal(st, status);
        assert_null(store);
        assert_true(before == (access(path, R_OK) ? 0 : builder_state(path)));
    }
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    const char *pipe = builder_path("pipe");
    assert_int_equal(mkfifo(pipe, 0600), 0);
    vireo_store *store = NULL;
    static const char no_file[] = ", a regular file is needed (NOT_FILE)";
    const struct {
        const char *path, *is;
    } rows[] = {
        {"/dev/full", ": is a device"},       {"/dev/null", ": is a device"},
        {"/dev/zero", ": is a device"},       {pipe, ": is a pipe"},
        {builder_path("."), ": is a folder"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int mode = VIREO_STORE_READ; mode <= VIREO_STORE_CREATE; mode++) {
            char expected[600];
            vireo_error err = {0};
            snprintf(expected, sizeof expected, "%s%s%s", rows[i].path, rows[i].is, no_file);
            assert_int_equal(
                vireo_store_open(rows[i].path, (vireo_store_mode)mode, NULL, &store, &err),
                VIREO_ERROR_IO);
            assert_string_equal(err.message, expected);
        }
    unlink(pipe);
}

/* Files with SQLite's head or ours that hold something else. */
static void refuses_files(void **state)
{
    (void)state;
    static const char no_sqlite[] = ": not a Vireo store: not an SQLite file";
    char head[200] = "SQLite format 3";
    refuse(builder_file("short.db", "xy"), VIREO_ERROR_FORMAT, no_sqlite);
    refuse(builder_bytes("head.db", head, 16), VIREO_ERROR_FORMAT, no_sqlite);
    refuse(builder_bytes("zeros.db", head + 16, 184), VIREO_ERROR_FORMAT, no_sqlite);
    refuse(builder_bytes("head_and_zeros.db", head, sizeof head), VIREO_ERROR_FORMAT, no_sqlite);
    const char *plain = builder_file("plain", "x");
    char below[512], expected[700], longest[5001];
    vireo_store *store = NULL;
    vireo_error err = {0};
    snprintf(below, sizeof below, "%s/store.db", plain);
    snprintf(expected, sizeof expected, "%s: cannot be examined: Not a directory", below);
    assert_int_equal(vireo_store_open(below, VIREO_STORE_CREATE, NULL, &store, &err),
                     VIREO_ERROR_NOT_FOUND);
    assert_string_equal(err.message, expected);
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(vireo_store_open(longest, VIREO_STORE_CREATE, NULL, &store, NULL),
                     VIREO_ERROR_IO);
    assert_null(store);
}

static void change(const char *sql)
{
    sqlite3 *db = NULL;
    vireo_store *store;
    unlink(builder_path("store.db"));
    store = builder_store(VIREO_STORE_CREATE);
    vireo_store_close(&store);
    assert_int_equal(sqlite3_open(builder_path("store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* A store with our number but other tables fails when it is used, and stays as it was. */
static const struct {
    const char *sql, *import_message, *load_message; /* after the path */
} changed[] = {
    {"PRAGMA user_version=0", NULL, NULL},
    {"PRAGMA user_version=-1", NULL, NULL},
    {"DROP TABLE vectors; DROP TABLE interactions; DROP TABLE items; DROP TABLE users",
     ": preparing a statement: the store is damaged (no such table: users)",
     ": preparing a statement: the store is damaged (no such table: items)"},
    {"ALTER TABLE items DROP COLUMN year",
     ": preparing a statement: the store is damaged (table items has no column named year)",
     ": preparing a statement: the store is damaged (no such column: year)"},
    {"CREATE TRIGGER t AFTER INSERT ON interactions BEGIN SELECT raise(ABORT, 'no'); END",
     ": adding an interaction: the store is damaged (no)", ""},
    {"DROP TABLE items; CREATE VIEW items AS SELECT 1 pk, 'a' id, '' title, 0 year, '' genres,"
     " 0 described",
     ": preparing a statement: the store is damaged (cannot modify items because it is a view)",
     ""},
};

static void refuses_changed_stores(void **state)
{
    (void)state;
    const char *path = builder_path("store.db");
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        change(changed[i].sql);
        if (!changed[i].import_message) {
            char message[200];
            snprintf(message, sizeof message, ": store version %d; this program reads version 1",
                     atoi(strchr(changed[i].sql, '=') + 1));
            refuse(path, VIREO_ERROR_UNSUPPORTED, message);
            continue;
        }
        char expected[700];
        vireo_import_report r = {0};
        vireo_error err = {0};
        uint64_t before = builder_state(path);
        assert_int_equal(builder_import(INTER "1\t2\n", NULL, NULL, &r, &err), VIREO_ERROR_FORMAT);
        snprintf(expected, sizeof expected, "%s%s", path, changed[i].import_message);
        assert_string_equal(err.message, expected);
        assert_true(before == builder_state(path));
        vireo_store *store = builder_store(VIREO_STORE_READ);
        vireo_dataset *d = NULL;
        err = (vireo_error){0};
        vireo_status st = vireo_dataset_load(store, &d, &err);
        snprintf(expected, sizeof expected, "%s%s", changed[i].load_message[0] ? path : "",
                 changed[i].load_message);
        assert_string_equal(err.message, expected);
        assert_int_equal(st, expected[0] ? VIREO_ERROR_FORMAT : VIREO_OK);
        vireo_dataset_destroy(&d);
        vireo_store_close(&store);
    }
}

/* ---- Writing fails -------------------------------------------------------------------------- */

static void put_old_store(void)
{
    static unsigned char bytes[1 << 20];
    static size_t n;
    const char *path = builder_path("store.db");
    unlink(builder_path("store.db-journal"));
    if (n > 0) {
        builder_bytes("store.db", bytes, n);
        return;
    }
    vireo_import_report r = {0};
    unlink(path);
    assert_int_equal(
        builder_import(INTER "1\t1\n1\t2\n2\t1\n", ITEM "1\tOne\n2\tTwo\n", NULL, &r, NULL),
        VIREO_OK);
    vireo_import_report_free(&r);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    assert_true(n > 0 && n < sizeof bytes);
}

/* Opens the store and writes. */
typedef vireo_status (*write_fn)(const vireo_allocator *, vireo_error *);

static vireo_status import_new(const vireo_allocator *allocator, vireo_error *err)
{
    static char text[8192] = INTER;
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report r = {0};
    vireo_store *store = NULL;
    size_t n = strlen(INTER);
    for (int i = OLD_EVENTS; i < NEW_EVENTS; i++)
        n += (size_t)sprintf(text + n, "u%d\ti%d\n", i % 17, i);
    o.interactions = builder_file("new.inter", text);
    vireo_status st =
        vireo_store_open(builder_path("store.db"), VIREO_STORE_CREATE, allocator, &store, err);
    if (!st)
        st = vireo_import(store, &o, &r, err);
    vireo_import_report_free(&r);
    vireo_store_close(&store);
    return st;
}

static long long new_events(void)
{
    long long n = builder_query("SELECT count(*) FROM interactions");
    assert_true(n == OLD_EVENTS || n == NEW_EVENTS);
    return n == NEW_EVENTS;
}

static vireo_status save_new(const vireo_allocator *allocator, vireo_error *err)
{
    static const uint32_t items[] = {0, 1};
    float vectors[2 * WIDTH];
    vireo_store *store = NULL;
    vireo_dataset *d = NULL;
    for (int i = 0; i < 2 * WIDTH; i++)
        vectors[i] = (float)i;
    vireo_status st =
        vireo_store_open(builder_path("store.db"), VIREO_STORE_CREATE, allocator, &store, err);
    if (!st)
        st = vireo_dataset_load(store, &d, err);
    if (!st)
        st = vireo_store_save_vectors(store, d, "model", WIDTH, vectors, items, 2, err);
    vireo_dataset_destroy(&d);
    vireo_store_close(&store);
    return st;
}

static long long new_vectors(void)
{
    long long n = builder_query("SELECT count(*) FROM vectors");
    assert_true(n == 0 || n == 2);
    return n == 2;
}

static const struct {
    const char *name;
    write_fn write;
    long long (*is_new)(void);
} writes[] = {{"import", import_new, new_events}, {"vectors", save_new, new_vectors}};
enum { N_WRITES = sizeof writes / sizeof *writes };

/* What the next program to open the store finds; it rolls back what was left. */
static bool check_store(size_t w)
{
    vireo_dataset *d = builder_dataset();
    assert_true(d->n_items >= 2);
    assert_string_equal(d->items[1].title, "Two");
    vireo_dataset_destroy(&d);
    assert_int_equal(builder_query("SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
    return writes[w].is_new();
}

/* Each call that changes a file fails once, in every way. */
static void each_call_fails(void **state)
{
    (void)state;
    for (size_t w = 0; w < N_WRITES; w++) {
        for (int how = FAULTY_FULL; how <= FAULTY_DEATH; how++) {
            unsigned at = 1, news = 0;
            for (bool failed = true; failed; at++) {
                vireo_error err = {0};
                put_old_store();
                faulty_arm((faulty_how)how, at);
                vireo_status st = writes[w].write(NULL, &err);
                failed = faulty_disarm();
                bool is_new = check_store(w);
                news += is_new && failed;
                if (how != FAULTY_DEATH)
                    assert_int_equal(is_new, !st);
                if (!failed)
                    assert_true(is_new && !st);
                if (st)
                    assert_int_equal(st, VIREO_ERROR_IO);
                if (st && !strstr(err.message, builder_path("store.db")))
                    fail_msg("no path: %s", err.message);
                faulty_arm((faulty_how)how, 0);
                assert_int_equal(writes[w].write(NULL, NULL), VIREO_OK); /* the next try succeeds */
                faulty_disarm();
                assert_true(check_store(w));
            }
            assert_true(at > 8);
            print_message("           %s, fault %d: %u calls, %u after the commit\n",
                          writes[w].name, how, at - 2, news);
        }
    }
}

static void names_a_full_disk(void **state)
{
    (void)state;
    char expected[600];
    vireo_error err = {0};
    put_old_store();
    faulty_arm(FAULTY_FULL, 1);
    assert_int_equal(import_new(NULL, &err), VIREO_ERROR_IO);
    faulty_disarm();
    snprintf(expected, sizeof expected, "%s: adding a user: database or disk is full",
             builder_path("store.db"));
    assert_string_equal(err.message, expected);
}

/* ---- In processes of their own -------------------------------------------------------------- */

/* A signal gives 1000 + its number. */
static int in_child(int (*fn)(size_t), size_t argument)
{
    pid_t child = fork();
    if (child == 0)
        _exit(fn(argument));
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* The system refuses more bytes a file: every limit from none to enough. */
static int write_limited(size_t argument)
{
    const struct rlimit limit = {argument / N_WRITES, argument / N_WRITES};
    signal(SIGXFSZ, SIG_IGN);
    vireo_error err = {0};
    if (setrlimit(RLIMIT_FSIZE, &limit))
        return 3;
    vireo_status st = writes[argument % N_WRITES].write(NULL, &err);
    if (st && !strstr(err.message, "store.db: "))
        return 4;
    return st == VIREO_OK ? 0 : st == VIREO_ERROR_IO ? 1 : 2;
}

static void survives_full_disks(void **state)
{
    (void)state;
    for (size_t w = 0; w < N_WRITES; w++) {
        unsigned failures = 0;
        int code = 1;
        for (size_t limit = 8192; code; limit += 12000) {
            put_old_store();
            code = in_child(write_limited, limit * N_WRITES + w);
            assert_true(code == 0 || code == 1);
            assert_int_equal(check_store(w), code == 0);
            failures += code == 1;
        }
        assert_true(failures > 1);
    }
}

static size_t allocations_left;

static void *reallocate_or_die(void *user, void *old, size_t bytes)
{
    (void)user;
    if (allocations_left-- == 0)
        kill(getpid(), SIGKILL);
    return realloc(old, bytes);
}

static void *allocate_or_die(void *user, size_t bytes)
{
    return reallocate_or_die(user, NULL, bytes);
}

static void release(void *user, void *old)
{
    (void)user;
    free(old);
}

static int write_and_die(size_t argument)
{
    static const vireo_allocator hook = {allocate_or_die, reallocate_or_die, release, NULL};
    allocations_left = argument / N_WRITES;
    faulty_arm(FAULTY_IO, 0);
    return writes[argument % N_WRITES].write(&hook, NULL) ? 1 : 0;
}

/* kill -9 whenever memory is asked for, which is for each row too. */
static void survives_kill(void **state)
{
    (void)state;
    for (size_t w = 0; w < N_WRITES; w++) {
        unsigned kills = 0;
        int code = 1;
        for (size_t left = 0; code; left += 1 + left / 8, kills++) {
            put_old_store();
            code = in_child(write_and_die, left * N_WRITES + w);
            assert_true(code == 0 || code == 1000 + SIGKILL);
            bool is_new = check_store(w);
            if (code == 0)
                assert_true(is_new);
        }
        assert_true(kills > 10);
    }
}

/* Root may write anywhere: it becomes nobody. */
static int write_unwritable(size_t argument)
{
    vireo_store *store = NULL;
    vireo_error err = {0};
    char expected[600];
    const char *path = argument ? builder_path("store.db") : builder_path("fresh.db");
    if (geteuid() == 0 && setuid(NOBODY))
        return 2;
    vireo_status st = argument ? import_new(NULL, &err)
                               : vireo_store_open(path, VIREO_STORE_CREATE, NULL, &store, &err);
    snprintf(expected, sizeof expected, "%s: %s", path,
             argument ? "adding a user: the store cannot be written (attempt to write a "
                        "readonly database)"
                      : "opening the store: unable to open database file");
    return st == VIREO_ERROR_IO && !store && !strcmp(err.message, expected) ? 0 : 1;
}

static void refuses_unwritable_places(void **state)
{
    (void)state;
    put_old_store();
    builder_file("new.inter", "");
    assert_int_equal(chmod(builder_path("new.inter"), 0666), 0);
    assert_int_equal(chmod(builder_path("store.db"), 0444), 0);
    assert_int_equal(chmod(builder_path("."), 0555), 0);
    int fresh = in_child(write_unwritable, 0), old = in_child(write_unwritable, 1);
    assert_int_equal(chmod(builder_path("."), 0700), 0);
    assert_int_equal(chmod(builder_path("store.db"), 0644), 0);
    assert_int_equal(fresh, 0);
    assert_int_equal(old, 0);
    assert_false(check_store(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_file), cmocka_unit_test(refuses_files),
        cmocka_unit_test(refuses_changed_stores),  cmocka_unit_test(each_call_fails),
        cmocka_unit_test(names_a_full_disk),       cmocka_unit_test(survives_full_disks),
        cmocka_unit_test(survives_kill),           cmocka_unit_test(refuses_unwritable_places),
    };
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
