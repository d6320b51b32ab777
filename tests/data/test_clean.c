/* SPDX-License-Identifier: Apache-2.0
 * Expected texts follow the HTML standard, Unicode's NFKC and Windows-1252, each worked out by hand
 * or with Python's html, unicodedata and codecs modules. */
#include "builder.h"
#include "data/clean.h"
#include "data/html.h"
#include "data/notes.h"
#include <stdlib.h>
#include <string.h>

enum {
    E = VR_CLEAN_ENCODING,
    H = VR_CLEAN_HTML,
    C = VR_CLEAN_CONTROL,
    N = VR_CLEAN_NFKC,
    S = VR_CLEAN_SPACE,
};

static const struct {
    const char *in, *out;
    uint32_t changes;
} rows[] = {
    {"", "", 0},
    {"Star Wars", "Star Wars", 0},
    {"Godfather, The", "Godfather, The", 0},
    {"Tom & Jerry", "Tom & Jerry", 0},
    {"AT&T", "AT&T", 0},
    {"Q&A; R&B", "Q&A; R&B", 0},
    {"I <3 you", "I <3 you", 0},
    {"a < b", "a < b", 0},
    {"x<y", "x<y", 0},
    {"a < b > c", "a < b > c", 0},
    {"Tom &amp; Jerry", "Tom & Jerry", H},
    {"caf&eacute;", "caf\xc3\xa9", H},
    {"&#233;&#xE9;", "\xc3\xa9\xc3\xa9", H},
    {"&lt;b&gt;", "<b>", H},
    {"&amp;amp;", "&amp;", H},
    {"<b>Bold</b> move", "Bold move", H},
    {"un<b>broken</b>", "unbroken", H},
    {"one<br>two", "one two", H},
    {"<p>one</p><p>two</p>", "one two", H},
    {"<ul><li>a<li>b</ul>", "a b", H},
    {"<table><tr><td>a</td><td>b</td></tr></table>", "a b", H},
    {"a<script>alert('x<y')</script>b", "ab", H},
    {"a<style>p{}</style>b", "ab", H},
    {"a<!-- note -->b", "ab", H},
    {"<a href=\"x>y\">link</a>", "link", H},
    {"<p>one &lt; two", "one < two", H},
    {"<div><div><div>deep", "deep", H},
    {"bell\x07gone", "bellgone", C},
    {"del\x7f", "del", C},
    {"nul&#0;", "nul\xef\xbf\xbd", H},
    {"esc&#27;[31m", "esc[31m", H | C},
    {"c1\xc2\x9b", "c1", C},
    {"\xef\xbb\xbf"
     "bom",
     "bom", C},
    {"a\xe2\x80\xae"
     "b",
     "ab", C},
    {"A\x01" "B & C", "AB & C", C},
    {"A & B\xc2\x85" "C\xc2\x86" "D", "A & B CD", C | S},
    {"A <b>x</b>\x7f y\x02", "A x y", H | C},
    {"tab\tand\nline", "tab and line", S},
    {"  two  spaces ", "two spaces", S},
    {"nbsp\xc2\xa0here", "nbsp here", N},
    {"em\xe2\x80\x83space", "em space", N},
    {"line\xe2\x80\xa8sep", "line sep", S},
    {"nel\xc2\x85here", "nel here", S},
    {"&nbsp;x&nbsp;", "x", H | N},
    {"e\xcc\x81", "\xc3\xa9", N},
    {"\xc3\xa9", "\xc3\xa9", 0},
    {"\xef\xac\x81ne", "fine", N},
    {"\xef\xbc\xa1\xef\xbc\xa2", "AB", N},
    {"x\xc2\xb2", "x2", N},
    {"\xe2\x80\xa6", "...", N},
    {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c", N},
    {"Mis\xe9rables, Les", "Mis\xc3\xa9rables, Les", E},
    {"\x93quoted\x94", "\xe2\x80\x9cquoted\xe2\x80\x9d", E},
    {"\x80 100", "\xe2\x82\xac 100", E},
    {"\x81open", "open", E | C},
    {"\xed\xa0\x80", "\xc3\xad \xe2\x82\xac", E | N},
    {"\xf0\x9f\x8e\xac", "\xf0\x9f\x8e\xac", 0},
    {"\x01\x02", "", C},
    {" \t ", "", S},
};

static void cleans(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vr_str out;
        uint32_t changes = 99;
        vr_str_init(&out, NULL);
        assert_true(vr_clean(rows[i].in, strlen(rows[i].in), &out, &changes));
        if (strcmp(out.data ? out.data : "", rows[i].out) || changes != rows[i].changes)
            fail_msg("row %zu '%s': got '%s' %u, expected '%s' %u", i, rows[i].in,
                     out.data ? out.data : "", changes, rows[i].out, rows[i].changes);
        vr_str_deinit(&out);
    }
}

static void survives_any_bytes(void **state)
{
    (void)state;
    uint32_t seed = 12345;
    static const char alphabet[] = "<>&;/a p!-\"'=#\x01\xc3\xa9\xe2\x80\xff\t";
    for (int round = 0; round < 3000; round++) {
        char text[64];
        size_t n = (seed >> 8) % sizeof text;
        for (size_t i = 0; i < n; i++) {
            seed = seed * 1664525u + 1013904223u;
            text[i] = alphabet[(seed >> 16) % sizeof alphabet];
        }
        seed = seed * 1664525u + 1013904223u;
        vr_str out;
        uint32_t changes;
        vr_str_init(&out, NULL);
        assert_true(vr_clean(text, n, &out, &changes));
        assert_int_equal(vr_utf8_check(out.data ? out.data : "", out.length), out.length);
        for (size_t i = 0; i < out.length; i++)
            assert_true((unsigned char)out.data[i] >= 0x20);
        vr_str_deinit(&out);
    }
}

/* Deeper than the limit: taken as plain text. At the limit: parsed, whatever the stack. */
static void limits_depth(void **state)
{
    (void)state;
    for (size_t n = VR_HTML_MAX_TAGS; n <= VR_HTML_MAX_TAGS + 1; n++) {
        vr_str text, out;
        uint32_t changes;
        vr_str_init(&text, NULL);
        vr_str_init(&out, NULL);
        for (size_t i = 0; i < n; i++)
            vr_str_add(&text, "<div>");
        vr_str_add(&text, "x");
        assert_true(vr_clean(text.data, text.length, &out, &changes));
        if (n == VR_HTML_MAX_TAGS)
            assert_string_equal(out.data, "x");
        else
            assert_string_equal(out.data, text.data);
        vr_str_deinit(&text);
        vr_str_deinit(&out);
    }
}

static void cuts_at_code_points(void **state)
{
    (void)state;
    const char *text = "a\xc3\xa9\xf0\x9f\x8e\xac";
    const size_t expected[] = {0, 1, 1, 3, 3, 3, 3, 7, 7};
    for (size_t limit = 0; limit < 9; limit++)
        assert_int_equal(vr_clean_cut(text, 7, limit), expected[limit]);
}

static void shortens_examples(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        size_t length;
    } examples[] = {
        {"abc", "abc", 3},
        {"", "", 0},
        {"abcdefgh", "abcd...", 8},
        {"abcdefg", "abcdefg", 7},
        {"a\tb", "a\\x09b", 3},
        {"\xe9", "\\xE9", 1},
        {"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9...", 8},
        {"a\0b", "a\\x00b", 3},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        char out[8];
        vr_notes_example(examples[i].in, examples[i].length, out, sizeof out);
        assert_string_equal(out, examples[i].out);
    }
}

/* Fails the n-th allocation. */
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
    const char *text = "<p>Mis\xc3\xa9rables &amp; others</p><b>\xc2\xb2</b>";
    size_t limit = 0;
    for (bool done = false; !done; limit++) {
        failing f = {limit};
        vireo_allocator a = {fail_allocate, fail_reallocate, fail_release, &f};
        vr_str out;
        uint32_t changes;
        vr_str_init(&out, &a);
        done = vr_clean(text, strlen(text), &out, &changes);
        if (done)
            assert_string_equal(out.data, "Mis\xc3\xa9rables & others 2");
        vr_str_deinit(&out);
        assert_true(limit < 10000);
    }
    assert_true(limit > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleans),
        cmocka_unit_test(survives_any_bytes),
        cmocka_unit_test(limits_depth),
        cmocka_unit_test(cuts_at_code_points),
        cmocka_unit_test(shortens_examples),
        cmocka_unit_test(survives_exhaustion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
