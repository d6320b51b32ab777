/* SPDX-License-Identifier: Apache-2.0
 * Model folders of the small encoders of bert.json (bert_generate.py), whole or spoilt in one
 * place. Failures end the test. */
#ifndef BERT_FOLDER_H
#define BERT_FOLDER_H
#include "io/json.h"
#include "tests/device_test.h"

typedef struct bert_folder {
    char path[64];
    char files[8][96];
    size_t n_files;
} bert_folder;

typedef struct bert_options {
    const char *prefix;            /* of tensor names; NULL: none */
    bool sharded;                  /* two files and an index */
    const char *pooling, *modules; /* texts of 1_Pooling/config.json, modules.json; NULL: no file */
    const char *key, *value;       /* one member of config.json, as JSON; value NULL: removed */
    const char *drop;              /* a tensor that is left out */
    bool rounded, bf16;            /* values of bf16, as F32 or, with bf16, as BF16 */
    const char *retype, *type;     /* a tensor whose header names another type of 4 bytes or 2 */
} bert_options;

cJSON *bert_golden(void); /* cJSON_Delete */
bert_folder bert_folder_make(const cJSON *encoder, const bert_options *);
void bert_folder_remove(bert_folder *);
#endif
