/* SPDX-License-Identifier: Apache-2.0
 * Files of a tokenizer that are too large, or as large as is allowed and wrong at their end. */
#include "text_test.h"
#include "base/str.h"
#include "tests/measure.h"
#include "text/tokenizer.h"

enum { MIB = 1 << 20 };

/* n times a text, in which "%zu" is the number; separated by commas. */
static void repeat(vr_str *s, size_t n, const char *format)
{
    for (size_t i = 0; i < n; i++) {
        char text[512];
        size_t bytes = (size_t)snprintf(text, sizeof text, format, i, i);
        vr_str_add_n(s, text, bytes - (i + 1 == n)); /* the last comma */
    }
}

static void fill(vr_str *s, size_t n, const char *text)
{
    while (n--)
        vr_str_add(s, text);
}

static void added_megabyte(vr_str *s)
{
    vr_str_add(s, "{\"model\":" MODEL(VOCAB) ",\"pre_tokenizer\":" WORDS
                                             ",\"added_tokens\":[{\"id\":20,\"content\":\"");
    fill(s, MIB / 4, "abcd");
    vr_str_add(s, "\"}]}");
}

static void added_long(vr_str *s)
{
    vr_str_add(s,
               "{\"model\":" MODEL(VOCAB) ",\"pre_tokenizer\":" WORDS ",\"normalizer\":" NORMALIZER
                                          ",\"added_tokens\":[{\"id\":20,\"content\":\"");
    fill(s, 85, "\u4F60"); /* 255 bytes, 425 with the spaces beside each */
    vr_str_add(s, "\"}]}");
}

static void added_many(vr_str *s)
{
    vr_str_add(s, "{\"model\":" MODEL(VOCAB) ",\"pre_tokenizer\":" WORDS ",\"added_tokens\":[");
    repeat(s, VR_TOKENIZER_MAX_ADDED + 1, "{\"id\":1%zu,\"content\":\"<%zu>\"},");
    vr_str_add(s, "]}");
}

/* As many added tokens as are allowed, every first byte with every length; the last id is not. */
static void added_lengths(vr_str *s)
{
    vr_str_add(s, "{\"model\":" MODEL("{\"[UNK]\":0}") ",\"pre_tokenizer\":" WORDS
                                                       ",\"added_tokens\":[");
    for (size_t i = 0; i < VR_TOKENIZER_MAX_ADDED; i++) {
        size_t length = 3 + i / 64;
        vr_str_addf(s, "{\"id\":%zu,\"special\":true,\"content\":\"", i + 1);
        vr_str_addf(s, "%c%0*zu", (int)(0x3B + i % 32), (int)(length > 255 ? 255 : length) - 1, i);
        vr_str_add(s, "\"},");
    }
    s->length--;
    vr_str_add(s, "],\"post_processor\":{\"type\":\"BertProcessing\",\"cls\":[\"\",1048575]}}");
}

static void token_megabyte(vr_str *s)
{
    vr_str_add(s, "{\"pre_tokenizer\":" WORDS ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"");
    fill(s, MIB / 4, "abcd");
    vr_str_add(s, "\":0}}}");
}

static void prefix_megabyte(vr_str *s)
{
    vr_str_add(s, "{\"pre_tokenizer\":" WORDS
                  ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"[UNK]\":0},\"continuing_subword_"
                  "prefix\":\"");
    fill(s, MIB / 4, "abcd");
    vr_str_add(s, "\"}}");
}

/* The 64th byte of the name is the first half of a character. */
static void token_cut(vr_str *s)
{
    vr_str_add(s, "{\"pre_tokenizer\":" WORDS ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"x");
    fill(s, 80, "é");
    vr_str_add(s, "\":-1}}}");
}

static void around_many(vr_str *s)
{
    vr_str_add(s, "{\"model\":" MODEL(VOCAB) ",\"pre_tokenizer\":" WORDS
                                             ",\"post_processor\":{\"type\":\"TemplateProcessing\","
                                             "\"single\":[" CLS_PIECE "," SEQUENCE
                                             "],\"special_tokens\":{\"[CLS]\":{\"ids\":[");
    fill(s, VR_TOKENIZER_MAX_AROUND, "2,");
    vr_str_add(s, "2]}}}}");
}

static void processor_large(vr_str *s)
{
    vr_str_add(
        s, "{\"model\":" MODEL(VOCAB) ",\"pre_tokenizer\":" WORDS
                                      ",\"post_processor\":{\"type\":\"BertProcessing\",\"x\":\"");
    fill(s, VR_TOKENIZER_MAX_PROCESSOR, "x");
    vr_str_add(s, "\"}}");
}

static void vocab_large(vr_str *s)
{
    vr_str_add(s, "{\"pre_tokenizer\":" WORDS ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{\"");
    fill(s, VR_TOKENIZER_MAX_VOCAB / 64,
         "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    vr_str_add(s, "\":0}}}");
}

static void vocab_twice_of(vr_str *s, size_t n)
{
    vr_str_add(s, "{\"pre_tokenizer\":" WORDS ",\"model\":{\"type\":\"WordPiece\",\"vocab\":{");
    repeat(s, n, "\"t%zu\":%zu,");
    vr_str_addf(s, ",\"last\":%zu}}}", n - 1);
}

static void vocab_twice(vr_str *s)
{
    vocab_twice_of(s, 100000);
}

/* 5 million merges that fit into a file. */
static void merges_short(vr_str *s)
{
    vr_str_add(s, "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[");
    fill(s, 5000000, "\"\",");
    vr_str_add(s, "\"\"]}}");
}

static void deep(vr_str *s)
{
    vr_str_add(s, "{\"model\":");
    fill(s, 100000, "[");
}

static void sizes(void **state)
{
    (void)state;
    static const struct {
        void (*make)(vr_str *);
        const char *message;
        vireo_status status;
    } rows[] = {
        {added_megabyte, "added_tokens[0].content: 1048576 bytes, 1 to 256 are allowed (VOCAB)",
         VIREO_ERROR_FORMAT},
        {added_long,
         "added_tokens[0].content: \"normalized\" is true and its normal form has 425 bytes, 1 to "
         "256 are allowed (VOCAB)",
         VIREO_ERROR_FORMAT},
        {added_many, "added_tokens: 16385 entries, at most 16384 are allowed (LIMIT)",
         VIREO_ERROR_LIMIT},
        {added_lengths,
         "post_processor.cls[1]: id 1048575 is neither in model.vocab nor in "
         "added_tokens (VOCAB)",
         VIREO_ERROR_FORMAT},
        {token_megabyte,
         "model.vocab[\"abcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd\"]: token "
         "of 1048576 bytes, at most 256 are allowed (VOCAB)",
         VIREO_ERROR_FORMAT},
        {prefix_megabyte,
         "model.continuing_subword_prefix: 1048576 bytes, at most 256 are allowed (VOCAB)",
         VIREO_ERROR_FORMAT},
        {token_cut,
         "model.vocab[\"xééééééééééééééééééééééééééééééé\"]: id -1, integers from 0 to 1048575 are "
         "allowed (VOCAB)",
         VIREO_ERROR_FORMAT},
        {around_many,
         "post_processor.special_tokens[\"[CLS]\"].ids: more than 64 special tokens around a text "
         "(LIMIT)",
         VIREO_ERROR_LIMIT},
        {processor_large, "post_processor: 65568 bytes, at most 65536 are allowed (LIMIT)",
         VIREO_ERROR_LIMIT},
        {vocab_large, "model.vocab: 12582918 bytes, at most 12582912 are allowed (LIMIT)",
         VIREO_ERROR_LIMIT},
        {vocab_twice,
         "model.vocab[\"last\"]: id 99999 stands for \"t99999\" and for \"last\", each id may "
         "stand "
         "for one token (VOCAB)",
         VIREO_ERROR_FORMAT},
        {merges_short, "byte 12582943: more than 4194304 values, which is the limit (LIMIT)",
         VIREO_ERROR_LIMIT},
        {deep, "byte 72: nested deeper than 64, which is the limit (DEPTH)", VIREO_ERROR_LIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char message[512];
        vr_str json;
        test_folder f = test_folder_make();
        vr_str_init(&json, NULL);
        rows[i].make(&json);
        assert_false(json.failed);
        test_folder_put(&f, "tokenizer.json", json.data, json.length);
        size_t bytes = json.length;
        vr_str_deinit(&json);
        snprintf(message, sizeof message, "tokenizer.json: %s", rows[i].message);
        test_refused(&f, message, rows[i].status, bytes);
        test_folder_remove(&f);
    }
}

/* Files that are refused by their size are not read: zeros in them would be told otherwise. 5
 * million merges of 14 bytes are 70 million. */
static void sizes_unread(void **state)
{
    (void)state;
    static const struct {
        const char *name, *beside;
        size_t bytes;
        const char *message;
    } rows[] = {
        {"tokenizer.json", "vocab.txt", (size_t)256 << 20,
         "tokenizer.json: 268435456 bytes, at most 67108864 are allowed (LIMIT)"},
        {"tokenizer.json", "vocab.txt", 70000000,
         "tokenizer.json: 70000000 bytes, at most 67108864 are allowed (LIMIT)"},
        {"vocab.txt", "x", (12 << 20) + 1,
         "vocab.txt: 12582913 bytes, at most 12582912 are allowed (LIMIT)"},
        {"tokenizer_config.json", "vocab.txt", (16 << 20) + 1,
         "tokenizer_config.json: 16777217 bytes, at most 16777216 are allowed (LIMIT)"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_folder f = test_folder_make();
        test_folder_put(&f, rows[i].beside, "a\n", 2);
        test_folder_put_hole(&f, rows[i].name, rows[i].bytes);
        test_refused(&f, rows[i].message, VIREO_ERROR_LIMIT, 0);
        test_folder_remove(&f);
    }
    vr_str lines;
    test_folder f = test_folder_make();
    vr_str_init(&lines, NULL);
    fill(&lines, VR_TOKENIZER_MAX_TOKENS + 1, "a\n");
    test_folder_put(&f, "vocab.txt", lines.data, lines.length);
    test_refused(&f, "vocab.txt: 524289 tokens, 1 to 524288 are allowed (VOCAB)",
                 VIREO_ERROR_FORMAT, lines.length);
    vr_str_clear(&lines);
    fill(&lines, MIB / 4, "abcd");
    test_folder_put(&f, "vocab.txt", lines.data, lines.length);
    test_refused(&f, "vocab.txt: line 1: token of 1048576 bytes, at most 256 are allowed (VOCAB)",
                 VIREO_ERROR_FORMAT, lines.length);
    vr_str_deinit(&lines);
    test_folder_remove(&f);
}

/* A vocabulary as large as is allowed, larger than any that is in use, keeps the bound of memory.
 */
static void largest_vocabulary(void **state)
{
    (void)state;
    vr_str json;
    vireo_error err;
    vireo_tokenizer *t = NULL;
    test_folder f = test_folder_make();
    vr_str_init(&json, NULL);
    vocab_twice_of(&json, VR_TOKENIZER_MAX_TOKENS - 1);
    test_folder_put(&f, "tokenizer.json", json.data, json.length);
    size_t bytes = json.length;
    vr_str_deinit(&json);
    measure m = measure_begin();
    assert_int_equal(test_load_folder(&f, &t, &err), VIREO_ERROR_FORMAT);
    measure_end(&m, "largest vocabulary", 10 * MEASURE_MS, bytes + MEASURE_SLACK);
    assert_string_equal(err.message,
                        "tokenizer.json: model.vocab[\"last\"]: id 524286 stands for "
                        "\"t524286\" and for \"last\", each id may stand for one token "
                        "(VOCAB)");
    test_folder_remove(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(sizes_unread),
        cmocka_unit_test(largest_vocabulary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
