/* SPDX-License-Identifier: Apache-2.0
 * vireo bench compare: two documents of vireo bench suite, result by result. */
#include "base/file.h"
#include "cli/bench.h"
#include "cli/table.h"
#include <cjson/cJSON.h>
#include <math.h>
#include <string.h>

enum { MOST_BYTES = 64 << 20 };

typedef struct document {
    const char *path;
    cJSON *root;
    const cJSON *results;
} document;

typedef struct verdict {
    const char *name, *word; /* "faster", "slower", "same", "noisy" */
    double before, after;    /* ms */
    double ratio, low, high; /* speed after / speed before, and what the intervals allow */
} verdict;

/* NAN: it is no number, or there is none. */
static double number(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNumber(v) ? v->valuedouble : NAN;
}

static const char *text(const cJSON *object, const char *key)
{
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(v) ? v->valuestring : "";
}

static vireo_status open_document(document *d, const char *path, vireo_error *err)
{
    char *data = NULL;
    size_t bytes = 0;
    d->path = path;
    vireo_status st = vr_file_read(NULL, path, MOST_BYTES, &data, &bytes, err);
    if (st)
        return st;
    d->root = cJSON_ParseWithOpts(data, NULL, true); /* a NUL follows it */
    vr_free(NULL, data);
    d->results = cJSON_GetObjectItemCaseSensitive(d->root, "results");
    if (!cJSON_IsArray(d->results) || strcmp(text(d->root, "schema"), "vireo-bench-1") != 0)
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: no document of \"vireo bench suite\": schema must be vireo-bench-1, results "
                       "a list",
                       path);
    return VIREO_OK;
}

static const cJSON *find(const document *d, const char *name)
{
    for (const cJSON *r = d->results->child; r; r = r->next)
        if (!strcmp(text(r, "name"), name))
            return r;
    return NULL;
}

static vireo_status check_result(const document *d, const cJSON *result, vireo_error *err)
{
    const cJSON *ms = cJSON_GetObjectItemCaseSensitive(result, "ms");
    if (*text(result, "name") && !isnan(number(ms, "median")) && !isnan(number(ms, "low")) &&
        !isnan(number(ms, "high")))
        return VIREO_OK;
    return vr_fail(err, VIREO_ERROR_FORMAT,
                   "%s: the result \"%s\" must have a name, and median, low and high in ms", d->path,
                   text(result, "name"));
}

static bool is_noisy(const cJSON *ms)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(ms, "noisy"));
}

/* Times shrink where speed grows. Of a noisy result nothing is said: what disturbed it may have begun or
 * ended between the two measurements. */
static verdict judge(const cJSON *before, const cJSON *after, double threshold)
{
    const cJSON *a = cJSON_GetObjectItemCaseSensitive(before, "ms");
    const cJSON *b = cJSON_GetObjectItemCaseSensitive(after, "ms");
    verdict v = {.name = text(before, "name"), .word = "same",
                 .before = number(a, "median"), .after = number(b, "median"),
                 .low = number(a, "low") / number(b, "high"),
                 .high = number(a, "high") / number(b, "low")};
    v.ratio = v.before / v.after;
    if (is_noisy(a) || is_noisy(b) || !(v.low > 0) || !(v.high > 0)) /* what is as short as the noise */
        v.word = "noisy";
    else if (v.high < 1 - threshold)
        v.word = "slower";
    else if (v.low > 1 + threshold)
        v.word = "faster";
    return v;
}

static void add_row(vr_table *t, const verdict *v)
{
    vr_table_add(t, v->name);
    vr_table_addf(t, "%.3g", v->before);
    vr_table_addf(t, "%.3g", v->after);
    vr_table_addf(t, "%.3f", v->ratio);
    vr_table_addf(t, "%.2f to %.2f", v->low, v->high);
    vr_table_add(t, v->word);
}

static void add_json(vr_json_out *j, const verdict *v)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "name", v->name);
    vr_out_number(j, "before_ms", v->before);
    vr_out_number(j, "after_ms", v->after);
    vr_out_number(j, "ratio", v->ratio);
    vr_out_number(j, "low", v->low);
    vr_out_number(j, "high", v->high);
    vr_out_text(j, "verdict", v->word);
    vr_out_end(j, '}');
}

typedef struct counts {
    size_t slower, noisy, common;
} counts;

static vireo_status compare(const document d[2], double threshold, vr_table *t, vr_json_out *j,
                            counts *n, vireo_error *err)
{
    for (const cJSON *r = d[0].results->child; r; r = r->next) {
        const cJSON *other = find(&d[1], text(r, "name"));
        if (!other)
            continue;
        vireo_status st = check_result(&d[0], r, err);
        if (!st)
            st = check_result(&d[1], other, err);
        if (st)
            return st;
        const verdict v = judge(r, other, threshold);
        n->slower += !strcmp(v.word, "slower");
        n->noisy += !strcmp(v.word, "noisy");
        n->common++;
        add_row(t, &v);
        add_json(j, &v);
    }
    return n->common ? VIREO_OK
                  : vr_fail(err, VIREO_ERROR_FORMAT, "%s and %s have no result in common", d[0].path,
                            d[1].path);
}

static int print(const vr_cli *cli, vr_table *t, vr_json_out *j, bool json)
{
    if (json)
        return vr_cli_print(cli, &j->text);
    vr_str s;
    vr_str_init(&s, NULL);
    vr_table_write(t, vr_terminal_width(), &s);
    const int status = vr_cli_print(cli, &s);
    vr_str_deinit(&s);
    return status;
}

static void note_differences(const document d[2], const counts *n)
{
    const char *names[2];
    for (int i = 0; i < 2; i++) {
        const size_t all = (size_t)cJSON_GetArraySize(d[i].results);
        names[i] = text(cJSON_GetObjectItemCaseSensitive(d[i].root, "device"), "name");
        if (all > n->common)
            vr_cli_note("%s: %zu results are in no other document", d[i].path, all - n->common);
    }
    if (strcmp(names[0], names[1]) != 0)
        vr_cli_note("the devices differ: \"%s\" and \"%s\"", names[0], names[1]);
}

int vr_bench_compare_command(const vr_cli *cli, char **paths, uint32_t percent, bool json)
{
    static const vr_column columns[] = {
        {.title = "what", .shrinks = true},  {.title = "before ms", .right = true},
        {.title = "after ms", .right = true}, {.title = "speed", .right = true},
        {.title = "95 %", .right = true},     {.title = "verdict"}};
    document d[2] = {{0}};
    vireo_error err = {0};
    counts n = {0};
    vr_table t;
    vr_json_out j;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    vr_out_init(&j);
    vr_out_begin(&j, NULL, '{');
    vr_out_begin(&j, "results", '[');
    vireo_status st = open_document(&d[0], paths[0], &err);
    if (!st)
        st = open_document(&d[1], paths[1], &err);
    if (!st)
        st = compare(d, percent / 100.0, &t, &j, &n, &err);
    vr_out_end(&j, ']');
    vr_out_uint(&j, "slower", n.slower);
    vr_out_uint(&j, "noisy", n.noisy);
    vr_out_end(&j, '}');
    vr_out_line(&j);
    int status = st ? vr_cli_fail(cli, st, &err, NULL) : print(cli, &t, &j, json);
    if (!st)
        note_differences(d, &n);
    for (int i = 0; i < 2; i++)
        cJSON_Delete(d[i].root);
    vr_table_deinit(&t);
    vr_out_deinit(&j);
    if (!status && n.noisy)
        vr_cli_note("%zu results are noisy: measure them again on a quiet machine", n.noisy);
    if (!status && n.slower)
        vr_cli_note("%zu slower by more than %u %%", n.slower, (unsigned)percent);
    return status ? status : n.slower ? VR_EXIT_FAILED : VR_EXIT_OK;
}
