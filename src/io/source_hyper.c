/* SPDX-License-Identifier: Apache-2.0
 * What the hyper-parameters of config.json may be, whatever the architecture. */
#include "io/json_walk.h"
#include "io/safetensors.h"
#include "io/source.h"
#include <stdio.h>
#include <string.h>

static const struct {
    const char *key;
    bool integer;
    double min, max; /* integers below 2^53 */
} rows[] = {
    {"hidden_size", true, 1, 1 << 16},
    {"intermediate_size", true, 1, 1 << 18},
    {"num_hidden_layers", true, 1, 1024},
    {"num_attention_heads", true, 1, 1 << 12},
    {"num_key_value_heads", true, 1, 1 << 12},
    {"head_dim", true, 1, 1 << 12},
    {"vocab_size", true, 1, 1 << 26},
    {"type_vocab_size", true, 1, 1 << 16},
    {"max_position_embeddings", true, 1, 1 << 24},
    {"layer_norm_eps", false, 1e-37, 1},
    {"rms_norm_eps", false, 1e-37, 1},
    {"rope_theta", false, 1, 1e12},
};

/* A value as a message shows it; anything longer than a word by its kind. */
static const char *shown(const cJSON *value, char *text, size_t size)
{
    if (cJSON_IsNumber(value))
        snprintf(text, size, "%.15g", value->valuedouble);
    else if (cJSON_IsString(value))
        snprintf(text, size, "\"%.*s\"",
                 vr_json_clip(value->valuestring, strlen(value->valuestring)), value->valuestring);
    else
        snprintf(text, size, "%s",
                 cJSON_IsArray(value)    ? "an array"
                 : cJSON_IsObject(value) ? "an object"
                 : cJSON_IsTrue(value)   ? "true"
                                         : "false");
    return text;
}

static vireo_status check_row(const vireo_source *s, size_t row, vireo_error *err)
{
    const cJSON *value = vr_source_value(s, rows[row].key);
    int64_t whole;
    char found[128];
    vr_safetensors_reason reason = VR_SAFETENSORS_NONE;
    if (!value)
        return VIREO_OK;
    if (rows[row].integer ? !vr_json_int(value, &whole) : !cJSON_IsNumber(value))
        reason = VR_SAFETENSORS_TYPE;
    else if (value->valuedouble < rows[row].min)
        reason = VR_SAFETENSORS_HPARAM;
    else if (value->valuedouble > rows[row].max)
        reason = VR_SAFETENSORS_LIMIT;
    if (!reason)
        return VIREO_OK;
    return vr_fail_at(err, reason == VR_SAFETENSORS_LIMIT ? VIREO_ERROR_LIMIT : VIREO_ERROR_FORMAT,
                      reason, 0, "%s/config.json: %s is %s, %s from %.9g to %.9g is needed (%s)",
                      s->path, rows[row].key, shown(value, found, sizeof found),
                      rows[row].integer ? "an integer" : "a number", rows[row].min, rows[row].max,
                      vr_safetensors_reason_name(reason));
}

/* Whether `part` divides `whole`, where both are given. */
static vireo_status check_multiple(const vireo_source *s, const char *whole, const char *part,
                                   vireo_error *err)
{
    int64_t a, b;
    if (!vireo_source_int(s, whole, &a) || !vireo_source_int(s, part, &b) || a % b == 0)
        return VIREO_OK;
    return vr_fail_at(err, VIREO_ERROR_FORMAT, VR_SAFETENSORS_HPARAM, 0,
                      "%s/config.json: %s is %lld, a multiple of %s (%lld) is needed (HPARAM)",
                      s->path, whole, (long long)a, part, (long long)b);
}

vireo_status vr_source_check_hyper(const vireo_source *s, vireo_error *err)
{
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < sizeof rows / sizeof rows[0]; i++)
        st = check_row(s, i, err);
    if (!st && !vireo_source_has(s, "head_dim")) /* else the heads need not share hidden_size */
        st = check_multiple(s, "hidden_size", "num_attention_heads", err);
    if (!st)
        st = check_multiple(s, "num_attention_heads", "num_key_value_heads", err);
    return st;
}
