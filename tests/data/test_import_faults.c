/* SPDX-License-Identifier: Apache-2.0
 * Malformed and hostile files for an import: what cannot be read fails whole, names its place and
 * leaves the store as it was; bad rows are dropped or mended and counted. */
#include "builder.h"
#include "measure.h"
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define T BUILDER_TEXT
#define X BUILDER_TIMES
#define MILLION 1000000
#define SHORT "user_id:token\titem_id:token\n"
#define ITEM "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
#define TYPES "token, token_seq, float, float_seq"
#define ALLOWED "allowed: name:type with type one of " TYPES ", columns separated by tabs"
#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define NO_USER ": line 1: no column \"user_id\"; needed: user_id of type token; found: "

enum { INTERACTIONS, ITEMS, USERS };
static const char *const names[] = {"f.inter", "f.item", "f.user"};

/* ---- Files that are refused ----------------------------------------------------------------- */

static const struct {
    int file;
    builder_part parts[5];
    vireo_status status;
    const char *message; /* after the path */
} refused[] = {
    {INTERACTIONS,
     {T("")},
     VIREO_ERROR_FORMAT,
     ": line 1: found nothing; allowed: a header of columns name:type"},
    {USERS,
     {T("\r\n1\r\n")},
     VIREO_ERROR_FORMAT,
     ": line 1: found nothing; allowed: a header of columns name:type"},
    {INTERACTIONS,
     {T("\0\0\0\0")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: found \"????\"; " ALLOWED},
    {INTERACTIONS,
     {T("user_\0id:token\titem_id:token\n1\t2\n")},
     VIREO_ERROR_FORMAT,
     NO_USER "\"user_?id:token?item_id:token\""},
    {INTERACTIONS,
     {T("user_id:tok\0en\titem_id:token\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: unknown type \"tok?en\"; allowed: " TYPES},
    {INTERACTIONS,
     {T("user_id\xff:token\titem_id:token\n")},
     VIREO_ERROR_FORMAT,
     NO_USER "\"user_id?:token?item_id:token\""},
    {INTERACTIONS,
     {T("\xff\xfeu\0s\0e\0r\0")},
     VIREO_ERROR_FORMAT, /* UTF-16 */
     ": line 1, column 1: found \"??u?s?e?r?\"; " ALLOWED},
    {INTERACTIONS,
     {T("\xef\xbb\xbf\xef\xbb\xbfuser_id:token\titem_id:token\n")},
     VIREO_ERROR_FORMAT,
     NO_USER "\"?user_id:token?item_id:token\""},
    {INTERACTIONS,
     {T("\xe2\x80\xaeuser_id:token\titem_id:token\n")},
     VIREO_ERROR_FORMAT,
     NO_USER "\"?user_id:token?item_id:token\""},
    {INTERACTIONS,
     {T("user_id:token\titem_id:token\r1\t2\r")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 2: unknown type \"token?1\"; allowed: " TYPES},
    {INTERACTIONS,
     {T("\"user_id:token\"\t\"item_id:token\"\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: unknown type \"token\"\"; allowed: " TYPES},
    {INTERACTIONS,
     {T("user_id: token\titem_id:token\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: unknown type \" token\"; allowed: " TYPES},
    {INTERACTIONS,
     {T("user_id:token    item_id:token\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: unknown type \"token    item_id:token\"; allowed: " TYPES},
    {INTERACTIONS,
     {T("User_ID:token\titem_id:token\n")},
     VIREO_ERROR_FORMAT,
     NO_USER "\"User_ID:token?item_id:token\""},
    {INTERACTIONS,
     {T("user_id:token\titem_id:token\tuser_id:token\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 3: \"user_id\" stands in column 1 already"},
    {ITEMS,
     {T("item_id:token\ttitle:token\ttitle:token_seq\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 3: \"title\" stands in column 2 already"},
    {INTERACTIONS,
     {T("user_id:token\titem_id:token\ttimestamp:token\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 3: \"timestamp:token\"; allowed types of this column: float"},
    {USERS, {T("1\t20\n2\t30\n")}, VIREO_ERROR_FORMAT, ": line 1, column 1: found \"1\"; " ALLOWED},
    {INTERACTIONS,
     {X("x", MILLION)},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: found \"" X64 "...\"; " ALLOWED},
    {INTERACTIONS,
     {T("user_id:"), X("x", MILLION), T("\n1\t2\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: unknown type \"" X64 "...\"; allowed: " TYPES},
    {INTERACTIONS,
     {X("c:float\t", MILLION), T("user_id:token\titem_id:token\n")},
     VIREO_ERROR_LIMIT,
     ": line 1: more than 1024 columns"},
    {INTERACTIONS,
     {X("\t", MILLION), T("\n")},
     VIREO_ERROR_FORMAT,
     ": line 1, column 1: found \"\"; " ALLOWED},
    {INTERACTIONS,
     {T("user_id:token\titem_id:token\tx"), X("yyyyyyyy", 17 << 17), T(":float\n")},
     VIREO_ERROR_LIMIT,
     ": line 1: longer than 16777216 bytes"},
};

/* A store with one old interaction; what the import of all three files makes of it. */
static vireo_store *old_store(void)
{
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(SHORT "old\titem\n", NULL, NULL, &r, NULL), VIREO_OK);
    vireo_import_report_free(&r);
    return builder_store(VIREO_STORE_CREATE);
}

static void refuse(int file, const char *path, size_t bytes, vireo_status status,
                   const char *message)
{
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report r = {.n_notes = 77};
    vireo_error err = {0};
    char expected[1200];
    o.interactions = builder_file("good.inter", SHORT "1\t2\n");
    o.items = builder_file("good.item", ITEM "1\tA\t1990\tDrama\n");
    o.users = builder_file("good.user", "user_id:token\n1\n");
    *(const char **[]){&o.interactions, &o.items, &o.users}[file] = path;
    vireo_store *store = old_store();
    uint64_t before = builder_state(builder_path("store.db"));
    snprintf(expected, sizeof expected, "%s%s", path, message);
    const measure m = measure_begin();
    vireo_status st = vireo_import(store, &o, &r, &err);
    measure_end(&m, expected, MEASURE_MS, bytes + MEASURE_SLACK);
    assert_string_equal(err.message, expected);
    assert_int_equal(st, status);
    assert_int_equal(err.status, status);
    assert_int_equal(r.n_notes, 77);
    assert_true(before == builder_state(builder_path("store.db")));
    vireo_store_close(&store);
    assert_true(before == builder_state(builder_path("store.db")));
}

static void refuses_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        size_t bytes;
        const char *path = builder_parts(names[refused[i].file], refused[i].parts, &bytes);
        refuse(refused[i].file, path, bytes, refused[i].status, refused[i].message);
    }
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    const char *folder = builder_path("folder"), *pipe = builder_path("pipe"),
               *link = builder_path("link");
    mkdir(folder, 0700);
    mkfifo(pipe, 0600);
    assert_int_equal(symlink("nowhere", link), 0);
    static const char no_file[] = ", a regular file is needed (NOT_FILE)";
    const struct {
        const char *path, *is;
        vireo_status status;
    } rows[] = {
        {folder, ": is a folder", VIREO_ERROR_IO},
        {pipe, ": is a pipe", VIREO_ERROR_IO},
        {"/dev/zero", ": is a device", VIREO_ERROR_IO},
        {builder_path("absent"), ": cannot be opened: No such file or directory",
         VIREO_ERROR_NOT_FOUND},
        {link, ": cannot be opened: No such file or directory", VIREO_ERROR_NOT_FOUND},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[256];
        snprintf(message, sizeof message, "%s%s", rows[i].is,
                 rows[i].status == VIREO_ERROR_IO ? no_file : "");
        for (int file = INTERACTIONS; file <= USERS; file++)
            refuse(file, rows[i].path, 0, rows[i].status, message);
    }
    unlink(link);
    unlink(pipe);
}

/* ---- Files cut while they are read ---------------------------------------------------------- */

enum { CUT_TO = 5 };
static struct {
    const char *path;
    size_t to;
} cut;

/* Between the header and the rest: files are opened first, and the larger one is not held whole. */
static int cut_file(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)user;
    (void)what;
    (void)done;
    (void)total;
    assert_int_equal(truncate(cut.path, (off_t)cut.to), 0);
    return 0;
}

static void notices_a_cut(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, CUT_TO, 65536, 65537, 150000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
        vireo_import_report r = {.n_notes = 77};
        vireo_error err = {0};
        size_t bytes;
        char expected[1200];
        cut.to = sizes[i];
        cut.path = o.interactions = builder_parts(
            "cut.inter", (const builder_part[]){T(SHORT), X("1\t22\n", 100000), {0}}, &bytes);
        o.items = builder_file("good.item", ITEM "1\tA\t1990\tDrama\n");
        o.progress = cut_file;
        vireo_store *store = old_store();
        uint64_t before = builder_state(builder_path("store.db"));
        assert_int_equal(vireo_import(store, &o, &r, &err), VIREO_ERROR_IO);
        snprintf(expected, sizeof expected,
                 "%s: became shorter while it was read (%zu of %zu bytes)", o.interactions,
                 sizes[i] < 65536 ? (size_t)65536 : sizes[i], bytes);
        assert_string_equal(err.message, expected);
        vireo_store_close(&store);
        assert_true(before == builder_state(builder_path("store.db")));
    }
}

/* What is written behind the end while the file is read is not read. */
static int lengthen_file(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)what;
    (void)done;
    FILE *f = fopen(user, "ab");
    assert_non_null(f);
    assert_true(fputs("more\tmore\n", f) >= 0);
    assert_int_equal(fclose(f), 0);
    return total == 0;
}

static void reads_what_was_there(void **state)
{
    (void)state;
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report r = {0};
    size_t bytes;
    o.interactions = builder_parts(
        "grown.inter", (const builder_part[]){T(SHORT), X("1\t22\n", 20000), {0}}, &bytes);
    o.progress = lengthen_file;
    o.progress_user = (void *)(uintptr_t)o.interactions;
    vireo_store *store = old_store();
    assert_int_equal(vireo_import(store, &o, &r, NULL), VIREO_OK);
    assert_int_equal(r.interactions.read, 20000);
    assert_int_equal(r.interactions.added, 1);
    vireo_import_report_free(&r);
    vireo_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_files),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(notices_a_cut),
        cmocka_unit_test(reads_what_was_there),
    };
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
