/* SPDX-License-Identifier: Apache-2.0
 * JSON of a model's folder: checker, walker, tree, hyper-parameters, modules, index. Input: one
 * byte that says which file it is, a key up to a NUL, the text. */
#include <stdlib.h>
#include <string.h>
#include "io/json_walk.h"
#include "io/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

enum { CONFIG, MODULES, INDEX, KINDS };
enum { MAX_VALUES = 256 }; /* of a text; the limit is reached, and runs stay short */

static void need(bool holds)
{
    if (!holds)
        abort();
}

/* The walker sees what cJSON's tree holds: the same members in the same order. */
static void compare(vr_json_slice slice, const cJSON *node, char *text, size_t *budget)
{
    if ((*budget)-- == 0) {
        *budget = 0;
        return;
    }
    const bool container = slice.kind == '{' || slice.kind == '[';
    need(cJSON_IsObject(node) == (slice.kind == '{') && cJSON_IsArray(node) == (slice.kind == '['));
    need(cJSON_IsString(node) == (slice.kind == '"') &&
         cJSON_IsNumber(node) == (slice.kind == '0'));
    need(cJSON_IsNull(node) == (slice.kind == 'n') && cJSON_IsTrue(node) == (slice.kind == 't'));
    if (slice.kind == '"') {
        vr_json_string(slice, text);
        need(strcmp(text, node->valuestring) == 0);
        need(vr_json_clip(slice.at, slice.bytes) <= 64);
    }
    if (!container)
        return;
    vr_json_walk walk = vr_json_walk_begin(slice);
    vr_json_slice key, value;
    const cJSON *child = node->child;
    while (vr_json_walk_next(&walk, &key, &value) && *budget) {
        need(child != NULL);
        if (slice.kind == '{') {
            vr_json_string(key, text);
            need(strcmp(text, child->string) == 0);
        }
        compare(value, child, text, budget);
        child = child->next;
    }
    need(child == NULL || *budget == 0);
}

static void ask(const vireo_source *s, const char *key)
{
    int64_t whole = 0;
    double number = 0;
    bool flag = false;
    const char *text = NULL;
    const bool is_int = vireo_source_int(s, key, &whole),
               is_float = vireo_source_float(s, key, &number);
    const bool is_bool = vireo_source_bool(s, key, &flag),
               is_text = vireo_source_string(s, key, &text);
    need(!is_int || (is_float && (double)whole == number));
    need(is_float + is_bool + is_text <= 1);
    if (is_float || is_bool || is_text)
        need(vireo_source_has(s, key));
    need(!is_text || strlen(text) < SIZE_MAX);
}

static void read_config(vireo_source *s, cJSON *root, const char *key, vireo_error *err)
{
    if (vr_source_add_document(s, "m/config.json", "", false, root, err))
        return;
    vireo_status st = vr_source_check_hyper(s, err);
    int64_t heads, size;
    if (!st && vireo_source_int(s, "num_attention_heads", &heads) &&
        vireo_source_int(s, "hidden_size", &size) && !vireo_source_has(s, "head_dim"))
        need(heads > 0 && size > 0 && size % heads == 0);
    need(strlen(vireo_source_architecture(s)) < SIZE_MAX);
    ask(s, key);
}

static void read_modules(vireo_source *s, cJSON *root, const char *key, vireo_error *err)
{
    const char *folder = NULL;
    if (vr_source_add_document(s, "m/modules.json", "modules.", true, root, err))
        return;
    if (!vr_source_pooling_folder(s, root, &folder, err) && folder)
        need(folder[0] != '/' && strncmp(folder, "../", 3) != 0 && !strstr(folder, "/../"));
    ask(s, key);
}

static void read_index(const vireo_source *s, cJSON *root, vireo_error *err)
{
    static const char *names[VR_SOURCE_MAX_FILES];
    size_t count = 0;
    if (!vr_source_list_shards(NULL, "m/index", root, names, &count, err)) {
        for (size_t i = 0; i < count; i++)
            need(names[i][0] && !strchr(names[i], '/') && strcmp(names[i], "..") != 0);
        vr_source_check_index(s, "m/index", root, err); /* a source without tensors */
    }
    cJSON_Delete(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    const uint8_t *end = size ? memchr(input + 1, 0, size - 1) : NULL;
    if (!end)
        return 0;
    const char *key = (const char *)input + 1;
    const size_t bytes = size - (size_t)(end + 1 - input);
    char *text = malloc(bytes ? bytes : 1), *scratch = malloc(bytes + 1);
    need(text && scratch);
    memcpy(text, end + 1, bytes);
    vireo_source *s = NULL;
    cJSON *root = NULL;
    vireo_error err = {0};
    const vr_json_limits limits = {.values = MAX_VALUES};
    size_t budget = MAX_VALUES;
    need(vr_source_create(NULL, "m", &s, NULL) == VIREO_OK);
    vireo_status st = vr_json_parse(NULL, "m", text, bytes, &limits, &root, &err);
    if (st) {
        need(err.status == st && err.offset <= bytes);
        need(err.reason && strstr(err.message, vr_json_reason_name(err.reason)));
    } else {
        compare(vr_json_root(text, bytes), root, scratch, &budget);
        if (input[0] % KINDS == CONFIG)
            read_config(s, root, key, &err);
        else if (input[0] % KINDS == MODULES)
            read_modules(s, root, key, &err);
        else
            read_index(s, root, &err);
    }
    vireo_source_close(&s);
    free(scratch);
    free(text);
    return 0;
}
