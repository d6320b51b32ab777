/* SPDX-License-Identifier: Apache-2.0
 * Expected values: normalizers.BertNormalizer(...).normalize_str and
 * pre_tokenizers.BertPreTokenizer().pre_tokenize_str of tokenizers 0.23.3. */
#include "text_test.h"
#include "text/normalize.h"

static const vr_normalizer uncased = {true, true, true, true};
static const vr_normalizer clean = {.clean_text = true};
static const vr_normalizer chinese = {.split_chinese = true};
static const vr_normalizer strip = {.strip_accents = true};
static const vr_normalizer lower = {.lowercase = true};
static const vr_normalizer none = {0};

static void normal_forms(void **state)
{
    (void)state;
    static const struct {
        const vr_normalizer *options;
        const char *text, *expected;
    } rows[] = {
        {&uncased, "", ""},
        {&uncased, "Hello, World!", "hello, world!"},
        {&uncased, "\t\n  a\r\n", "    a  "},
        {&clean, "a\x01z\x07\x0B\x0C\x1F\x7F\xC2\x85q", "azq"},
        {&clean, "zero\u200Bwidth\u200Djoiner\uFEFF", "zerowidthjoiner"},
        {&clean, "soft\u00ADhyphen non\u00A0breaking\u2003em\u3000w\u2028l",
         "softhyphen non breaking em w l"},
        {&clean, "\uFFFD\uE000\uF8FF\U000F0000\U0010FFFDx", "x"},
        {&clean, "\U0000FFFE\U00000378\U000E0002", "\U0000FFFE\U00000378\U000E0002"}, /* Cn stays */
        {&clean, "\u08E2\U000110CD\U00013430",
         "\u08E2\U000110CD\U00013430"}, /* Cf after Unicode 8 */
        {&clean, "bad\xFF\xC3utf\xED\xA0\x80", "badutf"},
        {&none, "bad\xFF\xC3", "bad\uFFFD\uFFFD"},
        {&none, "A\u00C9\u4F60\t", "A\u00C9\u4F60\t"},
        {&chinese, "a\u4F60\u597Db", "a \u4F60  \u597D b"},
        {&chinese, "\u3042\uAC00\U0002B820\U0002B91F\U0002B920", /* a gap in extension E */
         "\u3042\uAC00\U0002B820\U0002B91F \U0002B920 "},
        {&chinese, "\uF900\U0002F800\U00030000", " \uF900  \U0002F800 \U00030000"},
        {&strip, "e\u0301\u00E9\u00C9\u1E69", "eeEs"},
        {&strip, "\uAC00\u212B\uF900", "\u1100\u1161A\u8C48"},
        {&strip, "\u0915\u093C\u093E\u0345\u0489", "\u0915\u093E\u0489"},
        {&strip, "\uFB01\u00BD", "\uFB01\u00BD"},   /* compatibility forms stay */
        {&strip, "a\u0898\u1AC5", "a\u0898\u1AC5"}, /* marks after Unicode 8 stay */
        {&strip, "\u1734", ""},                     /* a mark then, not now */
        {&strip, "a\U0001D16D\U0001D165\u0301", "a\U0001D165\U0001D16D"}, /* 226, 216: ordered */
        {&strip, "a\U0001D16D\u034F\U0001D165", "a\U0001D16D\U0001D165"}, /* class 0 between */
        {&strip, "\U00011938", "\U00011938"}, /* decomposes only since Unicode 13 */
        {&lower, "\u0130stanbul I\u0131", "i\u0307stanbul i\u0131"},
        {&lower, "\u1E9E\u00DF\u03A3\u039F\u03A3",
         "\u00DF\u00DF\u03C3\u03BF\u03C3"}, /* no final sigma */
        {&lower, "\u01C5\u1F88\u2160\u24B6\U00010400", "\u01C6\u1F80\u2170\u24D0\U00010428"},
        {&lower, "\u1C89\U00010D50\U00016EA0", "\u1C8A\U00010D70\U00016EBB"}, /* Unicode 16, 17 */
        {&uncased, "\u0130\u1E9E\uF900\u00C5", "i\u00DF \u8C48 a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        vr_str out;
        vr_str_init(&out, NULL);
        vr_normalize(rows[i].options, rows[i].text, strlen(rows[i].text), &out);
        assert_false(out.failed);
        const char *found = out.length ? out.data : "";
        if (strcmp(found, rows[i].expected))
            fail_msg("row %zu: \"%s\", expected \"%s\"", i, found, rows[i].expected);
        vr_str_deinit(&out);
    }
}

static void nul_is_dropped(void **state)
{
    (void)state;
    vr_str out;
    vr_str_init(&out, NULL);
    vr_normalize(&clean, "a\0b", 3, &out);
    assert_string_equal(out.data, "ab");
    vr_str_clear(&out);
    vr_normalize(&none, "a\0b", 3, &out);
    assert_int_equal(out.length, 3);
    assert_memory_equal(out.data, "a\0b", 3);
    vr_str_deinit(&out);
}

static void words(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected; /* words with | between */
    } rows[] = {
        {"", ""},
        {"   ", ""},
        {"a", "a"},
        {" a  bc ", "a|bc"},
        {"don't stop-it.", "don|'|t|stop|-|it|."},
        {"...", ".|.|."},
        {"a$b^c`d~e+f<g", "a|$|b|^|c|`|d|~|e|+|f|<|g"},
        {"\u2014\u00ABx\u00BB\u3002\uFF01", "\u2014|\u00AB|x|\u00BB|\u3002|\uFF01"},
        {"x\u00B2\u20AC\u2122", "x\u00B2\u20AC\u2122"}, /* symbols are not punctuation */
        {"a\u2E43b\u166Dc", "a\u2E43b|\u166D|c"},       /* P since Unicode 9; P then, So now */
        {"a\x0B"
         "b\xC2\x85"
         "c\u00A0d\u180Ee\u2029f",
         "a|b|c|d\u180Ee|f"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char found[256] = "";
        size_t at = 0, bytes, length = strlen(rows[i].text);
        const char *word;
        while (vr_next_word(rows[i].text, length, &at, &word, &bytes)) {
            if (*found)
                strcat(found, "|");
            strncat(found, word, bytes);
        }
        assert_string_equal(found, rows[i].expected);
    }
}

/* A million marks in descending order: with a sort by comparison of neighbours this takes hours. */
static void marks_in_linear_time(void **state)
{
    (void)state;
    enum { COUNT = 1000000 };
    vr_str text, out;
    vr_str_init(&text, NULL);
    vr_str_init(&out, NULL);
    vr_str_add(&text, "a");
    for (size_t i = 0; i < COUNT; i++)
        vr_str_add(&text, i < COUNT / 2 ? "\U0001D16D" : "\U0001D165");
    vr_normalize(&strip, text.data, text.length, &out);
    assert_int_equal(out.length, text.length);
    assert_memory_equal(out.data, "a\U0001D165", 5);
    assert_memory_equal(out.data + out.length - 4, "\U0001D16D", 4);
    vr_str_deinit(&out);
    vr_str_deinit(&text);
}

static void word_letters(void **state)
{
    (void)state;
    static const uint32_t letters[] = {'a',   'Z',    '0',    '_',    0xE9,   0x4F60, 0x301,
                                       0x663, 0x200D, 0x24B6, 0x203F, 0x2160, 0x20DD, 0x1F130};
    static const uint32_t others[] = {' ', '-', '.', 0xB2, 0x20AC, 0x3000, 0x1F600, 0xFFFD};
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        assert_true(vr_is_word_letter(letters[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(vr_is_word_letter(others[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_forms), cmocka_unit_test(nul_is_dropped),
        cmocka_unit_test(words),        cmocka_unit_test(marks_in_linear_time),
        cmocka_unit_test(word_letters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
