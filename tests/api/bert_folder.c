/* SPDX-License-Identifier: Apache-2.0 */
#include "bert_folder.h"
#include "base/file.h"
#include "base/str.h"
#include "tensor/quant.h"

cJSON *bert_golden(void)
{
    cJSON *golden = NULL;
    vireo_error err = {0};
    if (vr_json_read(NULL, VIREO_SOURCE_DIR "/tests/api/bert.json", NULL, &golden, &err))
        fail_msg("%s", err.message);
    return golden;
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void put(bert_folder *f, const char *name, const void *data, size_t bytes)
{
    vireo_error err = {0};
    char path[sizeof f->files[0]];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    memcpy(f->files[f->n_files++], path, sizeof path);
    if (vr_file_write(NULL, path, data, bytes, &err))
        fail_msg("%s", err.message);
}

/* A safetensors file that is being collected. */
typedef struct shard {
    vr_str header, data;
    const char *name;
} shard;

static void shard_add(shard *s, const char *name, const cJSON *shape, const char *type,
                      const float *values, size_t count)
{
    char *shape_text = cJSON_PrintUnformatted(shape);
    const size_t width = strcmp(type, "F32") == 0 ? 4 : 2;
    vr_str_addf(&s->header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[%zu,%zu]}",
                s->header.length > 1 ? "," : "", name, type, shape_text, s->data.length,
                s->data.length + count * width);
    vr_str_add_n(&s->data, (const char *)values, count * width);
    cJSON_free(shape_text);
}

static void shard_write(shard *s, bert_folder *f)
{
    vr_str file;
    unsigned char length[8];
    vr_str_init(&file, NULL);
    vr_str_add(&s->header, "}");
    while (s->header.length % 8 != 0)
        vr_str_add(&s->header, " ");
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(s->header.length >> (8 * i));
    vr_str_add_n(&file, (const char *)length, 8);
    vr_str_add_n(&file, s->header.data, s->header.length);
    vr_str_add_n(&file, s->data.data, s->data.length);
    assert_false(file.failed || s->header.failed || s->data.failed);
    put(f, s->name, file.data, file.length);
    vr_str_deinit(&file);
    vr_str_deinit(&s->header);
    vr_str_deinit(&s->data);
}

static float *make_values(const cJSON *tensor, uint64_t *random, size_t *count)
{
    const cJSON *size;
    const float scale = (float)vr_json_get(tensor, "scale")->valuedouble;
    const float shift = (float)vr_json_get(tensor, "shift")->valuedouble;
    *count = 1;
    cJSON_ArrayForEach(size, vr_json_get(tensor, "shape")) *count *= (size_t)size->valueint;
    float *values = calloc(*count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < *count; i++)
        values[i] = ((float)(splitmix64(random) >> 40) / 8388608.0f - 1.0f) * scale + shift;
    return values;
}

/* In place: each bf16 is written before or over the f32 it was made from, never over a later one. */
static void round_values(float *values, size_t count, bool as_bf16)
{
    for (size_t i = 0; i < count; i++) {
        const uint16_t half = vr_float_to_bf16(values[i]);
        values[i] = vr_bf16_to_float(half);
        if (as_bf16)
            memcpy((char *)values + i * sizeof half, &half, sizeof half);
    }
}

static void put_tensors(bert_folder *f, const cJSON *encoder, const bert_options *o)
{
    shard shards[2] = {{.name = o->sharded ? "model-1.safetensors" : "model.safetensors"},
                       {.name = "model-2.safetensors"}};
    uint64_t random = (uint64_t)vr_json_get(encoder, "seed")->valuedouble;
    const cJSON *tensor;
    vr_str map;
    size_t i = 0;
    vr_str_init(&map, NULL);
    for (int j = 0; j < 2; j++) {
        vr_str_init(&shards[j].header, NULL);
        vr_str_init(&shards[j].data, NULL);
        vr_str_add(&shards[j].header, "{");
    }
    cJSON_ArrayForEach(tensor, vr_json_get(encoder, "tensors"))
    {
        const char *bare = vr_json_get(tensor, "name")->valuestring;
        char name[128];
        size_t count;
        shard *s = &shards[o->sharded && i++ % 3 == 1];
        float *values = make_values(tensor, &random, &count);
        if (o->rounded)
            round_values(values, count, o->bf16);
        snprintf(name, sizeof name, "%s%s", o->prefix ? o->prefix : "", bare);
        if (!o->drop || strcmp(o->drop, bare) != 0) {
            const bool retyped = o->retype && !strcmp(o->retype, bare);
            shard_add(s, name, vr_json_get(tensor, "shape"),
                      retyped   ? o->type
                      : o->bf16 ? "BF16"
                                : "F32",
                      values, count);
            vr_str_addf(&map, "%s\"%s\":\"%s\"", map.length ? "," : "", name, s->name);
        }
        free(values);
    }
    shard_write(&shards[0], f);
    if (o->sharded) {
        vr_str index;
        vr_str_init(&index, NULL);
        vr_str_addf(&index, "{\"metadata\":{\"total_size\":1},\"weight_map\":{%s}}", map.data);
        put(f, "model.safetensors.index.json", index.data, index.length);
        vr_str_deinit(&index);
        shard_write(&shards[1], f);
    } else {
        vr_str_deinit(&shards[1].header);
        vr_str_deinit(&shards[1].data);
    }
    vr_str_deinit(&map);
}

bert_folder bert_folder_make(const cJSON *encoder, const bert_options *o)
{
    bert_folder f = {.path = "/tmp/vireo-bert-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    cJSON *config = cJSON_Duplicate(vr_json_get(encoder, "config"), true);
    if (o->key)
        cJSON_DeleteItemFromObjectCaseSensitive(config, o->key);
    if (o->key && o->value)
        cJSON_AddItemToObject(config, o->key, cJSON_Parse(o->value));
    char *text = cJSON_PrintUnformatted(config);
    put(&f, "config.json", text, strlen(text));
    cJSON_free(text);
    cJSON_Delete(config);
    put_tensors(&f, encoder, o);
    if (o->modules)
        put(&f, "modules.json", o->modules, strlen(o->modules));
    if (o->pooling) {
        char folder[96];
        snprintf(folder, sizeof folder, "%s/1_Pooling", f.path);
        assert_int_equal(vr_make_folders(NULL, folder, NULL), VIREO_OK);
        put(&f, "1_Pooling/config.json", o->pooling, strlen(o->pooling));
    }
    return f;
}

void bert_folder_remove(bert_folder *f)
{
    char folder[96];
    for (size_t i = 0; i < f->n_files; i++)
        remove(f->files[i]);
    snprintf(folder, sizeof folder, "%s/1_Pooling", f->path);
    remove(folder);
    assert_int_equal(remove(f->path), 0);
}
