/* SPDX-License-Identifier: Apache-2.0
 * The reader of safetensors headers. Input: 4 bytes, little-endian, then the header. Their low 31
 * bits are the bytes of data behind it, which nobody looks at; with the top bit the header begins
 * with a length of its own. */
#include <stdlib.h>
#include <string.h>
#include "io/json_walk.h"
#include "io/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

static void need(bool holds)
{
    if (!holds)
        abort();
}

/* What the reader promises of every tensor it lets pass. */
static void check(const vr_safetensors *table, size_t head, size_t bytes)
{
    size_t covered = 0;
    for (size_t i = 0; i < table->count; i++) {
        const vr_safetensor *t = &table->tensors[i];
        need(t->begin >= head && t->bytes <= bytes - t->begin);
        need(t->rank <= VR_SAFETENSORS_MAX_RANK && t->dtype && t->name);
        uint64_t elements = 1; /* of the dimensions that are not 0; fits, even if one is */
        bool none = false;
        for (uint32_t k = 0; k < t->rank; k++) {
            need(t->shape[k] >= 0);
            none = none || t->shape[k] == 0;
            if (t->shape[k]) {
                need(elements <= (uint64_t)(INT64_MAX / t->shape[k]));
                elements *= (uint64_t)t->shape[k];
            }
        }
        elements = none ? 0 : elements;
        if (t->supported) {
            need(elements * vireo_dtype_bytes(t->known) == t->bytes);
            need(t->begin % vireo_dtype_bytes(t->known) == 0);
        }
        covered += t->bytes;
    }
    need(covered == bytes - head);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    if (size < 4)
        return 0;
    const uint32_t word = (uint32_t)input[0] | (uint32_t)input[1] << 8 | (uint32_t)input[2] << 16 |
                          (uint32_t)input[3] << 24;
    const size_t own = word >> 31 ? 0 : 8, header = size - 4;
    const size_t bytes = own + header + (word & 0x7FFFFFFFu);
    uint8_t *file = malloc(own + header + 1); /* its own block: a step behind it is seen */
    need(file != NULL);
    for (size_t i = 0; i < own; i++)
        file[i] = (uint8_t)((uint64_t)header >> (8 * i));
    if (header)
        memcpy(file + own, input + 4, header);
    vr_arena arena;
    vr_safetensors table = {0};
    vireo_error err = {0};
    size_t head = 0;
    vr_arena_init(&arena, NULL);
    vireo_status st = own + header < 8 && bytes >= 8
                          ? VIREO_ERROR_FORMAT /* not even a length is there */
                          : vr_safetensors_measure("m", file, bytes, &head, &err);
    if (!st && head <= own + header) {
        st = vr_safetensors_parse(&arena, "m", file, bytes, &table, &err);
        if (!st)
            check(&table, head, bytes);
        else
            need(err.status == st && strstr(err.message, vr_safetensors_reason_name(err.reason)));
    }
    vr_arena_deinit(&arena);
    free(file);
    return 0;
}
