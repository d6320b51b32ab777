/* SPDX-License-Identifier: Apache-2.0
 * all-MiniLM-L6-v2, fetched by models/fetch.sh minilm, and what transformers makes of 64 texts with it in
 * double precision (tests/golden/minilm.json). Failures end the test. */
#ifndef MINILM_H
#define MINILM_H
#include "tests/device_test.h"
#include "vireo/text.h"

enum { TEXTS = 64, WIDTH = 384, TOKENS = TEXTS * 256 };
typedef struct minilm_golden {
    const char *texts[TEXTS];
    int32_t ids[TOKENS];
    size_t first[TEXTS + 1]; /* of each text in ids */
    float expected[TEXTS][WIDTH];
} minilm_golden;
extern minilm_golden minilm; /* filled by minilm_open */

/* Ends the program as skipped if the model is not there. Call it first. */
void minilm_need(void);
bool minilm_tier(const char *name);
void minilm_open(vireo_device *, vireo_model **);
void minilm_close(vireo_model **);
vireo_embedder *minilm_embedder(vireo_model *, uint32_t batch_tokens, bool deterministic);
/* out[from .. from + n) against what is expected: within 1e-4, a cosine of at least 0.99999. The largest
 * difference. */
double minilm_check(const char *what, size_t from, size_t n, float out[][WIDTH]);
#endif
