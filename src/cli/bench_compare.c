/* SPDX-License-Identifier: Apache-2.0
 * vireo bench compare: two documents of vireo bench suite, result by result. */
#include "cli/bench.h"
#include "cli/json_in.h"
#include "cli/table.h"
#include <math.h>
#include <string.h>

/* What results are measured in, the key of their estimates: of each less is better. */
static const char *const units[] = {"ms", "mib"};
enum { UNITS = sizeof units / sizeof *units };

typedef struct document {
    const char *path;
    cJSON *root;
    const cJSON *results;
} document;

typedef struct verdict {
    const char *name, *word; /* "faster", "slower", "same", "noisy"; of sizes "smaller", "larger" */
    const char *unit;
    double before, after;
    double ratio, low, high; /* before / after, and what the intervals allow */
} verdict;

static vireo_status open_document(document *d, const char *path, vireo_error *err)
{
    d->path = path;
    vireo_status st = vr_json_in(path, &d->root, err);
    if (st)
        return st;
    d->results = cJSON_GetObjectItemCaseSensitive(d->root, "results");
    if (!cJSON_IsArray(d->results) || strcmp(vr_in_text(d->root, "schema"), "vireo-bench-1") != 0)
        return vr_fail(err, VIREO_ERROR_FORMAT,
                       "%s: no document of \"vireo bench suite\": schema must be vireo-bench-1, results "
                       "a list",
                       path);
    return VIREO_OK;
}

static const cJSON *find(const document *d, const char *name)
{
    for (const cJSON *r = d->results->child; r; r = r->next)
        if (!strcmp(vr_in_text(r, "name"), name))
            return r;
    return NULL;
}

/* The estimate and its unit's index; NULL: there is none. */
static const cJSON *estimate_of(const cJSON *result, size_t *unit)
{
    for (size_t i = 0; i < UNITS; i++) {
        const cJSON *e = cJSON_GetObjectItemCaseSensitive(result, units[i]);
        if (e) {
            *unit = i;
            return e;
        }
    }
    return NULL;
}

static vireo_status check_result(const document *d, const cJSON *result, vireo_error *err)
{
    size_t unit;
    const cJSON *e = estimate_of(result, &unit);
    if (*vr_in_text(result, "name") && !isnan(vr_in_number(e, "median")) &&
        !isnan(vr_in_number(e, "low")) && !isnan(vr_in_number(e, "high")))
        return VIREO_OK;
    return vr_fail(err, VIREO_ERROR_FORMAT,
                   "%s: the result \"%s\" must have a name, and median, low and high in ms or mib",
                   d->path, vr_in_text(result, "name"));
}

static bool is_noisy(const cJSON *estimate)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(estimate, "noisy"));
}

/* Times shrink where speed grows. Of a noisy result nothing is said: what disturbed it may have begun or
 * ended between the two measurements. */
static vireo_status judge(const document d[2], const cJSON *before, const cJSON *after, double threshold,
                          verdict *out, vireo_error *err)
{
    static const char *const less[UNITS] = {"faster", "smaller"}, *const more[UNITS] = {"slower", "larger"};
    size_t unit = 0, other = 0;
    const cJSON *a = estimate_of(before, &unit), *b = estimate_of(after, &other);
    if (unit != other)
        return vr_fail(err, VIREO_ERROR_FORMAT, "the result \"%s\" is in %s in %s, in %s in %s",
                       vr_in_text(before, "name"), units[unit], d[0].path, units[other], d[1].path);
    verdict v = {.name = vr_in_text(before, "name"), .word = "same", .unit = units[unit],
                 .before = vr_in_number(a, "median"), .after = vr_in_number(b, "median"),
                 .low = vr_in_number(a, "low") / vr_in_number(b, "high"),
                 .high = vr_in_number(a, "high") / vr_in_number(b, "low")};
    v.ratio = v.before / v.after;
    if (is_noisy(a) || is_noisy(b) || !(v.low > 0) || !(v.high > 0)) /* what is as short as the noise */
        v.word = "noisy";
    else if (v.high < 1 - threshold)
        v.word = more[unit];
    else if (v.low > 1 + threshold)
        v.word = less[unit];
    *out = v;
    return VIREO_OK;
}

static void add_row(vr_table *t, const verdict *v)
{
    vr_table_add(t, v->name);
    vr_table_add(t, v->unit);
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
    vr_out_text(j, "unit", v->unit);
    vr_out_number(j, "before", v->before);
    vr_out_number(j, "after", v->after);
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
        vireo_status st = check_result(&d[0], r, err);
        const cJSON *other = st ? NULL : find(&d[1], vr_in_text(r, "name"));
        if (!st && !other)
            continue;
        if (!st)
            st = check_result(&d[1], other, err);
        if (st)
            return st;
        verdict v = {0};
        st = judge(d, r, other, threshold, &v, err);
        if (st)
            return st;
        n->slower += !strcmp(v.word, "slower") || !strcmp(v.word, "larger");
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
        names[i] = vr_in_text(cJSON_GetObjectItemCaseSensitive(d[i].root, "device"), "name");
        if (all > n->common)
            vr_cli_note("%s: %zu results are in no other document", d[i].path, all - n->common);
    }
    if (strcmp(names[0], names[1]) != 0)
        vr_cli_note("the devices differ: \"%s\" and \"%s\"", names[0], names[1]);
}

int vr_bench_compare_command(const vr_cli *cli, char **paths, uint32_t percent, bool json)
{
    static const vr_column columns[] = {
        {.title = "what", .shrinks = true}, {.title = "unit"},
        {.title = "before", .right = true}, {.title = "after", .right = true},
        {.title = "speed", .right = true},  {.title = "95 %", .right = true},
        {.title = "verdict"}};
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
        vr_cli_note("%zu slower or larger by more than %u %%", n.slower, (unsigned)percent);
    return status ? status : n.slower ? VR_EXIT_FAILED : VR_EXIT_OK;
}
