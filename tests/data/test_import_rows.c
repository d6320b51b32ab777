/* SPDX-License-Identifier: Apache-2.0
 * Malformed and hostile rows for an import: dropped or mended and counted, with the line and the
 * text of the first, in bounded time and memory. */
#include "builder.h"
#include "measure.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define T BUILDER_TEXT
#define X BUILDER_TIMES
#define MILLION 1000000
#define INTER "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
#define SHORT "user_id:token\titem_id:token\n"
#define ITEM "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
/* The 92 bytes that an example shows of a long text, and the dots. */
#define X10(text) text text text text text text text text text text
#define FDFA "\xef\xb7\xba" /* U+FDFA, 18 characters in NFKC */
#define TABLES "<table><tr><table><tr><table><tr><table><tr>"
#define CUT(nine, two) X10(nine) two "...'\n"
#define CUT_HEX(byte) X10(byte byte) byte byte byte "...'\n"

enum { INTERACTIONS, ITEMS, USERS };
static const char *const names[] = {"f.inter", "f.item", "f.user"};
static const char *const tables[] = {"interactions", "items", "users"};

#define BAD_TIME "dropped timestamp is out of range (0 to 253402300799 seconds)"
#define LONG_ID "is longer than 256 bytes"

static const struct {
    int file;
    builder_part parts[6];
    const char *counts; /* rows read, added, mended, dropped */
    const char *notes;  /* each line after the table's name */
} judged[] = {
    /* lines */
    {INTERACTIONS, {T(SHORT)}, "0 0 0 0", ""},
    {INTERACTIONS, {T("user_id:token\titem_id:token")}, "0 0 0 0", ""},
    {INTERACTIONS, {T(SHORT), X("\n", MILLION), T("1\t2\n")}, "1 1 0 0", ""},
    {INTERACTIONS,
     {T(SHORT "1\t2\n3\t4\n5")},
     "3 2 0 1",
     "dropped wrong number of fields x1 @4 '5'\n"},
    {INTERACTIONS,
     {T(SHORT "1\t2\n3\ta\xc3")},
     "2 1 0 1",
     "dropped item id is not UTF-8 x1 @3 'a\\xC3'\n"},
    {INTERACTIONS,
     {T(SHORT "1\r\t2\n1\t2\r\r\n")},
     "2 0 0 2",
     "dropped user id holds control characters x1 @2 '1\\x0D'\n"
     "dropped item id holds control characters x1 @3 '2\\x0D'\n"},
    {INTERACTIONS,
     {T(SHORT), X("\t", MILLION), T("\n1\t2\n")},
     "2 1 0 1",
     "dropped wrong number of fields x1 @2 '" CUT_HEX("\\x09")},
    {INTERACTIONS,
     {T(SHORT "1\t"), X("x", (16 << 20) - 2), T("\n3\t4\n")},
     "2 1 0 1",
     "dropped item id " LONG_ID " x1 @2 '" CUT("xxxxxxxxx", "xx")},
    {INTERACTIONS,
     {T(SHORT), X("x", (16 << 20) + 1), T("\n3\t4\n")},
     "2 1 0 1",
     "dropped line is longer than 16 MiB x1 @2 '" CUT("xxxxxxxxx", "xx")},
    {INTERACTIONS,
     {T(SHORT), X("x", 20 << 20), T("\n3\t4\n"), X("x", 20 << 20)},
     "3 1 0 2",
     "dropped line is longer than 16 MiB x2 @2 '" CUT("xxxxxxxxx", "xx")},
    {INTERACTIONS,
     {T(SHORT), X("\0", 100), T("\n1\t2\n")},
     "2 1 0 1",
     "dropped wrong number of fields x1 @2 '" CUT_HEX("\\x00")},
    {INTERACTIONS,
     {T(SHORT), X("?\n", 50000)},
     "50000 0 0 50000",
     "dropped wrong number of fields x50000 @2 '?'\n"},
    /* ids */
    {INTERACTIONS,
     {T(SHORT), X("x", MILLION), T("\t2\n1\t2\n")},
     "2 1 0 1",
     "dropped user id " LONG_ID " x1 @2 '" CUT("xxxxxxxxx", "xx")},
    {INTERACTIONS,
     {T(SHORT "1"), X(" ", MILLION), T("\t2\n")},
     "1 1 1 0",
     "mended spaces around user id removed x1 @2 '1" CUT("         ", " ")},
    {INTERACTIONS,
     {T(SHORT "a\0b\t2\n")},
     "1 0 0 1",
     "dropped user id holds control characters x1 @2 'a\\x00b'\n"},
    {INTERACTIONS,
     {T(SHORT "1\t\xe2\x80\xae"
              "2\n")},
     "1 0 0 1",
     "dropped item id holds control characters x1 @2 '\\xE2\\x80\\xAE2'\n"},
    {INTERACTIONS,
     {T(SHORT "1\t2\xc2\x85\n")},
     "1 0 0 1",
     "dropped item id holds control characters x1 @2 '2\\xC2\\x85'\n"},
    {INTERACTIONS,
     {T(SHORT "1\t\xc0\x80\n2\t\xed\xa0\x80\n3\t\xf4\x90\x80\x80\n")},
     "3 0 0 3",
     "dropped item id is not UTF-8 x3 @2 '\\xC0\\x80'\n"},
    {USERS,
     {T("user_id:token\n1\n1\n\t\n \n")},
     "4 1 0 3",
     "dropped duplicate user id x1 @3 '1'\n"
     "dropped wrong number of fields x1 @4 '\\x09'\n"
     "dropped user id is empty x1 @5 ' '\n"},
    /* numbers */
    {INTERACTIONS,
     {T(INTER "1\t2\t3\t9223372036854775808\n1\t2\t3\t253402300799001\n")},
     "2 0 0 2",
     BAD_TIME " x2 @2 '9223372036854775808'\n"},
    {INTERACTIONS,
     {T(INTER "1\t2\t3\t-1e-9\n1\t2\t3\t-9223372036854775808\n")},
     "2 0 0 2",
     BAD_TIME " x2 @2 '-1e-9'\n"},
    {INTERACTIONS,
     {T(INTER "1\t2\t3\t1e999\n1\t2\t3\t-Infinity\n1\t2\t3\t+NAN\n")},
     "3 0 0 3",
     "dropped timestamp is not finite x3 @2 '1e999'\n"},
    {INTERACTIONS,
     {T(INTER "1\t2\t3\t-0\n1\t2\t3\t0\n1\t2\t3\t1e-999\n")},
     "3 1 0 2",
     "dropped duplicate row: user, item and timestamp x2 @3 '2'\n"},
    {INTERACTIONS,
     {T(INTER "1\t2\t3\t 4\n1\t2\t0x10\t4\n1\t2\t1_0\t4\n1\t2\t\xd9\xa3\t4\n")},
     "4 0 0 4",
     "dropped timestamp is not a number x1 @2 ' 4'\n"
     "dropped rating is not a number x3 @3 '0x10'\n"},
    {INTERACTIONS,
     {T(INTER "1\t2\t"), X("9", MILLION), T("\t4\n")},
     "1 0 0 1",
     "dropped rating is not finite x1 @2 '" CUT("999999999", "99")},
    {INTERACTIONS, {T(INTER "1\t2\t0."), X("0", MILLION), T("1e1000001\t4\n")}, "1 1 0 0", ""},
    {INTERACTIONS,
     {T(INTER "1\t2\t3\0\t4\n1\t2\t1e"), X("9", MILLION), T("\t4\n")},
     "2 0 0 2",
     "dropped rating is not a number x1 @2 '3\\x00'\n"
     "dropped rating is not finite x1 @3 '1e" CUT("999999999", "")},
    /* texts */
    {ITEMS,
     {T(ITEM "1\t"), X("\x80", 5000), T("\t\t\n")},
     "1 1 1 0",
     "mended title longer than 4096 bytes, cut x1 @2 '" CUT_HEX(
         "\\x80") "mended title is not UTF-8, read as Windows-1252 x1 @2 '" CUT_HEX("\\x80")},
    {ITEMS,
     {T(ITEM "1\t"), X("x", MILLION), T("\t\t\n")},
     "1 1 1 0",
     "mended title longer than 4096 bytes, cut x1 @2 '" CUT("xxxxxxxxx", "xx")},
    {ITEMS,
     {T(ITEM "1\t"), X("<b>", 500), T("x\t\t\n")},
     "1 1 1 0",
     "mended HTML in title turned into text x1 @2 '" CUT("<b><b><b>", "<b")},
    {ITEMS,
     {T(ITEM "1\t"), X("<table><tr>", 250), T("x\t\t\n")},
     "1 1 1 0",
     "mended HTML in title turned into text x1 @2 '" TABLES TABLES "<tab...'\n"},
    {ITEMS,
     {T(ITEM "1\t"), X(FDFA, 1365), T("\t\t\n")},
     "1 1 1 0",
     "mended title longer than 4096 bytes, cut x1 @2 '" CUT(
         FDFA FDFA FDFA, "") "mended title normalised (NFKC) x1 @2 '" CUT(FDFA FDFA FDFA, "")},
    {ITEMS,
     {T(ITEM "1\ta\0b&#0;\t1e999\t\0\n")},
     "1 1 1 0",
     "mended HTML in title turned into text x1 @2 'a\\x00b&#0;'\n"
     "mended control characters removed from title x1 @2 'a\\x00b&#0;'\n"
     "mended control characters removed from genres x1 @2 '\\x00'\n"
     "mended year is not a whole number, taken as unknown x1 @2 '1e999'\n"},
    {ITEMS,
     {T(ITEM "1\tA\t-1995\t\n2\tB\t1e3\t\n3\tC\t9223372036854775808\t\n")},
     "3 3 2 0",
     "mended year is out of range (1000 to 2100), taken as unknown x2 @2 '-1995'\n"},
};

static void check_counts(const vireo_import_report *r, int file, const char *expected)
{
    const vireo_import_table *t =
        (const vireo_import_table *[]){&r->interactions, &r->items, &r->users}[file];
    static const char *const sql[] = {"SELECT count(*) FROM interactions",
                                      "SELECT count(*) FROM items", "SELECT count(*) FROM users"};
    char counts[64];
    snprintf(counts, sizeof counts, "%d %d %d %d", (int)t->read, (int)t->added, (int)t->mended,
             (int)t->dropped);
    assert_string_equal(counts, expected);
    assert_int_equal(t->known, 0);
    assert_int_equal(builder_query(sql[file]), t->added);
}

static void judges_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
        vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
        vireo_import_report r = {0};
        vireo_error err = {0};
        size_t bytes;
        int file = judged[i].file;
        char notes[4096] = "";
        const char *path = builder_parts(names[file], judged[i].parts, &bytes);
        *(const char **[]){&o.interactions, &o.items, &o.users}[file] = path;
        unlink(builder_path("store.db"));
        vireo_store *store = builder_store(VIREO_STORE_CREATE);
        const measure m = measure_begin();
        vireo_status st = vireo_import(store, &o, &r, &err);
        measure_end(&m, judged[i].notes, MEASURE_MS, bytes + MEASURE_SLACK);
        assert_string_equal(err.message, "");
        assert_int_equal(st, VIREO_OK);
        for (const char *at = judged[i].notes; *at; at += strcspn(at, "\n") + 1)
            snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s %.*s\n", tables[file],
                     (int)strcspn(at, "\n"), at);
        assert_string_equal(builder_notes(&r), notes);
        check_counts(&r, file, judged[i].counts);
        vireo_import_report_free(&r);
        vireo_store_close(&store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(judges_rows)};
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
