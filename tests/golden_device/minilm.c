/* SPDX-License-Identifier: Apache-2.0 */
#include "minilm.h"
#include <math.h>
#include "io/json.h"
#include "tests/model_folder.h"

minilm_golden minilm;
static char folder[1024];
static cJSON *golden;
static vireo_source *source;

bool minilm_tier(const char *name)
{
    const char *tier = getenv("VIREO_TIER");
    return tier && strcmp(tier, name) == 0;
}

void minilm_need(void)
{
    test_model_folder("minilm", folder, sizeof folder);
}

static void read_golden(void)
{
    const cJSON *c, *x;
    size_t n = 0;
    vireo_error err = {0};
    if (vr_json_read(NULL, VIREO_SOURCE_DIR "/tests/golden/minilm.json", NULL, &golden, &err))
        fail_msg("%s", err.message);
    cJSON_ArrayForEach(c, vr_json_get(golden, "cases"))
    {
        size_t i = 0, at = minilm.first[n];
        assert_true(n < TEXTS);
        minilm.texts[n] = vr_json_get(c, "text")->valuestring;
        cJSON_ArrayForEach(x, vr_json_get(c, "ids")) minilm.ids[at++] = x->valueint;
        cJSON_ArrayForEach(x, vr_json_get(c, "embedding")) minilm.expected[n][i++] =
            (float)x->valuedouble;
        assert_int_equal(i, WIDTH);
        minilm.first[++n] = at;
    }
    assert_int_equal(n, TEXTS);
}

void minilm_open(vireo_device *device, vireo_model **model)
{
    vireo_error err = {0};
    read_golden();
    if (vireo_source_open(folder, NULL, &source, &err) ||
        vireo_model_load_source(device, source, NULL, model, &err))
        fail_msg("%s", err.message);
}

void minilm_close(vireo_model **model)
{
    vireo_model_destroy(model);
    vireo_source_close(&source);
    cJSON_Delete(golden);
}

vireo_embedder *minilm_embedder(vireo_model *model, uint32_t batch_tokens, bool deterministic)
{
    vireo_embedder *e = NULL;
    vireo_error err = {0};
    vireo_embedder_options o = VIREO_OPTIONS(vireo_embedder_options);
    o.batch = TEXTS;
    o.batch_tokens = batch_tokens;
    o.deterministic = deterministic;
    if (vireo_embedder_create(model, source, &o, &e, &err))
        fail_msg("%s", err.message);
    assert_int_equal(vireo_embedder_width(e), WIDTH);
    assert_int_equal(vireo_embedder_max_tokens(e), 256); /* not tokenizer.json's 128 */
    return e;
}

double minilm_check(const char *what, size_t from, size_t n, float out[][WIDTH])
{
    double most = 0, least = 1;
    for (size_t i = from; i < from + n; i++) {
        double dot = 0, a = 0, b = 0;
        for (size_t j = 0; j < WIDTH; j++) {
            const double x = (double)out[i][j], y = (double)minilm.expected[i][j];
            if (!(fabs(x - y) <= 1e-4))
                fail_msg("%s: text %zu [%zu] is %.9g, expected %.9g", what, i, j, x, y);
            most = fmax(most, fabs(x - y));
            dot += x * y;
            a += x * x;
            b += y * y;
        }
        least = fmin(least, dot / sqrt(a * b));
    }
    if (!(least >= 0.99999))
        fail_msg("%s: the least cosine is %.7f", what, least);
    return most;
}
