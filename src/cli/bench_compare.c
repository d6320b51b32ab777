/* SPDX-License-Identifier: Apache-2.0
 * vireo bench compare: two documents of vireo bench suite, result by result. */
#include "cli/bench.h"
#include "cli/json_in.h"
#include "cli/table.h"
#include <math.h>
#include <stdio.h>
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
    bool noisy; /* one of the two; where the intervals are far apart the word is another all the same */
    double before, after;
    double ratio, low, high; /* before / after, and what the intervals allow */
} verdict;

/* Of two results of one name it would not be known which is compared. */
static vireo_status check_names(const document *d, vireo_error *err)
{
    for (const cJSON *r = d->results->child; r; r = r->next)
        for (const cJSON *other = r->next; other; other = other->next)
            if (*vr_in_text(r, "name") && !strcmp(vr_in_text(r, "name"), vr_in_text(other, "name")))
                return vr_fail(err, VIREO_ERROR_FORMAT,
                               "%s: two results are named \"%s\"; a name may occur once", d->path,
                               vr_in_text(r, "name"));
    return VIREO_OK;
}

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
    return check_names(d, err);
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

/* Whether `more` exceeds `less` by more than the threshold whatever of their intervals is true. */
static bool exceeds(const cJSON *more, const cJSON *less, double threshold)
{
    const double most = vr_in_number(less, "high");
    return most > 0 && vr_in_number(more, "low") > most * (1 + threshold);
}

/* Slower by more than N %: it takes more than 1 + N / 100 of the time. Where the intervals leave doubt and
 * one is noisy nothing is said: what disturbed it may have begun or ended between the measurements. */
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
    v.noisy = is_noisy(a) || is_noisy(b) || !(v.low > 0) || !(v.high > 0); /* as short as the noise */
    if (exceeds(b, a, threshold))
        v.word = more[unit];
    else if (exceeds(a, b, threshold))
        v.word = less[unit];
    else if (v.noisy)
        v.word = "noisy";
    *out = v;
    return VIREO_OK;
}

/* ---- What is printed ------------------------------------------------------------------------ */

typedef struct comparison {
    document d[2];
    double threshold;
    vr_table heading, table;
    vr_json_out json;
    size_t slower, noisy, common, missing; /* missing: results of d[0] that d[1] lacks */
} comparison;

/* What else than commits may differ between the documents, and explain their results. */
static const char *const provenance[] = {
    "device.name",             "device.driver",     "device.driver_info",      "device.driver_version",
    "device.api_version",      "glslang",           "machine.cpu",             "machine.vectors",
    "machine.cores",           "machine.os",        "machine.release",         "quick",
    "selection.deterministic", "selection.no_fuse", "selection.tuned_choices", "selection.tuned_others",
};
enum { PROVENANCE = sizeof provenance / sizeof *provenance };

/* NULL: it is not told. */
static const cJSON *at_path(const document *d, const char *path)
{
    char section[32];
    const char *dot = strchr(path, '.');
    if (!dot)
        return cJSON_GetObjectItemCaseSensitive(d->root, path);
    snprintf(section, sizeof section, "%.*s", (int)(dot - path), path);
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(d->root, section), dot + 1);
}

static bool differs(const comparison *c, const char *path)
{
    const cJSON *a = at_path(&c->d[0], path), *b = at_path(&c->d[1], path);
    return (a || b) && !cJSON_Compare(a, b, true);
}

/* Times are in ms, as the first title says: only sizes name their unit. */
static void add_figure(vr_table *t, double figure, const char *unit)
{
    vr_table_addf(t, figure < 999.5 ? "%.3g%s" : "%.0f%s", figure, !strcmp(unit, "mib") ? " MiB" : "");
}

static void add_row(vr_table *t, const verdict *v)
{
    vr_table_add(t, v->name);
    add_figure(t, v->before, v->unit);
    add_figure(t, v->after, v->unit);
    vr_table_addf(t, "%.3f", v->ratio);
    vr_table_addf(t, "%.2f to %.2f", v->low, v->high);
    vr_table_addf(t, "%s%s", v->word, v->noisy && strcmp(v->word, "noisy") != 0 ? " noisy" : "");
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
    vr_out_bool(j, "noisy", v->noisy);
    vr_out_end(j, '}');
}

/* What d[0] has and d[1] lacks: a row of the table without figures. */
static void add_missing(comparison *c, const char *name)
{
    c->missing++;
    vr_table_add(&c->table, name);
    for (int column = 1; column < 5; column++)
        vr_table_add(&c->table, "-");
    vr_table_add(&c->table, "missing");
}

/* Names of the results of one that the other lacks. */
static void write_alone(comparison *c, const char *key, int of)
{
    vr_out_begin(&c->json, key, '[');
    for (const cJSON *r = c->d[of].results->child; r; r = r->next)
        if (!find(&c->d[!of], vr_in_text(r, "name")))
            vr_out_text(&c->json, NULL, vr_in_text(r, "name"));
    vr_out_end(&c->json, ']');
}

static vireo_status compare_results(comparison *c, vireo_error *err)
{
    for (const cJSON *r = c->d[0].results->child; r; r = r->next) {
        vireo_status st = check_result(&c->d[0], r, err);
        const cJSON *other = st ? NULL : find(&c->d[1], vr_in_text(r, "name"));
        if (!st && !other) {
            add_missing(c, vr_in_text(r, "name"));
            continue;
        }
        if (!st)
            st = check_result(&c->d[1], other, err);
        if (st)
            return st;
        verdict v = {.name = "", .word = "", .unit = ""};
        st = judge(c->d, r, other, c->threshold, &v, err);
        if (st)
            return st;
        c->slower += !strcmp(v.word, "slower") || !strcmp(v.word, "larger");
        c->noisy += v.noisy;
        c->common++;
        add_row(&c->table, &v);
        add_json(&c->json, &v);
    }
    return c->common ? VIREO_OK
                     : vr_fail(err, VIREO_ERROR_FORMAT, "%s and %s have no result in common",
                               c->d[0].path, c->d[1].path);
}

/* What is compared: two commits, mostly. */
static void write_documents(comparison *c)
{
    static const char *const of[] = {"before", "after"};
    vr_json_out *j = &c->json;
    for (int i = 0; i < 2; i++) {
        const char *commit = vr_in_text(c->d[i].root, "commit"), *time = vr_in_text(c->d[i].root, "time");
        vr_table_add(&c->heading, of[i]);
        vr_table_add(&c->heading, c->d[i].path);
        vr_table_add(&c->heading, *commit ? commit : "-");
        vr_table_add(&c->heading, *time ? time : "-");
        vr_out_begin(j, of[i], '{');
        vr_out_text(j, "file", c->d[i].path);
        vr_out_text(j, "commit", commit);
        vr_out_text(j, "time", time);
        vr_out_end(j, '}');
    }
    vr_out_begin(j, "differ", '[');
    for (size_t i = 0; i < PROVENANCE; i++)
        if (differs(c, provenance[i]))
            vr_out_text(j, NULL, provenance[i]);
    vr_out_end(j, ']');
}

static vireo_status compare(comparison *c, vireo_error *err)
{
    vr_json_out *j = &c->json;
    vr_out_begin(j, NULL, '{');
    write_documents(c);
    vr_out_begin(j, "results", '[');
    vireo_status st = compare_results(c, err);
    vr_out_end(j, ']');
    vr_out_uint(j, "slower", c->slower);
    vr_out_uint(j, "noisy", c->noisy);
    write_alone(c, "missing", 0);
    write_alone(c, "added", 1);
    vr_out_end(j, '}');
    vr_out_line(j);
    return st;
}

static int print(const vr_cli *cli, const comparison *c, bool json)
{
    if (json)
        return vr_cli_print(cli, &c->json.text);
    vr_str s;
    vr_str_init(&s, NULL);
    vr_table_write(&c->heading, vr_terminal_width(), &s);
    vr_str_add(&s, "\n");
    vr_table_write(&c->table, vr_terminal_width(), &s);
    const int status = vr_cli_print(cli, &s);
    vr_str_deinit(&s);
    return status;
}

/* As JSON, for texts of others must not reach a terminal as they are. */
static void note_differs(const comparison *c, const char *path)
{
    char *texts[2];
    for (int i = 0; i < 2; i++)
        texts[i] = cJSON_PrintUnformatted(at_path(&c->d[i], path));
    vr_cli_note("%s differs: %s in %s, %s in %s", path, texts[0] ? texts[0] : "not told", c->d[0].path,
                texts[1] ? texts[1] : "not told", c->d[1].path);
    for (int i = 0; i < 2; i++)
        cJSON_free(texts[i]);
}

static void note(const comparison *c, unsigned percent)
{
    for (size_t i = 0; i < PROVENANCE; i++)
        if (differs(c, provenance[i]))
            note_differs(c, provenance[i]);
    const size_t all = (size_t)cJSON_GetArraySize(c->d[1].results);
    if (all > c->common)
        vr_cli_note("%s: %zu results that %s has not", c->d[1].path, all - c->common, c->d[0].path);
    if (c->noisy)
        vr_cli_note("%zu results are noisy: measure them again on a quiet machine", c->noisy);
    if (c->missing)
        vr_cli_note("%zu of the %zu results of %s are missing in %s", c->missing, c->missing + c->common,
                    c->d[0].path, c->d[1].path);
    if (c->slower)
        vr_cli_note("%zu slower or larger by more than %u %%", c->slower, percent);
}

int vr_bench_compare_command(const vr_cli *cli, char **paths, uint32_t percent, bool json)
{
    static const vr_column columns[] = {
        {.title = "what (ms)"},
        {.title = "before", .right = true},
        {.title = "after", .right = true},
        {.title = "speed", .right = true, .spare = 2},
        {.title = "95 %", .right = true, .spare = 1},
        {.title = "verdict"}};
    static const vr_column heading[] = {
        {.title = "document"}, {.title = "file", .shrinks = true}, {.title = "commit"}, {.title = "measured"}};
    comparison c = {.threshold = percent / 100.0};
    vireo_error err = {0};
    vr_table_init(&c.heading, heading, sizeof heading / sizeof *heading);
    vr_table_init(&c.table, columns, sizeof columns / sizeof *columns);
    vr_out_init(&c.json);
    vireo_status st = open_document(&c.d[0], paths[0], &err);
    if (!st)
        st = open_document(&c.d[1], paths[1], &err);
    if (!st)
        st = compare(&c, &err);
    int status = st ? vr_cli_fail(cli, st, &err, NULL) : print(cli, &c, json);
    if (!status)
        note(&c, (unsigned)percent);
    for (int i = 0; i < 2; i++)
        cJSON_Delete(c.d[i].root);
    vr_table_deinit(&c.heading);
    vr_table_deinit(&c.table);
    vr_out_deinit(&c.json);
    return status ? status : c.slower || c.missing ? VR_EXIT_FAILED : VR_EXIT_OK;
}
