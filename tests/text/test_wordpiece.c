/* SPDX-License-Identifier: Apache-2.0 */
#include "text_test.h"
#include "text/wordpiece.h"

static const char *const tokens[] = {
    "[UNK]", "un",   "##aff", "##able", "aff", "a",  "##a", "b",
    "##b",   "##bc", "é",     "##é",    "你",  "##", "x",
};

static void check(const vr_wordpiece *wp, const char *word, size_t bytes, const char *expected)
{
    vr_id_list ids = {.limit = SIZE_MAX};
    vr_wordpiece_word(wp, word, bytes, &ids);
    char found[1024] = "";
    assert_false(ids.failed);
    assert_int_equal(ids.count, ids.total);
    for (size_t i = 0, at = 0; i < ids.count; i++)
        at += (size_t)sprintf(found + at, "%d ", ids.ids[i]);
    assert_string_equal(found, expected);
    free(ids.ids);
}

static void make(vr_wordpiece *wp, size_t max_chars)
{
    *wp = (vr_wordpiece){.prefix = "##", .prefix_bytes = 2, .max_word_chars = max_chars};
    vr_map_init(&wp->vocabulary, NULL);
    for (uint32_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        uint32_t id = i;
        size_t bytes = strlen(tokens[i]);
        assert_true(vr_map_put(&wp->vocabulary, tokens[i], bytes, &id, NULL));
        wp->max_token_bytes = bytes > wp->max_token_bytes ? bytes : wp->max_token_bytes;
    }
}

static void longest_match(void **state)
{
    (void)state;
    static const struct {
        const char *word, *ids;
    } rows[] = {
        {"unaffable", "1 2 3 "}, /* the example of Devlin et al. */
        {"aff", "4 "},
        {"affaff", "4 2 "},
        {"un", "1 "},
        {"ununaff", "0 "}, /* "un" has no continuation form */
        {"able", "0 "},    /* nor "able" a first form */
        {"ab", "5 8 "},
        {"abc", "5 9 "},
        {"abbc", "5 8 9 "},
        {"abcd", "0 "}, /* the whole word, not its rest */
        {"éé", "10 11 "},
        {"é\xCC\x81", "0 "},
        {"你a", "12 6 "},
        {"##", "13 "},
        {"##a", "6 "}, /* as Hugging Face: the word itself is looked up first */
        {"xa", "14 6 "},
        {"q", "0 "},
        {"a\xC3", "0 "}, /* half a character matches nothing */
    };
    vr_wordpiece wp;
    make(&wp, 100);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        check(&wp, rows[i].word, strlen(rows[i].word), rows[i].ids);
    vr_map_deinit(&wp.vocabulary);
}

static void long_words(void **state)
{
    (void)state;
    vr_wordpiece wp;
    make(&wp, 5);
    check(&wp, "aaaaa", 5, "5 6 6 6 6 ");
    check(&wp, "aaaaaa", 6, "0 ");
    check(&wp, "ééééé", 10, "10 11 11 11 11 "); /* characters, not bytes */
    check(&wp, "éééééé", 12, "0 ");
    vr_map_deinit(&wp.vocabulary);

    make(&wp, 2000); /* longer than what fits on the stack */
    char word[1500];
    memset(word, 'a', sizeof word);
    vr_id_list ids = {.limit = 3};
    vr_wordpiece_word(&wp, word, sizeof word, &ids);
    assert_int_equal(ids.count, 3);
    assert_int_equal(ids.total, 1500);
    assert_int_equal(ids.ids[0], 5);
    assert_int_equal(ids.ids[2], 6);
    word[1499] = '!'; /* unknown after all: what was counted is taken back */
    vr_wordpiece_word(&wp, word, sizeof word, &ids);
    assert_int_equal(ids.count, 3);
    assert_int_equal(ids.total, 1501);
    free(ids.ids);
    vr_map_deinit(&wp.vocabulary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_match),
        cmocka_unit_test(long_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
