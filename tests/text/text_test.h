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

typedef struct test_folder {
    char path[64];
} test_folder;

test_folder test_folder_make(void);
void test_folder_put(const test_folder *, const char *name, const void *data, size_t bytes);
void test_folder_remove(test_folder *);

/* Loads tokenizer.json with this text; NULL and err filled if refused. */
vireo_tokenizer *test_load_json(const char *json, vireo_error *err);

/* ids as "1 2 3 " against expected; max_ids 0: no limit. */
void test_ids(const vireo_tokenizer *, const char *text, size_t length, bool special,
              size_t max_ids, const char *expected);
#endif
