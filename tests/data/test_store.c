/* SPDX-License-Identifier: Apache-2.0
 * Opening stores of every kind, reading what cannot be written, and being killed. */
#include "builder.h"
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define INTER "user_id:token\titem_id:token\n"

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void refuse(const char *path, vireo_store_mode mode, vireo_status status,
                   const char *message)
{
    vireo_store *store = NULL;
    vireo_error err = {0};
    char expected[1200];
    assert_int_equal(vireo_store_open(path, mode, NULL, &store, &err), status);
    snprintf(expected, sizeof expected, "%s%s", path, message);
    assert_string_equal(err.message, expected);
    assert_null(store);
}

static void refuses_what_is_no_store(void **state)
{
    (void)state;
    char advice[700];
    const char *path = builder_path("absent.db");
    snprintf(advice, sizeof advice,
             ": no such store; vireo import --store %s --interactions FILE makes it", path);
    refuse(path, VIREO_STORE_READ, VIREO_ERROR_NOT_FOUND, advice);
    refuse(builder_file("empty.db", ""), VIREO_STORE_READ, VIREO_ERROR_FORMAT,
           ": not a Vireo store: the file is empty; vireo import fills it");
    static const char text[] =
        "user_id:token\titem_id:token\n1\t2\nand some more than the 100 bytes "
        "that the head of an SQLite file has, so that it can be judged\n";
    path = builder_file("text.db", text);
    refuse(path, VIREO_STORE_READ, VIREO_ERROR_FORMAT, ": not a Vireo store: not an SQLite file");
    refuse(path, VIREO_STORE_CREATE, VIREO_ERROR_FORMAT, ": not a Vireo store: not an SQLite file");
    refuse(builder_path("."), VIREO_STORE_CREATE, VIREO_ERROR_IO,
           ": is a folder, a regular file is needed (NOT_FILE)");
    path = builder_path("other.db");
    run_sql(path, "CREATE TABLE t(x)");
    refuse(path, VIREO_STORE_CREATE, VIREO_ERROR_FORMAT,
           ": not a Vireo store: an SQLite file with application id 0, a store has 1448232259");
    path = builder_path("no/such/folder.db");
    refuse(path, VIREO_STORE_CREATE, VIREO_ERROR_IO,
           ": opening the store: unable to open database file");
    vireo_store *store = NULL;
    assert_int_equal(vireo_store_open("", VIREO_STORE_CREATE, NULL, &store, NULL),
                     VIREO_ERROR_INVALID_ARGUMENT);
}

static void refuses_newer_stores(void **state)
{
    (void)state;
    vireo_store *store = builder_store(VIREO_STORE_CREATE);
    assert_string_equal(vireo_store_path(store), builder_path("store.db"));
    vireo_store_close(&store);
    const char *path = builder_path("store.db");
    run_sql(path, "PRAGMA user_version=2");
    refuse(path, VIREO_STORE_READ, VIREO_ERROR_UNSUPPORTED,
           ": store version 2; this program reads version 1; a newer Vireo made it");
    unlink(path);
}

static void names_are_files(void **state)
{
    (void)state;
    char old[400];
    vireo_store *store = NULL;
    assert_non_null(getcwd(old, sizeof old));
    assert_int_equal(chdir(builder_path(".")), 0);
    assert_int_equal(vireo_store_open(":memory:", VIREO_STORE_CREATE, NULL, &store, NULL), 0);
    vireo_store_close(&store);
    assert_int_equal(access(":memory:", F_OK), 0);
    assert_int_equal(chdir(old), 0);
}

static void reads_only(void **state)
{
    (void)state;
    vireo_import_report r = {0};
    vireo_error err = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(INTER "1\ta\n", NULL, NULL, &r, &err), VIREO_OK);
    vireo_import_report_free(&r);
    vireo_store *store = builder_store(VIREO_STORE_READ);
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    o.interactions = builder_file("r.inter", INTER "1\tb\n");
    assert_int_equal(vireo_import(store, &o, &r, &err), VIREO_ERROR_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "opened for reading"));
    vireo_store_close(&store);
}

/* As a user who may not write: file and folder. Root may always, so it becomes nobody. */
static void reads_unwritable_files(void **state)
{
    (void)state;
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(INTER "1\ta\n", NULL, NULL, &r, NULL), VIREO_OK);
    vireo_import_report_free(&r);
    chmod(builder_path("store.db"), 0444);
    chmod(builder_path("."), 0555);
    pid_t child = fork();
    if (child == 0) {
        vireo_store *store = NULL;
        vireo_dataset *d = NULL;
        vireo_error err = {0};
        float vector[1] = {1};
        uint32_t item = 0;
        int bad = geteuid() == 0 && setuid(65534) ? 100 : 0;
        if (!bad &&
            vireo_store_open(builder_path("store.db"), VIREO_STORE_READ, NULL, &store, &err))
            bad = 101;
        if (!bad && (vireo_dataset_load(store, &d, &err) || d->n_items != 1))
            bad = 102;
        if (!bad &&
            vireo_store_save_vectors(store, d, "k", 1, vector, &item, 1, &err) != VIREO_ERROR_IO)
            bad = 103;
        if (!bad && !strstr(err.message, "the store cannot be written"))
            bad = 104;
        vireo_dataset_destroy(&d);
        vireo_store_close(&store);
        _exit(bad);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    chmod(builder_path("."), 0700);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* kill -9 while rows are written, after SQLite has had to spill pages into the file itself: the
 * next one to open the store finds what was there before. */
static int die(void *user, const char *what, uint64_t done, uint64_t total)
{
    unsigned percent = *(unsigned *)user;
    if (!strcmp(what, "interactions") && done * 100 >= total * percent)
        kill(getpid(), SIGKILL);
    return 0;
}

static void survives_kill(void **state)
{
    (void)state;
    enum { ROWS = 120000 };
    char *text = malloc((size_t)ROWS * 24 + 64);
    assert_non_null(text);
    size_t n = (size_t)sprintf(text, INTER);
    for (int i = 0; i < ROWS; i++)
        n += (size_t)sprintf(text + n, "u%d\ti%d\n", i % 5003, i % 7001);
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(INTER "old\titem\n", NULL, NULL, &r, NULL), VIREO_OK);
    vireo_import_report_free(&r);
    o.interactions = builder_bytes("big.inter", text, n);
    free(text);
    static const unsigned points[] = {10, 60, 100};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        pid_t child = fork();
        if (child == 0) {
            unsigned percent = points[i];
            vireo_store *store = NULL;
            o.progress = die;
            o.progress_user = &percent;
            if (!vireo_store_open(builder_path("store.db"), VIREO_STORE_CREATE, NULL, &store, NULL))
                vireo_import(store, &o, &r, NULL);
            _exit(1);
        }
        int status = -1;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        if (points[i] == 100)
            assert_int_equal(access(builder_path("store.db-journal"), F_OK), 0);
        vireo_dataset *d = builder_dataset(); /* opened for reading, rolls back */
        assert_int_equal(d->n_events, 1);
        assert_int_equal(d->n_items, 1);
        assert_string_equal(d->users[0], "old");
        vireo_dataset_destroy(&d);
        assert_int_equal(builder_query("SELECT integrity_check = 'ok' FROM pragma_integrity_check"),
                         1);
    }
    vireo_store *store = builder_store(VIREO_STORE_CREATE);
    assert_int_equal(vireo_import(store, &o, &r, NULL), VIREO_OK);
    assert_int_equal(r.interactions.added, ROWS);
    vireo_import_report_free(&r);
    vireo_store_close(&store);
}

/* Any single damaged byte or cut gives an error or a data set, never a crash. */
static void survives_damage(void **state)
{
    (void)state;
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(INTER "1\ta\n2\tb\n1\tb\n", NULL, NULL, &r, NULL), VIREO_OK);
    vireo_import_report_free(&r);
    char whole[65536];
    FILE *f = fopen(builder_path("store.db"), "rb");
    assert_non_null(f);
    size_t size = fread(whole, 1, sizeof whole, f);
    fclose(f);
    size_t refused = 0, rounds = 0;
    for (size_t i = 0; i < size; i += i < 400 ? 7 : 397) {
        for (int cut = 0; cut < 2; cut++, rounds++) {
            char saved = whole[i];
            vireo_store *store = NULL;
            vireo_dataset *d = NULL;
            whole[i] = (char)(saved ^ 0x55);
            const char *path = builder_bytes("damaged.db", whole, cut ? i : size);
            whole[i] = saved;
            vireo_status st = vireo_store_open(path, VIREO_STORE_READ, NULL, &store, NULL);
            if (!st)
                st = vireo_dataset_load(store, &d, NULL);
            refused += st != VIREO_OK;
            vireo_dataset_destroy(&d);
            vireo_store_close(&store);
        }
    }
    assert_true(refused * 2 > rounds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_store), cmocka_unit_test(refuses_newer_stores),
        cmocka_unit_test(names_are_files),          cmocka_unit_test(reads_only),
        cmocka_unit_test(reads_unwritable_files),   cmocka_unit_test(survives_kill),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
