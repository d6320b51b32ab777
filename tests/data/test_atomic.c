/* SPDX-License-Identifier: Apache-2.0 */
#include "builder.h"
#include "data/atomic.h"
#include <stdio.h>
#include <string.h>

static const vr_atomic_wanted wanted[] = {
    {"item_id", VR_ATOMIC_TOKEN, true},
    {"movie_title title", VR_ATOMIC_TOKEN | VR_ATOMIC_TOKEN_SEQ, false},
    {"rating", VR_ATOMIC_FLOAT, false},
};

static vireo_status open_file(vr_atomic *a, const char *path, vireo_error *err)
{
    return vr_atomic_open(a, NULL, path, VR_ATOMIC_BUFFER, wanted, 3, err);
}

static const struct {
    const char *text;
    const char *message; /* after the path */
} bad[] = {
    {"", ": line 1: found nothing; allowed: a header of columns name:type"},
    {"\n1\n", ": line 1: found nothing; allowed: a header of columns name:type"},
    {"\xef\xbb\xbf", ": line 1: found nothing; allowed: a header of columns name:type"},
    {"item_id\n1\n", ": line 1, column 1: found \"item_id\"; allowed: name:type with type one of "
                     "token, token_seq, float, float_seq, columns separated by tabs"},
    {":token\n", ": line 1, column 1: found \":token\"; allowed: name:type with type one of "
                 "token, token_seq, float, float_seq, columns separated by tabs"},
    {"item_id:token\t\n", ": line 1, column 2: found \"\"; allowed: name:type with type one of "
                          "token, token_seq, float, float_seq, columns separated by tabs"},
    {"item_id:token\trating:int\n", ": line 1, column 2: unknown type \"int\"; allowed: token, "
                                    "token_seq, float, float_seq"},
    {"item_id:token,rating:float\n", ": line 1, column 1: unknown type \"token,rating:float\"; "
                                     "allowed: token, token_seq, float, float_seq"},
    {"item_id:\n", ": line 1, column 1: unknown type \"\"; allowed: token, token_seq, float, "
                   "float_seq"},
    {"item_id:float\n", ": line 1, column 1: \"item_id:float\"; allowed types of this column: "
                        "token"},
    {"item_id:token\ttitle:float_seq\n", ": line 1, column 2: \"title:float_seq\"; allowed types "
                                         "of this column: token, token_seq"},
    {"item_id:token\trating:token\n", ": line 1, column 2: \"rating:token\"; allowed types of "
                                      "this column: float"},
    {"x:token\titem_id:token\titem_id:token\n",
     ": line 1, column 3: \"item_id\" stands in column 2 already"},
    {"title:token\trating:float\n", ": line 1: no column \"item_id\"; needed: item_id of type "
                                    "token; found: \"title:token?rating:float\""},
    {"<html>\n<body>\n", ": line 1, column 1: found \"<html>\"; allowed: name:type with type one "
                         "of token, token_seq, float, float_seq, columns separated by tabs"},
};

static void refuses_headers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        vr_atomic a;
        vireo_error err = {0};
        char expected[1200];
        const char *path = builder_file("bad.item", bad[i].text);
        snprintf(expected, sizeof expected, "%s%s", path, bad[i].message);
        assert_int_equal(open_file(&a, path, &err), VIREO_ERROR_FORMAT);
        assert_string_equal(err.message, expected);
    }
}

static void refuses_too_many_columns(void **state)
{
    (void)state;
    static char text[16 * 1025 + 2];
    size_t n = 0;
    for (int i = 0; i < 1025; i++)
        n += (size_t)sprintf(text + n, "%sc%d:float", i ? "\t" : "", i);
    vr_atomic a;
    vireo_error err = {0};
    assert_int_equal(open_file(&a, builder_file("wide.item", text), &err), VIREO_ERROR_LIMIT);
    assert_non_null(strstr(err.message, "wide.item: line 1: more than 1024 columns"));
}

static void refuses_what_is_no_file(void **state)
{
    (void)state;
    vr_atomic a;
    vireo_error err = {0};
    assert_int_not_equal(open_file(&a, builder_path("absent"), &err), VIREO_OK);
    assert_non_null(strstr(err.message, "absent"));
    assert_int_not_equal(open_file(&a, builder_path("."), &err), VIREO_OK);
    assert_int_not_equal(open_file(&a, "/dev/zero", &err), VIREO_OK);
}

/* Every spelling gives the same rows: "id|title|rating" with - for what is absent, n fields. */
static const struct {
    const char *text, *rows;
} good[] = {
    {"item_id:token\ttitle:token\trating:float\n1\tA\t3\n2\tB\t4\n", "1|A|3#3 2|B|4#3 "},
    {"item_id:token\ttitle:token\trating:float\r\n1\tA\t3\r\n2\tB\t4\r\n", "1|A|3#3 2|B|4#3 "},
    {"item_id:token\ttitle:token\trating:float\n1\tA\t3\n2\tB\t4", "1|A|3#3 2|B|4#3 "},
    {"\xef\xbb\xbfitem_id:token\ttitle:token\trating:float\n1\tA\t3", "1|A|3#3 "},
    {"rating:float\tx:float_seq\titem_id:token\ttitle:token_seq\n3\t0 1\t1\tA\n", "1|A|3#4 "},
    {"item_id:token\n1\n\n\r\n2\n\n", "1|-|-#1 2|-|-#1 "},
    {"title:token\tmovie_title:token\titem_id:token\nA\tB\t1\n", "1|B|-#3 "},
    {"movie_title:token\ttitle:token\titem_id:token\nA\tB\t1\n", "1|A|-#3 "},
    {"item_id:token\ttitle:token\n1\n1\tA\tx\n\t\n", "1|-|-#1 1|A|-#3 ||-#2 "},
    {"item_id:token\n", ""},
    {"item_id:token", ""},
};

static void show(char *out, size_t *n, const vr_atomic_field *f, char end)
{
    if (f->data)
        *n += (size_t)sprintf(out + *n, "%.*s%c", (int)f->length, f->data, end);
    else
        *n += (size_t)sprintf(out + *n, "-%c", end);
}

static void reads_rows(void **state)
{
    (void)state;
    static const size_t buffers[] = {VR_ATOMIC_BUFFER, 1, 2, 3, 5, 16, 41};
    const size_t n_buffers = sizeof buffers / sizeof *buffers;
    for (size_t k = 0; k < n_buffers * sizeof good / sizeof *good; k++) {
        size_t i = k / n_buffers;
        vr_atomic a;
        vr_atomic_field f[3];
        vireo_error err = {0};
        char out[256] = "";
        size_t n = 0, fields;
        assert_int_equal(vr_atomic_open(&a, NULL, builder_file("g.item", good[i].text),
                                        buffers[k % n_buffers], wanted, 3, &err),
                         VIREO_OK);
        while (!vr_atomic_next(&a, f, &fields, NULL) && fields) {
            show(out, &n, &f[0], '|');
            show(out, &n, &f[1], '|');
            show(out, &n, &f[2], '#');
            n += (size_t)sprintf(out + n, "%zu ", fields);
        }
        assert_string_equal(out, good[i].rows);
        vr_atomic_close(&a);
    }
}

static void counts_lines(void **state)
{
    (void)state;
    vr_atomic a;
    vr_atomic_field f[3];
    size_t fields;
    assert_int_equal(open_file(&a, builder_file("l.item", "item_id:token\n\n\nx\ny"), NULL),
                     VIREO_OK);
    assert_int_equal(vr_atomic_next(&a, f, &fields, NULL), VIREO_OK);
    assert_int_equal(a.line, 4);
    assert_int_equal(vr_atomic_next(&a, f, &fields, NULL), VIREO_OK);
    assert_int_equal(a.line, 5);
    assert_int_equal(vr_atomic_next(&a, f, &fields, NULL), VIREO_OK);
    assert_int_equal(fields, 0);
    vr_atomic_close(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_headers),
        cmocka_unit_test(refuses_too_many_columns),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(reads_rows),
        cmocka_unit_test(counts_lines),
    };
    return cmocka_run_group_tests(tests, builder_setup, builder_teardown);
}
