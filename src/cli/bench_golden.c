/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/bench_model.h"
#include "cli/json_in.h"
#include <math.h>

/* Another order of summation changes a cosine by less than 1e-6, half precision by less than 1e-5. */
const double vr_golden_cosine = 0.99999;

static vireo_status fail_case(const vr_golden *g, const char *path, vireo_error *err)
{
    return vr_fail(err, VIREO_ERROR_FORMAT,
                   "%s: case %zu must have a text, and an embedding: a list of numbers, as long as the "
                   "first one's",
                   path, g->n);
}

static vireo_status read_case(vr_golden *g, const char *path, const cJSON *object, vireo_error *err)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(object, "text");
    const cJSON *embedding = cJSON_GetObjectItemCaseSensitive(object, "embedding");
    float *to = g->vectors + g->n * g->width;
    if (!cJSON_IsString(text) || !cJSON_IsArray(embedding) ||
        (size_t)cJSON_GetArraySize(embedding) != g->width)
        return fail_case(g, path, err);
    for (const cJSON *v = embedding->child; v; v = v->next) {
        if (!cJSON_IsNumber(v))
            return fail_case(g, path, err);
        *to++ = (float)v->valuedouble;
    }
    g->texts[g->n] = vr_strdup(NULL, text->valuestring);
    if (!g->texts[g->n])
        return vr_fail_memory(err, path);
    g->n++;
    return VIREO_OK;
}

vireo_status vr_golden_read(vr_golden *g, const char *path, vireo_error *err)
{
    cJSON *root = NULL;
    vireo_status st = vr_json_in(path, &root, err);
    if (st)
        return st;
    const cJSON *cases = cJSON_GetObjectItemCaseSensitive(root, "cases");
    const cJSON *first = cJSON_IsArray(cases) ? cases->child : NULL;
    const int n = cJSON_GetArraySize(cases);
    const int width = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(first, "embedding"));
    *g = (vr_golden){.least = INFINITY, .width = (size_t)width};
    if (!first || width == 0)
        st = vr_fail(err, VIREO_ERROR_FORMAT,
                     "%s: no golden vectors: \"cases\" must be a list of objects with \"text\" and "
                     "\"embedding\"",
                     path);
    if (!st) {
        g->texts = vr_calloc(NULL, (size_t)n, sizeof *g->texts);
        g->vectors = vr_calloc(NULL, (size_t)n * (size_t)width, sizeof *g->vectors);
        if (!g->texts || !g->vectors)
            st = vr_fail_memory(err, path);
    }
    for (const cJSON *c = first; !st && c; c = c->next)
        st = read_case(g, path, c, err);
    cJSON_Delete(root);
    return st;
}

void vr_golden_free(vr_golden *g)
{
    for (size_t i = 0; i < g->n; i++)
        vr_free(NULL, g->texts[i]);
    vr_free(NULL, g->texts);
    vr_free(NULL, g->vectors);
    *g = (vr_golden){0};
}

static double cosine(const float *a, const float *b, size_t width)
{
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < width; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

/* What is no number fails as well. */
static vireo_status compare(vr_golden *g, const float *vectors, size_t n, vireo_error *err)
{
    for (size_t i = 0; i < n; i++) {
        const size_t at = i % g->n;
        const double c = cosine(vectors + i * g->width, g->vectors + at * g->width, g->width);
        if (!(c >= g->least))
            g->least = c;
        if (!(c >= vr_golden_cosine))
            return vr_fail(err, VIREO_ERROR_DEVICE,
                           "golden case %zu, embedded %zu texts a call: cosine %.7f, at least %.5f is "
                           "allowed; no figure is given, for the vectors are wrong",
                           at, n, c, vr_golden_cosine);
    }
    return VIREO_OK;
}

static vireo_status check(vr_golden *g, vireo_embedder *e, size_t n, vireo_error *err)
{
    const char **texts = vr_calloc(NULL, n, sizeof *texts);
    float *vectors = vr_calloc(NULL, n * g->width, sizeof *vectors);
    vireo_status st = texts && vectors ? VIREO_OK : vr_fail_memory(err, "golden vectors");
    for (size_t i = 0; !st && i < n; i++)
        texts[i] = g->texts[i % g->n];
    if (!st)
        st = vireo_embed(e, texts, n, vectors, NULL, NULL, err);
    if (!st)
        st = compare(g, vectors, n, err);
    vr_free(NULL, vectors);
    vr_free(NULL, texts);
    return st;
}

vireo_status vr_golden_check(vr_golden *g, vireo_embedder *e, uint32_t batch, vireo_error *err)
{
    if (vireo_embedder_width(e) != g->width)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "the golden vectors have %zu numbers, the model's %u: they are another model's",
                       g->width, (unsigned)vireo_embedder_width(e));
    return check(g, e, batch ? batch : g->n, err);
}
