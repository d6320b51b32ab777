/* SPDX-License-Identifier: Apache-2.0
 * Tokenising takes time in proportion to the text, whatever the text and whatever the tokenizer's
 * file: four times as much text may take eight times as long (four, and room for a busy machine),
 * and a byte has a bound of its own. What is quadratic takes sixteen times. */
#include "text_test.h"
#include "base/str.h"
#include "tests/measure.h"
#include "text/tokenizer.h"

enum { KIB = 1 << 10, MIB = 1 << 20, TIMES = 4, ROOM = 2, RUNS = 3 };

/* ---- Tokenizers ----------------------------------------------------------------------------- */

static void usual(vr_str *s)
{
    vr_str_add(s, FILE_OF(NORMALIZER, WORDS, SPECIALS, BERT, MODEL(VOCAB)));
}

static void bare(vr_str *s)
{
    vr_str_add(s, FILE_OF("null", WORDS, SPECIALS, BERT, MODEL(VOCAB)));
}

/* Words of any length the format allows, pieces of every length: each search starts at the longest.
 */
static void long_words(vr_str *s)
{
    vr_str_add(s,
               "{\"pre_tokenizer\":" WORDS ",\"model\":{\"type\":\"WordPiece\",\"max_input_chars_"
               "per_word\":10000,\"vocab\":{\"[UNK]\":0,\"a\":1,\"##a\":2");
    for (int i = 1; i <= VR_TOKENIZER_MAX_TOKEN - 3; i++)
        vr_str_addf(s, ",\"##%0*d\":%d", i, i, i + 2);
    vr_str_add(s, "}}}");
}

/* At each letter of a text of a, every added token but the last character matches. */
static void nested(vr_str *s)
{
    char letters[VR_ADDED_MAX_BYTES + 1];
    memset(letters, 'a', sizeof letters);
    vr_str_add(s,
               "{\"pre_tokenizer\":" WORDS ",\"model\":" MODEL("{\"[UNK]\":0}") ",\"added_tokens\":"
                                                                                "[");
    for (int i = 1; i < VR_ADDED_MAX_BYTES; i++)
        vr_str_addf(s, "%s{\"id\":%d,\"special\":true,\"content\":\"%.*sb\"}", i > 1 ? "," : "", i,
                    i, letters);
    vr_str_add(s, "]}");
}

static void strips(vr_str *s)
{
    vr_str_add(
        s, "{\"pre_tokenizer\":" WORDS ",\"model\":" MODEL(
               VOCAB) ",\"added_tokens\":[{\"id\":20,\"special\":true,\"content\":\"<m>\","
                      "\"lstrip\":true,\"rstrip\":true},{\"id\":21,\"special\":true,\"content\":"
                      "\" \",\"lstrip\":true,\"rstrip\":true},{\"id\":22,\"special\":true,"
                      "\"content\":\"q\",\"single_word\":true}]}");
}

static vireo_tokenizer *load(void (*make)(vr_str *))
{
    vr_str json;
    vireo_error err;
    vr_str_init(&json, NULL);
    make(&json);
    assert_false(json.failed);
    vireo_tokenizer *t = test_load_json(json.data, &err);
    vr_str_deinit(&json);
    if (!t)
        fail_msg("%s", err.message);
    return t;
}

/* ---- Texts ---------------------------------------------------------------------------------- */

static const struct {
    void (*tokenizer)(vr_str *);
    const char *unit; /* the text is this again and again */
    size_t bytes;     /* of the larger text; the smaller one has a quarter */
    double ns;        /* a byte of it may take, unoptimised */
} rows[] = {
    {usual, "a", 400 * KIB, 1000},
    {usual, "ab", MIB, 1000}, /* one word */
    {usual, "ab ", 256 * KIB, 1000},
    {usual, "\u0301", MIB, 1000}, /* marks, which are dropped */
    {usual, "e\u0301", 256 * KIB, 1000},
    {usual, "\U0001D16D\U0001D165", MIB, 1000}, /* marks, which are put in order */
    {usual, "\u4F60", MIB, 1000},
    {usual, "\uAC01", 256 * KIB, 1000}, /* a syllable of three parts */
    {usual, "[SEP]", 256 * KIB, 1000},
    {usual, "[SEP", 256 * KIB, 1000},
    {usual, "!", 256 * KIB, 1000},
    {usual, " ", 256 * KIB, 1000},
    {usual, "\xFF", 256 * KIB, 1000}, /* no UTF-8 */
    {usual, "\xF0\x9F", 256 * KIB, 1000},
    {usual, "\U0001F600", 256 * KIB, 1000},
    {bare, "a", MIB, 1000},
    {bare, "\xFF", 256 * KIB, 1000},
    {long_words, "a", 256 * KIB, 1000}, /* longer than a word may be, the shortest too */
    {long_words,
     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ",
     32 * KIB, 20000},
    {nested, "a", 256 * KIB, 5000},
    {strips, "<m>", 256 * KIB, 1000},
    {strips, " <m> ", 256 * KIB, 1000},
    {strips, " ", 256 * KIB, 1000},
    {strips, "q", 256 * KIB, 1000},
};

/* The least of some runs, in seconds. */
static double time_of(const vireo_tokenizer *t, const char *text, size_t bytes)
{
    double least = 1e9;
    for (int i = 0; i < RUNS; i++) {
        vireo_ids ids;
        double start = measure_seconds();
        assert_int_equal(vireo_tokenize(t, text, bytes, true, 0, &ids, NULL), VIREO_OK);
        double took = measure_seconds() - start;
        assert_int_equal(ids.count, ids.uncut);
        vireo_ids_free(t, &ids);
        least = took < least ? took : least;
    }
    return least;
}

static void linear_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vireo_tokenizer *t = load(rows[i].tokenizer);
        size_t unit = strlen(rows[i].unit);
        vr_str text;
        vr_str_init(&text, NULL);
        while (text.length < rows[i].bytes)
            vr_str_add_n(&text, rows[i].unit, unit);
        double less = 0;
        for (size_t part = TIMES * TIMES; part; part /= TIMES) { /* what is too slow ends soon */
            size_t bytes = text.length / part / unit * unit;
            double took = time_of(t, text.data, bytes), ns = took * 1e9 / (double)bytes;
            if (ns > rows[i].ns * MEASURE_FACTOR)
                fail_msg("row %zu: %.0f ns a byte, at most %.0f are allowed", i, ns,
                         rows[i].ns * MEASURE_FACTOR);
            if (less > 0 && took > TIMES * ROOM * less + 1e-3)
                fail_msg("row %zu: %.1f ms, a quarter of the text takes %.1f ms", i, took * 1e3,
                         less * 1e3);
            less = took;
        }
        vr_str_deinit(&text);
        vireo_tokenizer_destroy(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(linear_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
