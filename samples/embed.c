/* SPDX-License-Identifier: Apache-2.0
 * Sentence vectors, and how alike the texts are.
 * usage: embed MODEL TEXT...        MODEL: a folder, as models/fetch.sh minilm brings it */
#include "vireo/text.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static double cosine(const float *a, const float *b, size_t n)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* vectors: (n, width) */
static void print(char **texts, const float *vectors, const uint32_t *tokens, size_t n,
                  size_t width)
{
    for (size_t i = 0; i < n; i++) {
        const float *v = vectors + i * width;
        printf("%zu: %u tokens, [%.4f, %.4f, %.4f, ... %zu numbers]: %s\n", i, tokens[i], v[0],
               v[1], v[2], width, texts[i]);
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++)
            printf("%s%7.4f", j ? " " : "",
                   cosine(vectors + i * width, vectors + j * width, width));
        printf("\n");
    }
}

static vireo_status embed(vireo_embedder *embedder, char **texts, size_t n, vireo_error *err)
{
    const size_t width = vireo_embedder_width(embedder);
    float *vectors = calloc(n * width, sizeof *vectors);
    uint32_t *tokens = calloc(n, sizeof *tokens);
    size_t cut = 0;
    vireo_status st = VIREO_ERROR_OUT_OF_MEMORY;
    if (vectors && tokens)
        st = vireo_embed(embedder, (const char *const *)texts, n, vectors, tokens, &cut, err);
    if (!st) {
        print(texts, vectors, tokens, n, width);
        if (cut)
            printf("%zu texts were cut at %u tokens\n", cut, vireo_embedder_max_tokens(embedder));
    }
    free(tokens);
    free(vectors);
    return st;
}

int main(int argc, char **argv)
{
    vireo_error err = {0};
    vireo_device *device = NULL;
    vireo_source *source = NULL;
    vireo_model *model = NULL;
    vireo_embedder *embedder = NULL;
    if (argc < 3) {
        fprintf(stderr, "usage: %s MODEL TEXT...\n", argv[0]);
        return 2;
    }
    vireo_status st = vireo_device_create(NULL, &device, &err);
    if (!st)
        st = vireo_source_open(argv[1], NULL, &source, &err);
    if (!st)
        st = vireo_model_load_source(device, source, NULL, &model, &err);
    if (!st)
        st = vireo_embedder_create(model, source, NULL, &embedder, &err);
    if (!st)
        st = embed(embedder, argv + 2, (size_t)argc - 2, &err);
    if (st)
        fprintf(stderr, "embed: %s: %s\n", vireo_status_text(st), err.message);
    vireo_embedder_destroy(&embedder);
    vireo_model_destroy(&model);
    vireo_source_close(&source);
    vireo_device_destroy(&device);
    return st != VIREO_OK;
}
