/* SPDX-License-Identifier: Apache-2.0
 * safetensors files as bytes, for tests. */
#ifndef TEST_MODEL_BUILDER_H
#define TEST_MODEL_BUILDER_H
#include <stddef.h>
#include <stdint.h>
#include "temp_folder.h"

typedef struct built {
    unsigned char *data; /* free() */
    size_t bytes;
} built;

/* 8 bytes of `length`, the header, then data_bytes bytes counting up from 0. */
built build_raw(uint64_t length, const char *header, size_t header_bytes, size_t data_bytes);
/* The length is the header's. */
built build_file(const char *header, size_t data_bytes);

typedef struct build_tensor {
    const char *name, *dtype, *shape; /* shape: "[2,3]" */
    size_t bytes;
} build_tensor;
/* A good file of n tensors, one behind the other, its header padded to 8 bytes. */
built build_good(const build_tensor *, size_t n);

/* Into a folder. */
void build_put(const temp_folder *, const char *name, built); /* frees it */
void build_put_text(const temp_folder *, const char *name, const char *text);
/* model.safetensors.index.json with this weight_map. */
void build_put_index(const temp_folder *, const char *map);
#endif
