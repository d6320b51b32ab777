/* SPDX-License-Identifier: Apache-2.0
 * For tests of tokenizers: a model folder made of strings. */
#ifndef TEXT_TEST_H
#define TEXT_TEST_H
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "vireo/text.h"

/* ---- tokenizer.json by its parts ------------------------------------------------------------ */
#define NORMALIZER                                                                                 \
    "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"              \
    "\"strip_accents\":null,\"lowercase\":true}"
#define WORDS "{\"type\":\"BertPreTokenizer\"}"
#define VOCAB                                                                                      \
    "{\"[PAD]\":0,\"[UNK]\":1,\"[CLS]\":2,\"[SEP]\":3,\"a\":4,\"b\":5,\"##a\":6,\"##b\":7,"        \
    "\"foo\":8,\",\":9,\"[\":10,\"]\":11,\"sep\":12}"
#define MODEL(vocab)                                                                               \
    "{\"type\":\"WordPiece\",\"unk_token\":\"[UNK]\",\"continuing_subword_prefix\":\"##\","        \
    "\"max_input_chars_per_word\":100,\"vocab\":" vocab "}"
#define SPECIALS                                                                                   \
    "[{\"id\":2,\"content\":\"[CLS]\",\"special\":true},"                                          \
    "{\"id\":3,\"content\":\"[SEP]\",\"special\":true,\"normalized\":false}]"
#define BERT "{\"type\":\"BertProcessing\",\"sep\":[\"[SEP]\",3],\"cls\":[\"[CLS]\",2]}"
#define FILE_OF(normalizer, words, added, post, model)                                             \
    "{\"version\":\"1.0\",\"truncation\":{\"max_length\":2},\"padding\":{\"strategy\":{\"Fixed\":" \
    "8}},\"added_tokens\":" added ",\"normalizer\":" normalizer ",\"pre_tokenizer\":" words        \
    ",\"post_processor\":" post ",\"model\":" model "}"
#define USUAL FILE_OF(NORMALIZER, WORDS, SPECIALS, BERT, MODEL(VOCAB))
#define WITH_ADDED(added) FILE_OF(NORMALIZER, WORDS, added, BERT, MODEL(VOCAB))
#define WITH_POST(post) FILE_OF(NORMALIZER, WORDS, SPECIALS, post, MODEL(VOCAB))
#define WITH_VOCAB(vocab) FILE_OF(NORMALIZER, WORDS, "[]", "null", MODEL(vocab))
#define SEQUENCE "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}"
#define CLS_PIECE "{\"SpecialToken\":{\"id\":\"[CLS]\",\"type_id\":0}}"

/* ---- Folders -------------------------------------------------------------------------------- */
typedef struct test_folder {
    char path[64];
} test_folder;

test_folder test_folder_make(void);
void test_folder_put(const test_folder *, const char *name, const void *data, size_t bytes);
void test_folder_remove(test_folder *);

/* A file of zeros that takes no space. */
void test_folder_put_hole(const test_folder *, const char *name, size_t bytes);
/* vireo_tokenizer_load; a message begins with the file's name, as the folder's changes. */
vireo_status test_load_folder(const test_folder *, vireo_tokenizer **, vireo_error *);

/* The folder is refused with this message and stays as it is, within the time and memory of
 * tests/measure.h; input: bytes of its files that are read. */
void test_refused(const test_folder *, const char *message, vireo_status, size_t input);

/* Loads tokenizer.json with this text; NULL and err filled if refused. */
vireo_tokenizer *test_load_json(const char *json, vireo_error *err);

/* ids as "1 2 3 " against expected; max_ids 0: no limit. */
void test_ids(const vireo_tokenizer *, const char *text, size_t length, bool special,
              size_t max_ids, const char *expected);
#endif
