/* SPDX-License-Identifier: Apache-2.0
 * What an import makes of good, mended and dropped rows. */
#include "builder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INTER "user_id:token\titem_id:token\trating:float\ttimestamp:float\n"
#define ITEM "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X250 X50 X50 X50 X50 X50

/* One interaction row, imported alone: its note, and whether it was added. */
static const struct {
    const char *row, *note;
    int added;
} interactions[] = {
    {"1\t2\t3\t4", "", 1},
    {"1\t2\t3.5\t4.25", "", 1},
    {"1\t2\t-3\t0", "", 1},
    {"u \xc3\xa9\ti\t3\t4", "", 1},
    {"1\t2\t3", "dropped wrong number of fields x1 @2 '1\\x092\\x093'", 0},
    {"1\t2\t3\t4\t5", "dropped wrong number of fields x1 @2 '1\\x092\\x093\\x094\\x095'", 0},
    {"\t2\t3\t4", "dropped user id is empty x1 @2 ''", 0},
    {"1\t\t3\t4", "dropped item id is empty x1 @2 ''", 0},
    {"  \t2\t3\t4", "dropped user id is empty x1 @2 '  '", 0},
    {" 1\t2\t3\t4", "mended spaces around user id removed x1 @2 ' 1'", 1},
    {"1\t2 \t3\t4", "mended spaces around item id removed x1 @2 '2 '", 1},
    {"\xff\t2\t3\t4", "dropped user id is not UTF-8 x1 @2 '\\xFF'", 0},
    {"1\ta\xe9\t3\t4", "dropped item id is not UTF-8 x1 @2 'a\\xE9'", 0},
    {"1\ta\x01\t3\t4", "dropped item id holds control characters x1 @2 'a\\x01'", 0},
    {"1\t" X250 "123456\t3\t4", "", 1},
    {"1\t" X250 "1234567\t3\t4",
     "dropped item id is longer than 256 bytes x1 @2 '" X50 X10 X10 X10 X10 "xx...'", 0},
    {"1\t2\t\t4", "dropped rating is empty x1 @2 ''", 0},
    {"1\t2\tabc\t4", "dropped rating is not a number x1 @2 'abc'", 0},
    {"1\t2\t3,5\t4", "dropped rating is not a number x1 @2 '3,5'", 0},
    {"1\t2\tNaN\t4", "dropped rating is not finite x1 @2 'NaN'", 0},
    {"1\t2\t-inf\t4", "dropped rating is not finite x1 @2 '-inf'", 0},
    {"1\t2\t1e999\t4", "dropped rating is not finite x1 @2 '1e999'", 0},
    {"1\t2\t1e7\t4", "dropped rating is out of range (-1000000 to 1000000) x1 @2 '1e7'", 0},
    {"1\t2\t-1000001\t4", "dropped rating is out of range (-1000000 to 1000000) x1 @2 '-1000001'",
     0},
    {"1\t2\t3\t", "dropped timestamp is empty x1 @2 ''", 0},
    {"1\t2\t3\tyesterday", "dropped timestamp is not a number x1 @2 'yesterday'", 0},
    {"1\t2\t3\t2020-01-01", "dropped timestamp is not a number x1 @2 '2020-01-01'", 0},
    {"1\t2\t3\tinf", "dropped timestamp is not finite x1 @2 'inf'", 0},
    {"1\t2\t3\t-1", "dropped timestamp is out of range (0 to 253402300799 seconds) x1 @2 '-1'", 0},
    {"1\t2\t3\t1e15", "dropped timestamp is out of range (0 to 253402300799 seconds) x1 @2 '1e15'",
     0},
    {"1\t2\t3\t1609459200000",
     "mended timestamp in milliseconds, divided by 1000 x1 @2 '1609459200000'", 1},
    {"\t\tx\ty", "dropped user id is empty x1 @2 ''", 0},
};

static void judges_interactions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof interactions / sizeof *interactions; i++) {
        char text[1024], expected[512] = "";
        vireo_import_report r = {0};
        vireo_error err = {0};
        unlink(builder_path("store.db"));
        snprintf(text, sizeof text, INTER "%s\n", interactions[i].row);
        if (interactions[i].note[0])
            snprintf(expected, sizeof expected, "interactions %s\n", interactions[i].note);
        assert_int_equal(builder_import(text, NULL, NULL, &r, &err), VIREO_OK);
        assert_string_equal(builder_notes(&r), expected);
        assert_int_equal(r.interactions.read, 1);
        assert_int_equal(r.interactions.added, interactions[i].added);
        assert_int_equal(r.interactions.dropped, !interactions[i].added);
        assert_int_equal(r.interactions.mended,
                         interactions[i].added && interactions[i].note[0] ? 1 : 0);
        assert_int_equal(builder_query("SELECT count(*) FROM interactions"), interactions[i].added);
        vireo_import_report_free(&r);
        assert_null(r.notes);
    }
}

/* One item row: its notes, and what the store holds as "id|title|year|genres". */
static const struct {
    const char *row, *notes, *held;
} items[] = {
    {"1\tToy Story\t1995\tAnimation Comedy", "", "1|Toy Story|1995|Animation Comedy"},
    {"1\tGodfather, The\t1972\tDrama", "", "1|Godfather, The|1972|Drama"},
    {"1\tTom & Viv\t\t", "", "1|Tom & Viv|0|"},
    {"1\tA\t1995.0\t", "", "1|A|1995|"},
    {"1\t\t1995\tDrama", "items mended title is empty, kept without one x1 @2 ''\n",
     "1||1995|Drama"},
    {"1\t \t1995\tDrama",
     "items mended white space folded in title x1 @2 ' '\n"
     "items mended title is empty, kept without one x1 @2 ' '\n",
     "1||1995|Drama"},
    {"1\tA\tV\tDrama", "items mended year is not a whole number, taken as unknown x1 @2 'V'\n",
     "1|A|0|Drama"},
    {"1\tA\t1995.5\t", "items mended year is not a whole number, taken as unknown x1 @2 '1995.5'\n",
     "1|A|0|"},
    {"1\tA\t0\t", "items mended year is out of range (1000 to 2100), taken as unknown x1 @2 '0'\n",
     "1|A|0|"},
    {"1\tA\t99999\t",
     "items mended year is out of range (1000 to 2100), taken as unknown x1 @2 '99999'\n",
     "1|A|0|"},
    {"1\tTom &amp; Jerry\t1940\t",
     "items mended HTML in title turned into text x1 @2 'Tom &amp; Jerry'\n",
     "1|Tom & Jerry|1940|"},
    {"1\t<p>One</p><p>Two</p>\t\t",
     "items mended HTML in title turned into text x1 @2 '<p>One</p><p>Two</p>'\n", "1|One Two|0|"},
    {"1\tA<script>x()</script>\t\t<b>Drama</b>",
     "items mended HTML in title turned into text x1 @2 'A<script>x()</script>'\n"
     "items mended HTML in genres turned into text x1 @2 '<b>Drama</b>'\n",
     "1|A|0|Drama"},
    {"1\tMis\xe9rables\t\t",
     "items mended title is not UTF-8, read as Windows-1252 x1 @2 'Mis\\xE9rables'\n",
     "1|Mis\xc3\xa9rables|0|"},
    {"1\ta\x07"
     "b\t\t",
     "items mended control characters removed from title x1 @2 'a\\x07b'\n", "1|ab|0|"},
    {"1\ta  b\t\t", "items mended white space folded in title x1 @2 'a  b'\n", "1|a b|0|"},
    {"1\t\xef\xac\x81ne\t\t", "items mended title normalised (NFKC) x1 @2 '\xef\xac\x81ne'\n",
     "1|fine|0|"},
    {"1\tA\t1995\tDrama  Comedy",
     "items mended white space folded in genres x1 @2 'Drama  Comedy'\n", "1|A|1995|Drama Comedy"},
    {" 1\tA\t1995\t", "items mended spaces around item id removed x1 @2 ' 1'\n", "1|A|1995|"},
    {"\tA\t1995\t", "items dropped item id is empty x1 @2 ''\n", NULL},
    {"1\tA", "items dropped wrong number of fields x1 @2 '1\\x09A'\n", NULL},
    {"\xe9\tA\t1995\t", "items dropped item id is not UTF-8 x1 @2 '\\xE9'\n", NULL},
};

static void judges_items(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        char text[1024], held[512];
        vireo_import_report r = {0};
        vireo_error err = {0};
        unlink(builder_path("store.db"));
        snprintf(text, sizeof text, ITEM "%s\n", items[i].row);
        assert_int_equal(builder_import(NULL, text, NULL, &r, &err), VIREO_OK);
        assert_string_equal(builder_notes(&r), items[i].notes);
        assert_int_equal(r.items.added, items[i].held ? 1 : 0);
        assert_int_equal(r.items.dropped, items[i].held ? 0 : 1);
        vireo_import_report_free(&r);
        vireo_dataset *d = builder_dataset();
        assert_int_equal(d->n_items, items[i].held ? 1 : 0);
        if (items[i].held) {
            snprintf(held, sizeof held, "%s|%s|%d|%s", d->items[0].id, d->items[0].title,
                     d->items[0].year, d->items[0].genres);
            assert_string_equal(held, items[i].held);
        }
        vireo_dataset_destroy(&d);
    }
}

/* What is said to be mended is mended in the store. */
static void keeps_what_was_mended(void **state)
{
    (void)state;
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report r;
    vireo_error err = {0};
    unlink(builder_path("store.db"));
    vireo_store *store = builder_store(VIREO_STORE_CREATE);
    o.interactions = builder_file("m.inter", INTER " 1 \ta\t3\t1609459200000\n");
    o.items = builder_file("m.item", ITEM " a\t<b>A</b>\t1e9\tDrama\n");
    assert_int_equal(vireo_import(store, &o, &r, &err), VIREO_OK);
    vireo_import_report_free(&r);
    assert_int_equal(builder_query("SELECT timestamp FROM interactions"), 1609459200);
    assert_int_equal(builder_query("SELECT count(*) FROM users WHERE id = '1'"), 1);
    assert_int_equal(builder_query("SELECT count(*) FROM items WHERE id = 'a' AND title = 'A' AND"
                                   " year = 0 AND genres = 'Drama'"),
                     1);
    vireo_store_close(&store);
}

static void cuts_long_titles(void **state)
{
    (void)state;
    static char text[6000];
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    size_t n = (size_t)sprintf(text, "item_id:token\ttitle:token\n1\t");
    memset(text + n, 'y', 4095);
    memcpy(text + n + 4095, "\xc3\xa9zzz\n", 7);
    assert_int_equal(builder_import(NULL, text, NULL, &r, NULL), VIREO_OK);
    assert_int_equal(r.n_notes, 1);
    assert_string_equal(r.notes[0].reason, "title longer than 4096 bytes, cut");
    assert_int_equal(strlen(r.notes[0].example), 95);
    vireo_import_report_free(&r);
    assert_int_equal(builder_query("SELECT length(title) FROM items"), 4095);
}

/* Column names other files use; absent columns are no fault. */
static void accepts_other_columns(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "item_id:token\ttitle:token\tyear:float\tgenres:token_seq\n1\tA\t1999\tDrama\n",
        ("genre:token\tx:float_seq\tyear:token\tname:token_seq\titem_id:token\n"
         "Drama\t1 2\t1999\tA\t1\n"),
        "item_id:token\tcategories:token_seq\tyear:token\ttitle:token\r\n1\tDrama\t1999\tA",
        "item_id:token\tcategory:token\tyear:token\ttitle:token\n1\tDrama\t1999\tA\n\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        vireo_import_report r = {0};
        unlink(builder_path("store.db"));
        assert_int_equal(builder_import(NULL, texts[i], NULL, &r, NULL), VIREO_OK);
        assert_string_equal(builder_notes(&r), "");
        vireo_dataset *d = builder_dataset();
        assert_string_equal(d->items[0].title, "A");
        assert_int_equal(d->items[0].year, 1999);
        assert_string_equal(d->items[0].genres, "Drama");
        vireo_dataset_destroy(&d);
        vireo_import_report_free(&r);
    }
}

static void finds_duplicates(void **state)
{
    (void)state;
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(INTER "1\ta\t3\t10\n1\ta\t3\t10\n1\ta\t4\t11\n1\ta\t5\t10\n",
                                    ITEM "a\tA\t1990\t\nb\tB\t1991\t\na\tC\t1992\t\n",
                                    "user_id:token\tage:token\n1\t20\n2\t30\n1\t40\n", &r, NULL),
                     VIREO_OK);
    assert_string_equal(builder_notes(&r),
                        "items dropped duplicate item id x1 @4 'a'\n"
                        "users dropped duplicate user id x1 @4 '1'\n"
                        "interactions dropped duplicate row: user, item and timestamp x2 @3 'a'\n");
    assert_int_equal(r.interactions.added, 2);
    assert_int_equal(r.items.added, 2);
    assert_int_equal(r.users.added, 2);
    vireo_import_report_free(&r);
    assert_int_equal(builder_query("SELECT year FROM items WHERE id = 'a'"), 1990);
}

static void aggregates_notes(void **state)
{
    (void)state;
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(INTER "1\ta\tx\t1\n1\ta\t1\t1\n\n1\ta\ty\t2\n1\t\t1\t2\n"
                                          "1\ta\tz\t3\n",
                                    NULL, NULL, &r, NULL),
                     VIREO_OK);
    assert_string_equal(builder_notes(&r), "interactions dropped rating is not a number x3 @2 'x'\n"
                                           "interactions dropped item id is empty x1 @6 ''\n");
    assert_int_equal(r.interactions.read, 5);
    assert_int_equal(r.interactions.added, 1);
    assert_int_equal(r.interactions.dropped, 4);
    vireo_import_report_free(&r);
}

static void second_import_adds_only_what_is_new(void **state)
{
    (void)state;
    const char *inter = INTER "1\ta\t3\t10\n2\tb\t4\t11\n", *item = ITEM "a\tA\t1990\t\n",
               *user = "user_id:token\n1\n";
    vireo_import_report r = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(inter, item, user, &r, NULL), VIREO_OK);
    assert_int_equal(r.interactions.added, 2);
    vireo_import_report_free(&r);
    assert_int_equal(builder_import(inter, item, user, &r, NULL), VIREO_OK);
    assert_int_equal(r.interactions.added + r.items.added + r.users.added, 0);
    assert_int_equal(r.interactions.known, 2);
    assert_int_equal(r.items.known, 1);
    assert_int_equal(r.users.known, 1);
    assert_int_equal(r.n_notes, 0);
    vireo_import_report_free(&r);
    /* b occurred in interactions only: its row is new. a stays as it was. */
    assert_int_equal(builder_import(INTER "1\ta\t3\t10\n3\tc\t4\t11\n",
                                    ITEM "a\tOther\t1999\t\nb\tB &amp; B\t1991\tDrama\n", NULL, &r,
                                    NULL),
                     VIREO_OK);
    assert_int_equal(r.items.added, 1);
    assert_int_equal(r.items.known, 1);
    assert_int_equal(r.items.mended, 1);
    assert_int_equal(r.interactions.added, 1);
    assert_int_equal(r.interactions.known, 1);
    vireo_import_report_free(&r);
    vireo_dataset *d = builder_dataset();
    assert_int_equal(d->n_items, 3);
    assert_int_equal(d->n_users, 3);
    assert_string_equal(d->items[0].title, "A");
    assert_string_equal(d->items[1].title, "B & B");
    assert_int_equal(d->items[1].year, 1991);
    assert_string_equal(d->items[2].id, "c");
    assert_string_equal(d->items[2].title, "");
    vireo_dataset_destroy(&d);
}

/* A file that cannot be read fails the whole import and leaves the store as it was. */
static void all_or_nothing(void **state)
{
    (void)state;
    vireo_import_report r = {.n_notes = 77};
    vireo_error err = {0};
    unlink(builder_path("store.db"));
    assert_int_equal(builder_import(INTER "1\ta\t3\t10\n", "title:token\nA\n", NULL, &r, &err),
                     VIREO_ERROR_FORMAT);
    assert_non_null(strstr(err.message, "t.item: line 1: no column \"item_id\""));
    assert_int_equal(r.n_notes, 77);
    assert_int_equal(builder_query("SELECT count(*) FROM interactions"), 0);
    assert_int_equal(builder_import("user_id:token\n1\n", NULL, NULL, &r, &err),
                     VIREO_ERROR_FORMAT);
    assert_non_null(strstr(err.message, "t.inter: line 1: no column \"item_id\"; needed: item_id "
                                        "of type token; found: \"user_id:token\""));
    assert_int_equal(builder_import(NULL, NULL, NULL, &r, &err), VIREO_ERROR_INVALID_ARGUMENT);
}

static int cancel(void *user, const char *what, uint64_t done, uint64_t total)
{
    (void)user;
    return !strcmp(what, "interactions") && done * 2 > total;
}

static void cancels(void **state)
{
    (void)state;
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report r;
    vireo_error err = {0};
    unlink(builder_path("store.db"));
    vireo_store *store = builder_store(VIREO_STORE_CREATE);
    o.interactions = builder_file("c.inter", INTER "1\ta\t3\t10\n");
    o.progress = cancel;
    assert_int_equal(vireo_import(store, &o, &r, &err), VIREO_ERROR_CANCELLED);
    assert_non_null(strstr(err.message, "c.inter: import cancelled at line 2"));
    o.progress = NULL;
    assert_int_equal(vireo_import(store, &o, &r, &err), VIREO_OK);
    assert_int_equal(r.interactions.added, 1);
    vireo_store_close(&store);
}

typedef struct failing {
    size_t left;
} failing;

static void *fail_allocate(void *user, size_t bytes)
{
    failing *f = user;
    return f->left && f->left-- ? malloc(bytes) : NULL;
}

static void *fail_reallocate(void *user, void *old, size_t bytes)
{
    failing *f = user;
    return f->left && f->left-- ? realloc(old, bytes) : NULL;
}

static void fail_release(void *user, void *old)
{
    (void)user;
    free(old);
}

static void survives_exhaustion(void **state)
{
    (void)state;
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options);
    o.interactions = builder_file("e.inter", INTER "1\ta\t3\t10\n2\tb\tx\t10\n3\tc\t1\t1\n");
    o.items = builder_file("e.item", ITEM "a\t<b>A</b>\t1990\tDrama\n");
    vireo_status st = VIREO_ERROR_OUT_OF_MEMORY;
    for (size_t limit = 0; st; limit++) {
        failing f = {limit};
        vireo_allocator a = {fail_allocate, fail_reallocate, fail_release, &f};
        vireo_store *store = NULL;
        vireo_dataset *d = NULL;
        vireo_import_report r = {0};
        vireo_error err = {0};
        unlink(builder_path("store.db"));
        st = vireo_store_open(builder_path("store.db"), VIREO_STORE_CREATE, &a, &store, &err);
        if (!st)
            st = vireo_import(store, &o, &r, &err);
        if (!st)
            st = vireo_dataset_load(store, &d, &err);
        vireo_store_close(&store);
        if (st && st != VIREO_ERROR_OUT_OF_MEMORY)
            fail_msg("allocation %zu: %s", limit, err.message);
        if (!st)
            assert_int_equal(d->n_items, 2);
        vireo_dataset_destroy(&d);
        vireo_import_report_free(&r);
        assert_true(limit < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_interactions),
        cmocka_unit_test(judges_items),
        cmocka_unit_test(keeps_what_was_mended),
        cmocka_unit_test(cuts_long_titles),
        cmocka_unit_test(accepts_other_columns),
        cmocka_unit_test(finds_duplicates),
        cmocka_unit_test(aggregates_notes),
        cmocka_unit_test(second_import_adds_only_what_is_new),
        cmocka_unit_test(all_or_nothing),
        cmocka_unit_test(cancels),
        cmocka_unit_test(survives_exhaustion),
    };
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
