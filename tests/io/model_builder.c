/* SPDX-License-Identifier: Apache-2.0 */
#include "model_builder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/str.h"

built build_raw(uint64_t length, const char *header, size_t header_bytes, size_t data_bytes)
{
    built b = {.bytes = 8 + header_bytes + data_bytes};
    b.data = malloc(b.bytes);
    if (!b.data)
        abort();
    for (int i = 0; i < 8; i++)
        b.data[i] = (unsigned char)(length >> (8 * i));
    memcpy(b.data + 8, header, header_bytes);
    for (size_t i = 0; i < data_bytes; i++)
        b.data[8 + header_bytes + i] = (unsigned char)i;
    return b;
}

built build_file(const char *header, size_t data_bytes)
{
    return build_raw(strlen(header), header, strlen(header), data_bytes);
}

built build_good(const build_tensor *tensors, size_t n)
{
    vr_str s;
    size_t at = 0;
    vr_str_init(&s, NULL);
    vr_str_add(&s, "{\"__metadata__\":{\"format\":\"pt\"}");
    for (size_t i = 0; i < n; i++) {
        vr_str_addf(&s, ",\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                    tensors[i].name, tensors[i].dtype, tensors[i].shape, at, at + tensors[i].bytes);
        at += tensors[i].bytes;
    }
    vr_str_add(&s, "}");
    while (s.length % 8 != 0)
        vr_str_add(&s, " ");
    built b = build_raw(s.length, s.data, s.length, at);
    vr_str_deinit(&s);
    return b;
}

void build_put(const temp_folder *t, const char *name, built b)
{
    free(temp_put(t, name, b.data, b.bytes));
    free(b.data);
}

void build_put_text(const temp_folder *t, const char *name, const char *text)
{
    free(temp_put(t, name, text, strlen(text)));
}

void build_put_index(const temp_folder *t, const char *map)
{
    vr_str s;
    vr_str_init(&s, NULL);
    vr_str_addf(&s, "{\"metadata\":{\"total_size\":64},\"weight_map\":%s}", map);
    build_put_text(t, "model.safetensors.index.json", s.data);
    vr_str_deinit(&s);
}
