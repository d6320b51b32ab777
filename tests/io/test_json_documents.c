/* SPDX-License-Identifier: Apache-2.0
 * Named documents against the strict checker. y_: RFC 8259 wants it accepted; n_: it wants it
 * refused; i_: it leaves the choice to us, and the comment says what we chose and why (it holds
 * until the next one). Ours, not taken from any collection. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"
#include "io/json.h"

#define TEXT(s) s, sizeof(s) - 1

typedef struct document {
    const char *name;
    const char *text;
    size_t bytes;
    vr_json_reason reason; /* NONE: accepted */
    size_t offset;
    const char *what; /* between place and reason */
} document;

static const document documents[] = {
    /* Structures */
    {"y_object_empty", TEXT("{}"), VR_JSON_NONE, 0, NULL},
    {"y_array_empty", TEXT("[]"), VR_JSON_NONE, 0, NULL},
    {"y_array_empty_in_spaces", TEXT(" \t\r\n[ ] \n"), VR_JSON_NONE, 0, NULL},
    {"y_object_nested_same_keys", TEXT("{\"a\":{\"a\":[{\"a\":1},{\"a\":2}]},\"b\":null}"),
     VR_JSON_NONE, 0, NULL},
    {"y_object_keys_differ_in_case", TEXT("{\"\":1,\" \":2,\"A\":3,\"a\":4}"), VR_JSON_NONE, 0,
     NULL},
    {"y_object_key_escaped", TEXT("{\"\\u006b\\n\":1,\"k\":2}"), VR_JSON_NONE, 0, NULL},
    {"y_array_of_every_kind", TEXT("[null,true,false,0,\"\",[],{}]"), VR_JSON_NONE, 0, NULL},
    {"y_array_spaces_around_all", TEXT("[ 1 , 2 ,\n3\t]\r\n"), VR_JSON_NONE, 0, NULL},
    {"y_structure_lonely_true", TEXT("true"), VR_JSON_NONE, 0, NULL},
    {"y_structure_lonely_false", TEXT("false"), VR_JSON_NONE, 0, NULL},
    {"y_structure_lonely_null", TEXT("null"), VR_JSON_NONE, 0, NULL},
    {"y_structure_lonely_string", TEXT("\"a\""), VR_JSON_NONE, 0, NULL},
    {"y_structure_lonely_number", TEXT("0"), VR_JSON_NONE, 0, NULL},
    {"n_structure_empty", TEXT(""), VR_JSON_EOF, 0, "the text ends, a value is needed"},
    {"n_structure_only_spaces", TEXT("   "), VR_JSON_EOF, 3, "the text ends, a value is needed"},
    {"n_structure_open_object", TEXT("{"), VR_JSON_EOF, 1, "the text ends, a key or '}' is needed"},
    {"n_structure_open_array", TEXT("["), VR_JSON_EOF, 1, "the text ends, a value is needed"},
    {"n_structure_closed_array_alone", TEXT("]"), VR_JSON_SYNTAX, 0,
     "found ']', a value is needed"},
    {"n_structure_closed_object_alone", TEXT("}"), VR_JSON_SYNTAX, 0,
     "found '}', a value is needed"},
    {"n_structure_comma_alone", TEXT(","), VR_JSON_SYNTAX, 0, "found ',', a value is needed"},
    {"n_structure_array_closed_as_object", TEXT("[1}"), VR_JSON_SYNTAX, 2,
     "found '}', ',' or ']' is needed"},
    {"n_structure_object_closed_as_array", TEXT("{\"a\":1]"), VR_JSON_SYNTAX, 6,
     "found ']', ',' or '}' is needed"},
    {"n_structure_two_values", TEXT("1 2"), VR_JSON_TRAILING, 2,
     "found '2' after the value, nothing may follow"},
    {"n_structure_object_then_object", TEXT("{\"a\":1}{"), VR_JSON_TRAILING, 7,
     "found '{' after the value, nothing may follow"},
    {"n_structure_closed_twice", TEXT("[]]"), VR_JSON_TRAILING, 2,
     "found ']' after the value, nothing may follow"},
    {"n_structure_trailing_hash", TEXT("{}#"), VR_JSON_TRAILING, 2,
     "found '#' after the value, nothing may follow"},
    {"n_structure_trailing_nul", TEXT("{}\0"), VR_JSON_NUL, 2,
     "found a NUL, the end of the text is needed"},
    {"n_structure_trailing_non_ascii", TEXT("{}\xC2\xA0"), VR_JSON_TRAILING, 2,
     "found U+00A0 after the value, nothing may follow"},
    {"n_structure_comment_block", TEXT("/**/1"), VR_JSON_SYNTAX, 0, "found '/', a value is needed"},
    {"n_structure_comment_line", TEXT("[1,//\n2]"), VR_JSON_SYNTAX, 3,
     "found '/', a value is needed"},
    {"n_structure_space_form_feed", TEXT("[\f]"), VR_JSON_SYNTAX, 1,
     "found U+000C, a value is needed"},
    {"n_structure_space_vertical_tab", TEXT("[\v1]"), VR_JSON_SYNTAX, 1,
     "found U+000B, a value is needed"},
    {"n_structure_space_non_breaking", TEXT("[\xC2\xA0]"), VR_JSON_SYNTAX, 1,
     "found U+00A0, a value is needed"},
    {"n_structure_space_word_joiner", TEXT("[\xE2\x81\xA0]"), VR_JSON_SYNTAX, 1,
     "found U+2060, a value is needed"},
    {"n_structure_html", TEXT("<html>"), VR_JSON_SYNTAX, 0, "found '<', a value is needed"},
    {"n_structure_nul_between", TEXT("[1\0]"), VR_JSON_NUL, 2, "found a NUL, ',' or ']' is needed"},
    {"n_structure_utf8_between", TEXT("[\xC3\x28]"), VR_JSON_UTF8, 1,
     "byte 0xC3 is not valid UTF-8"},
    {"n_structure_utf16_text", TEXT("\xFF\xFE{\0}\0"), VR_JSON_UTF8, 0,
     "byte 0xFF is not valid UTF-8"},
    {"n_array_unclosed", TEXT("[1"), VR_JSON_EOF, 2, "the text ends, ',' or ']' is needed"},
    {"n_array_unclosed_after_comma", TEXT("[1,"), VR_JSON_EOF, 3,
     "the text ends, a value is needed"},
    {"n_array_comma_trailing", TEXT("[1,]"), VR_JSON_SYNTAX, 3, "found ']', a value is needed"},
    {"n_array_comma_leading", TEXT("[,1]"), VR_JSON_SYNTAX, 1, "found ',', a value is needed"},
    {"n_array_comma_double", TEXT("[1,,2]"), VR_JSON_SYNTAX, 3, "found ',', a value is needed"},
    {"n_array_comma_missing", TEXT("[1 2]"), VR_JSON_SYNTAX, 3, "found '2', ',' or ']' is needed"},
    {"n_array_colon", TEXT("[\"a\":1]"), VR_JSON_SYNTAX, 4, "found ':', ',' or ']' is needed"},
    {"n_object_unclosed_after_key", TEXT("{\"a\""), VR_JSON_EOF, 4, "the text ends, ':' is needed"},
    {"n_object_unclosed_after_colon", TEXT("{\"a\":"), VR_JSON_EOF, 5,
     "the text ends, a value is needed"},
    {"n_object_unclosed_after_value", TEXT("{\"a\":1"), VR_JSON_EOF, 6,
     "the text ends, ',' or '}' is needed"},
    {"n_object_unclosed_after_comma", TEXT("{\"a\":1,"), VR_JSON_EOF, 7,
     "the text ends, a key is needed"},
    {"n_object_comma_trailing", TEXT("{\"a\":1,}"), VR_JSON_SYNTAX, 7,
     "found '}', a key is needed"},
    {"n_object_comma_leading", TEXT("{,\"a\":1}"), VR_JSON_SYNTAX, 1,
     "found ',', a key or '}' is needed"},
    {"n_object_comma_double", TEXT("{\"a\":1,,\"b\":2}"), VR_JSON_SYNTAX, 7,
     "found ',', a key is needed"},
    {"n_object_comma_missing", TEXT("{\"a\":1 \"b\":2}"), VR_JSON_SYNTAX, 7,
     "found '\"', ',' or '}' is needed"},
    {"n_object_colon_missing", TEXT("{\"a\" 1}"), VR_JSON_SYNTAX, 5, "found '1', ':' is needed"},
    {"n_object_colon_double", TEXT("{\"a\"::1}"), VR_JSON_SYNTAX, 5,
     "found ':', a value is needed"},
    {"n_object_comma_for_colon", TEXT("{\"a\",1}"), VR_JSON_SYNTAX, 4, "found ',', ':' is needed"},
    {"n_object_value_missing", TEXT("{\"a\":}"), VR_JSON_SYNTAX, 5, "found '}', a value is needed"},
    {"n_object_key_unquoted", TEXT("{a:1}"), VR_JSON_SYNTAX, 1,
     "found 'a', a key or '}' is needed"},
    {"n_object_key_number", TEXT("{1:1}"), VR_JSON_SYNTAX, 1, "found '1', a key or '}' is needed"},
    {"n_object_key_single_quotes", TEXT("{'a':1}"), VR_JSON_SYNTAX, 1,
     "found ''', a key or '}' is needed"},
    {"n_object_key_array", TEXT("{[]:1}"), VR_JSON_SYNTAX, 1, "found '[', a key or '}' is needed"},
    /* Words */
    {"y_word_in_array", TEXT("[true,false,null]"), VR_JSON_NONE, 0, NULL},
    {"n_word_capital", TEXT("[True]"), VR_JSON_SYNTAX, 1, "found 'T', a value is needed"},
    {"n_word_cut", TEXT("tru"), VR_JSON_EOF, 3, "the text ends inside true, false or null"},
    {"n_word_cut_in_array", TEXT("[nul]"), VR_JSON_SYNTAX, 1, "found 'nul]', a value is needed"},
    {"n_word_two_joined", TEXT("[truefalse]"), VR_JSON_SYNTAX, 5,
     "found 'f', ',' or ']' is needed"},
    {"n_word_longer", TEXT("[nulls]"), VR_JSON_SYNTAX, 5, "found 's', ',' or ']' is needed"},
    {"n_word_with_control",
     TEXT("[tr\x01"
          "e]"),
     VR_JSON_SYNTAX, 3, "found U+0001, true, false or null is needed"},
    {"n_word_with_non_ascii", TEXT("[tr\xC3\xBC]"), VR_JSON_SYNTAX, 3,
     "found U+00FC, true, false or null is needed"},
    {"n_word_undefined", TEXT("[undefined]"), VR_JSON_SYNTAX, 1, "found 'u', a value is needed"},
    /* Numbers */
    {"y_number_zero_negative", TEXT("-0"), VR_JSON_NONE, 0, NULL},
    {"y_number_zero_with_everything", TEXT("-0.0e-0"), VR_JSON_NONE, 0, NULL},
    {"y_number_forms", TEXT("[1,2.5,-3e2,4E+1,5e-10]"), VR_JSON_NONE, 0, NULL},
    {"y_number_zero_point", TEXT("[0.5,-0.25]"), VR_JSON_NONE, 0, NULL},
    {"y_number_exponent_leading_zeros", TEXT("[1e007]"), VR_JSON_NONE, 0, NULL},
    {"y_number_largest_double", TEXT("1.7976931348623157e308"), VR_JSON_NONE, 0, NULL},
    {"y_number_rounds_to_largest_double", TEXT("1.7976931348623158e308"), VR_JSON_NONE, 0, NULL},
    {"y_number_largest_double_shifted", TEXT("0.0017976931348623157e311"), VR_JSON_NONE, 0, NULL},
    {"y_number_zero_with_huge_exponent", TEXT("0e999"), VR_JSON_NONE, 0, NULL},
    {"y_number_thirty_digits", TEXT("123456789012345678901234567890"), VR_JSON_NONE, 0, NULL},
    {"n_number_minus_alone", TEXT("-"), VR_JSON_EOF, 1, "the text ends inside a number"},
    {"n_number_minus_letter", TEXT("[-a]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 1 of this number"},
    {"n_number_ends_in_point", TEXT("1."), VR_JSON_EOF, 2, "the text ends inside a number"},
    {"n_number_ends_in_exponent_sign", TEXT("1e+"), VR_JSON_EOF, 3,
     "the text ends inside a number"},
    {"n_number_plus", TEXT("[+1]"), VR_JSON_NUMBER, 1,
     "found '+': NaN, Infinity, a leading + or a leading point are no JSON numbers"},
    {"n_number_point_first", TEXT("[.5]"), VR_JSON_NUMBER, 1,
     "found '.': NaN, Infinity, a leading + or a leading point are no JSON numbers"},
    {"n_number_leading_zero", TEXT("[01]"), VR_JSON_NUMBER, 1,
     "a number may not start with 0 and a further digit"},
    {"n_number_leading_zero_negative", TEXT("[-01]"), VR_JSON_NUMBER, 1,
     "a number may not start with 0 and a further digit"},
    {"n_number_point_without_digits", TEXT("[1.]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 2 of this number"},
    {"n_number_point_then_exponent", TEXT("[1.e3]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 2 of this number"},
    {"n_number_exponent_empty", TEXT("[1e]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 2 of this number"},
    {"n_number_exponent_sign_only", TEXT("[1e+]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 3 of this number"},
    {"n_number_exponent_fraction", TEXT("[1e1.5]"), VR_JSON_SYNTAX, 4,
     "found '.', ',' or ']' is needed"},
    {"n_number_two_points", TEXT("[1.2.3]"), VR_JSON_SYNTAX, 4, "found '.', ',' or ']' is needed"},
    {"n_number_two_minus", TEXT("[--1]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 1 of this number"},
    {"n_number_hexadecimal", TEXT("[0x10]"), VR_JSON_SYNTAX, 2, "found 'x', ',' or ']' is needed"},
    {"n_number_underscore", TEXT("[1_000]"), VR_JSON_SYNTAX, 2, "found '_', ',' or ']' is needed"},
    {"n_number_comma_decimal_in_object", TEXT("{\"a\":1,5}"), VR_JSON_SYNTAX, 7,
     "found '5', a key is needed"},
    {"n_number_full_width_digit", TEXT("[\xEF\xBC\x91]"), VR_JSON_SYNTAX, 1,
     "found U+FF11, a value is needed"},
    {"n_number_nan", TEXT("NaN"), VR_JSON_NUMBER, 0,
     "found 'N': NaN, Infinity, a leading + or a leading point are no JSON numbers"},
    {"n_number_infinity", TEXT("[Infinity]"), VR_JSON_NUMBER, 1,
     "found 'I': NaN, Infinity, a leading + or a leading point are no JSON numbers"},
    {"n_number_infinity_negative", TEXT("[-Infinity]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 1 of this number"},
    {"n_number_infinity_short", TEXT("[-Inf]"), VR_JSON_NUMBER, 1,
     "a digit is needed at byte 1 of this number"},
    /* refused: no finite double holds it, and cJSON would make infinity of it */
    {"i_number_overflow", TEXT("[1e999]"), VR_JSON_NUMBER, 1, "1e999 does not fit a double"},
    {"i_number_overflow_negative", TEXT("-1e309"), VR_JSON_NUMBER, 0,
     "-1e309 does not fit a double"},
    /* refused: rounds to infinity */
    {"i_number_overflow_by_rounding", TEXT("1.7976931348623159e308"), VR_JSON_NUMBER, 0,
     "1.7976931348623159e308 does not fit a double"},
    {"i_number_overflow_shifted", TEXT("179769.31348623159e303"), VR_JSON_NUMBER, 0,
     "179769.31348623159e303 does not fit a double"},
    {"i_number_overflow_of_exponent", TEXT("1e99999999999999999999"), VR_JSON_NUMBER, 0,
     "1e99999999999999999999 does not fit a double"},
    /* accepted: zero is the nearest double */
    {"i_number_underflow", TEXT("1e-999"), VR_JSON_NONE, 0, NULL},
    /* refused: cJSON reads 63 and would drop the rest without a word */
    {"i_number_of_64_characters",
     TEXT("0.11111111111111111111111111111111111111111111111111111111111111"), VR_JSON_NUMBER, 0,
     "a number of 64 characters, at most 63 are allowed"},
    /* accepted: the longest that is read whole */
    {"i_number_of_63_characters",
     TEXT("0.1111111111111111111111111111111111111111111111111111111111111"), VR_JSON_NONE, 0,
     NULL},
    /* accepted here: a double stands for it; who needs an integer asks vr_json_int */
    {"i_number_beyond_2_53", TEXT("[9007199254740993]"), VR_JSON_NONE, 0, NULL},
    /* Strings */
    {"y_string_empty", TEXT("\"\""), VR_JSON_NONE, 0, NULL},
    {"y_string_every_escape", TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\""),
     VR_JSON_NONE, 0, NULL},
    {"y_string_utf8_of_every_length", TEXT("\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\""),
     VR_JSON_NONE, 0, NULL},
    {"y_string_last_code_points", TEXT("\"\xF4\x8F\xBF\xBF\xEF\xBF\xBF\""), VR_JSON_NONE, 0, NULL},
    {"y_string_escaped_noncharacter", TEXT("[\"\\uFFFF\"]"), VR_JSON_NONE, 0, NULL},
    {"y_string_line_separator", TEXT("[\"\xE2\x80\xA8\"]"), VR_JSON_NONE, 0, NULL},
    {"y_string_escape_mixed_case", TEXT("[\"\\u00aF\"]"), VR_JSON_NONE, 0, NULL},
    {"y_string_delete", TEXT("[\"\x7F\"]"), VR_JSON_NONE, 0, NULL},
    {"n_string_unclosed", TEXT("\"abc"), VR_JSON_EOF, 4, "the text ends inside a string"},
    {"n_string_ends_in_backslash", TEXT("\"abc\\"), VR_JSON_EOF, 5,
     "the text ends inside a string"},
    {"n_string_ends_in_escape", TEXT("\"\\u00"), VR_JSON_EOF, 5,
     "the text ends inside a \\u escape"},
    {"n_string_single_quotes", TEXT("['a']"), VR_JSON_SYNTAX, 1, "found ''', a value is needed"},
    {"n_string_escape_x", TEXT("[\"\\x41\"]"), VR_JSON_STRING, 2,
     "unknown escape; allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"},
    {"n_string_escape_quote", TEXT("[\"\\'\"]"), VR_JSON_STRING, 2,
     "unknown escape; allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"},
    {"n_string_escape_capital_u", TEXT("[\"\\U0041\"]"), VR_JSON_STRING, 2,
     "unknown escape; allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"},
    {"n_string_escape_nul", TEXT("[\"\\\0\"]"), VR_JSON_STRING, 2,
     "unknown escape; allowed are \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX"},
    {"n_string_escape_non_hexadecimal", TEXT("[\"\\u12G4\"]"), VR_JSON_STRING, 2,
     "\\u needs four hexadecimal digits"},
    {"n_string_escape_three_digits", TEXT("[\"\\u123\"]"), VR_JSON_STRING, 2,
     "\\u needs four hexadecimal digits"},
    {"n_string_newline", TEXT("[\"a\nb\"]"), VR_JSON_STRING, 3,
     "control character 0x0A in a string must be escaped"},
    {"n_string_tab", TEXT("[\"a\tb\"]"), VR_JSON_STRING, 3,
     "control character 0x09 in a string must be escaped"},
    {"n_string_control_1f", TEXT("[\"\x1F\"]"), VR_JSON_STRING, 2,
     "control character 0x1F in a string must be escaped"},
    {"n_string_nul", TEXT("[\"a\0b\"]"), VR_JSON_NUL, 3,
     "found a NUL, which a string may not hold"},
    /* refused: a C string would end there, and its rest would vanish */
    {"i_string_escaped_nul", TEXT("[\"\\u0000\"]"), VR_JSON_NUL, 2,
     "\\u0000 is a NUL, which a string may not hold"},
    /* accepted: inside a string it is a character like others */
    {"i_string_byte_order_mark_inside", TEXT("[\"\xEF\xBB\xBF\"]"), VR_JSON_NONE, 0, NULL},
    /* refused: RFC 8259, 8.1 lets a parser ignore or refuse it */
    {"i_structure_byte_order_mark", TEXT("\xEF\xBB\xBF{}"), VR_JSON_START, 0,
     "found a byte order mark, a value is needed"},
    /* refused: it spells no UTF-8 */
    {"i_string_high_surrogate_alone", TEXT("[\"\\uD800\"]"), VR_JSON_UTF8, 2,
     "\\uD800 is a high surrogate without a low one behind"},
    {"i_string_low_surrogate_alone", TEXT("[\"\\uDC00\"]"), VR_JSON_UTF8, 2,
     "\\uDC00 is a low surrogate without a high one before"},
    {"i_string_high_surrogate_then_letter", TEXT("[\"\\uD800\\u0041\"]"), VR_JSON_UTF8, 2,
     "\\uD800 is a high surrogate without a low one behind"},
    {"i_string_high_surrogate_twice", TEXT("[\"\\uD800\\uD800\"]"), VR_JSON_UTF8, 2,
     "\\uD800 is a high surrogate without a low one behind"},
    {"i_string_surrogates_swapped", TEXT("[\"\\uDE00\\uD83D\"]"), VR_JSON_UTF8, 2,
     "\\uDE00 is a low surrogate without a high one before"},
    {"n_string_high_surrogate_then_end", TEXT("[\"\\uD800"), VR_JSON_UTF8, 2,
     "\\uD800 is a high surrogate without a low one behind"},
    /* refused: RFC 8259, 8.1 wants UTF-8 */
    {"i_string_utf8_never_a_byte", TEXT("[\"\xFF\"]"), VR_JSON_UTF8, 2,
     "byte 0xFF is not valid UTF-8"},
    {"i_string_utf8_continuation_alone", TEXT("[\"\x80\"]"), VR_JSON_UTF8, 2,
     "byte 0x80 is not valid UTF-8"},
    {"i_string_utf8_overlong_nul", TEXT("[\"\xC0\x80\"]"), VR_JSON_UTF8, 2,
     "byte 0xC0 is not valid UTF-8"},
    {"i_string_utf8_overlong_slash", TEXT("[\"\xE0\x80\xAF\"]"), VR_JSON_UTF8, 2,
     "byte 0xE0 is not valid UTF-8"},
    {"i_string_utf8_surrogate", TEXT("[\"\xED\xA0\x80\"]"), VR_JSON_UTF8, 2,
     "byte 0xED is not valid UTF-8"},
    {"i_string_utf8_beyond_the_last", TEXT("[\"\xF4\x90\x80\x80\"]"), VR_JSON_UTF8, 2,
     "byte 0xF4 is not valid UTF-8"},
    {"n_string_utf8_cut", TEXT("[\"\xE2\x82"), VR_JSON_UTF8, 2, "byte 0xE2 is not valid UTF-8"},
    /* Keys that stand twice: RFC 8259, 4 leaves it open. Refused: two readers could see two
     * models. */
    {"i_object_key_twice", TEXT("{\"a\":1,\"a\":1}"), VR_JSON_DUP_KEY, 7,
     "the key \"a\" stands in this object already"},
    {"i_object_key_twice_once_escaped", TEXT("{\"a\":1,\"\\u0061\":1}"), VR_JSON_DUP_KEY, 7,
     "the key \"\\u0061\" stands in this object already"},
    {"i_object_key_twice_two_bytes", TEXT("{\"\\u00e9\":1,\"\xC3\xA9\":1}"), VR_JSON_DUP_KEY, 12,
     "the key \"é\" stands in this object already"},
    {"i_object_key_twice_four_bytes", TEXT("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":1}"),
     VR_JSON_DUP_KEY, 18, "the key \"😀\" stands in this object already"},
    {"i_object_key_twice_escaped_slash", TEXT("{\"\\/\":1,\"/\":1}"), VR_JSON_DUP_KEY, 8,
     "the key \"/\" stands in this object already"},
    {"i_object_key_twice_empty", TEXT("{\"\":1,\"\":1}"), VR_JSON_DUP_KEY, 6,
     "the key \"\" stands in this object already"},
    {"i_object_key_twice_deep", TEXT("[{\"x\":{\"a\":1,\"b\":[],\"a\":1}}]"), VR_JSON_DUP_KEY, 20,
     "the key \"a\" stands in this object already"},
};

static void check(const document *d)
{
    /* No NUL behind the text: a sanitizer sees a step too far. */
    char *text = malloc(d->bytes ? d->bytes : 1), want[512] = "";
    assert_non_null(text);
    memcpy(text, d->text, d->bytes);
    vireo_error err = {0};
    cJSON *root = NULL;
    vireo_status st = vr_json_parse(NULL, "f.json", text, d->bytes, NULL, &root, &err);
    if (d->reason)
        snprintf(want, sizeof want, "f.json: byte %zu: %s (%s)", d->offset, d->what,
                 vr_json_reason_name(d->reason));
    if (strcmp(err.message, want) != 0)
        fail_msg("%s: \"%s\", expected \"%s\"", d->name, err.message, want);
    assert_int_equal(st, d->reason ? VIREO_ERROR_FORMAT : VIREO_OK);
    assert_int_equal(err.status, st);
    assert_int_equal(err.reason, d->reason);
    assert_int_equal(err.offset, d->offset);
    assert_int_equal(vr_utf8_check(err.message, strlen(err.message)), strlen(err.message));
    assert_int_equal(root != NULL, st == VIREO_OK);
    /* Without an error object the answer is the same. */
    assert_int_equal(vr_json_check(NULL, "f.json", text, d->bytes, NULL, NULL), st);
    cJSON_Delete(root);
    free(text);
}

static void every_document(void **state)
{
    (void)state;
    size_t kinds[3] = {0};
    for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
        const document *d = &documents[i];
        const bool accept = !strncmp(d->name, "y_", 2), refuse = !strncmp(d->name, "n_", 2);
        assert_true(accept || refuse || !strncmp(d->name, "i_", 2));
        kinds[accept ? 0 : refuse ? 1 : 2]++;
        if (accept || refuse)
            assert_int_equal(refuse, d->reason != VR_JSON_NONE);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(documents[k].name, d->name);
        check(d);
    }
    print_message("%zu documents to accept, %zu to refuse, %zu of our choice\n", kinds[0], kinds[1],
                  kinds[2]);
    assert_true(kinds[0] + kinds[1] + kinds[2] >= 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
