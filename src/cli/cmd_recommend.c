/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include "cli/engine.h"
#include "cli/lines.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/rec_output.h"
#include "cli/table.h"
#include <stdio.h>
#include <string.h>

typedef struct recommend_args {
    const char *store, *model, *user, *history, *query, *output, *deny;
    bool all_users, include_seen, explain, allow_nonfinite, json;
    uint32_t k, method;
    vr_list genres;
} recommend_args;

typedef struct items {
    uint32_t *list;
    size_t count, capacity;
} items;

typedef struct job {
    const recommend_args *args;
    vr_engine engine;
    const vireo_dataset *dataset;
    items history, deny;
    vireo_request request;
} job;

static int check(const vr_cli *cli, const recommend_args *a)
{
    if (a->all_users && !a->output)
        return vr_usage_error(cli->command, "--all-users needs --output FILE");
    if (a->output && !a->all_users)
        return vr_usage_error(cli->command, "--output needs --all-users");
    if (a->all_users && a->explain)
        return vr_usage_error(cli->command, "--all-users and --explain cannot be used together: "
                                            "its JSON lines hold the reasons");
    if (a->query && a->method != VIREO_METHOD_AUTO && a->method != VIREO_METHOD_CONTENT)
        return vr_usage_error(cli->command,
                              "--query and --method %s cannot be used together: a "
                              "query is a search by content",
                              vireo_method_name((vireo_method)a->method));
    if (!a->model && (a->query || a->method == VIREO_METHOD_CONTENT))
        return vr_usage_error(cli->command,
                              "%s needs --model MODEL (\"sh models/fetch.sh minilm\" "
                              "brings one)",
                              a->query ? "--query" : "--method content");
    if (a->output && (vr_same_file(a->store, a->output) || vr_same_file(a->deny, a->output)))
        return vr_usage_error(cli->command, "--output is also an input, \"%s\"", a->output);
    if (vr_replaces_inside(a->output, a->model))
        return vr_usage_error(cli->command, "--output is a file of --model, \"%s\"", a->output);
    return 0;
}

static bool add_item(items *list, uint32_t item)
{
    if (!vr_grow(NULL, (void **)&list->list, &list->capacity, list->count + 1, sizeof *list->list))
        return false;
    list->list[list->count++] = item;
    return true;
}

/* --history ID,ID: every id must be known; the unknown ones are named. */
static vireo_status read_history(job *j, vireo_error *err)
{
    vr_str id, unknown;
    vireo_status st = VIREO_OK;
    vr_str_init(&id, NULL);
    vr_str_init(&unknown, NULL);
    for (const char *at = j->args->history; !st && at; at = strchr(at, ',')) {
        at += at != j->args->history; /* the comma */
        uint32_t item;
        vr_str_clear(&id);
        vr_str_add_n(&id, at, strcspn(at, ","));
        if (id.failed)
            st = vr_fail_memory(err, "--history");
        else if (!vireo_dataset_find_item(j->dataset, id.data, &item))
            vr_str_addf(&unknown, "%s\"%s\"", unknown.length ? ", " : "", id.data);
        else if (!add_item(&j->history, item))
            st = vr_fail_memory(err, "--history");
    }
    if (!st && unknown.failed)
        st = vr_fail_memory(err, "--history");
    if (!st && unknown.length)
        st = vr_fail(err, VIREO_ERROR_NOT_FOUND, "--history: not in %s: %s", j->args->store,
                     unknown.data);
    vr_str_deinit(&id);
    vr_str_deinit(&unknown);
    return st;
}

/* --deny: an item id a line. An id that the store lacks denies nothing, which is said. */
static vireo_status read_deny(job *j, vireo_error *err)
{
    vr_lines lines = {0};
    vr_str line;
    bool more = true;
    uint64_t unknown = 0, first = 0;
    vr_str_init(&line, NULL);
    vireo_status st = vr_lines_open(&lines, j->args->deny, err);
    while (!st && more) {
        uint32_t item;
        st = vr_lines_next(&lines, &line, &more, err);
        if (st || !more || line.length == 0)
            continue;
        if (!vireo_dataset_find_item(j->dataset, line.data, &item)) {
            first = unknown++ ? first : lines.number;
        } else if (!add_item(&j->deny, item)) {
            st = vr_fail_memory(err, "--deny");
        }
    }
    if (!st && unknown)
        vr_cli_note("warn: %s: %llu ids are not in the store, the first in line %llu",
                    vr_lines_name(&lines), (unsigned long long)unknown, (unsigned long long)first);
    vr_lines_close(&lines);
    vr_str_deinit(&line);
    return st;
}

static bool same_word(const char *a, size_t n, const char *b)
{
    for (size_t i = 0; i < n; i++) {
        char x = a[i], y = b[i];
        x = x >= 'A' && x <= 'Z' ? (char)(x + 32) : x;
        y = y >= 'A' && y <= 'Z' ? (char)(y + 32) : y;
        if (x != y)
            return false;
    }
    return b[n] == '\0';
}

static bool has_genre(const vireo_dataset *d, const char *genre)
{
    for (size_t i = 0; i < d->n_items; i++)
        for (const char *at = d->items[i].genres; *at;) {
            size_t n = strcspn(at, " ");
            if (same_word(at, n, genre))
                return true;
            at += n;
            at += *at == ' ';
        }
    return false;
}

static void note_genres(const job *j)
{
    for (size_t i = 0; i < j->args->genres.count; i++)
        if (!has_genre(j->dataset, j->args->genres.values[i]))
            vr_cli_note("warn: no item has the genre \"%s\"", j->args->genres.values[i]);
}

static vireo_status make_request(job *j)
{
    const recommend_args *a = j->args;
    vireo_error *err = &j->engine.error;
    vireo_status st = a->history ? read_history(j, err) : VIREO_OK;
    if (!st && a->deny)
        st = read_deny(j, err);
    if (st)
        return st;
    note_genres(j);
    j->request = VIREO_OPTIONS(vireo_request);
    j->request.method = (vireo_method)a->method;
    j->request.k = a->k;
    j->request.user = a->user;
    j->request.history = j->history.list;
    j->request.n_history = j->history.count;
    j->request.query = a->query;
    j->request.genres = a->genres.values;
    j->request.n_genres = a->genres.count;
    j->request.deny = j->deny.list;
    j->request.n_deny = j->deny.count;
    j->request.include_seen = a->include_seen;
    return VIREO_OK;
}

static void write_json(const job *j, vr_json_out *out, const char *user,
                       const vireo_recommendations *r)
{
    vr_out_begin(out, NULL, '{');
    vr_out_text(out, "user", user);
    if (j->args->query)
        vr_out_text(out, "query", j->args->query);
    vr_out_text(out, "device", vr_engine_device_name(&j->engine));
    vr_out_text(out, "method", vr_rec_method(r));
    if (user)
        vr_out_bool(out, "known_user", r->known_user);
    vr_rec_json_items(out, j->dataset, r);
    vr_out_end(out, '}');
    vr_out_line(out);
}

static void write_heading(const job *j, size_t width, vr_str *s, const vireo_recommendations *r)
{
    const recommend_args *a = j->args;
    char how[512];
    snprintf(how, sizeof how, "%s, on %s", vr_rec_method(r), vr_engine_device_name(&j->engine));
    vr_rec_heading(s, width, a->user ? "For user" : a->query ? "For the query" : "For the history",
                   a->user ? a->user : a->query ? a->query : a->history, how);
}

static int recommend_one(job *j)
{
    const recommend_args *a = j->args;
    vireo_recommendations r = {0};
    vr_json_out out;
    uint64_t start = vr_now_ns();
    size_t width = vr_terminal_width();
    vireo_status st = vireo_recommend(j->engine.recommender, &j->request, &r, &j->engine.error);
    j->engine.ns_run = vr_now_ns() - start;
    if (st)
        return vr_engine_fail(&j->engine, st, NULL);
    if (a->user && !r.known_user)
        vr_cli_note("the user \"%s\" is not in %s: these are popular items", a->user, a->store);
    if (r.count == 0)
        vr_cli_note("nothing is left to recommend (see --genre, --deny and --include-seen)");
    vr_out_init(&out);
    if (a->json) {
        write_json(j, &out, a->user, &r);
    } else {
        if (width)
            write_heading(j, width, &out.text, &r);
        /* lines stay a header and a row each: there the shares stand in their column */
        const bool lines = width == 0;
        vr_rec_table(&out.text, j->dataset, &r, width,
                     a->explain && lines ? VR_REC_SHARES : VR_REC_TITLES);
        if (a->explain && !lines)
            vr_rec_explain(&out.text, j->dataset, &r);
    }
    int status = vr_cli_print(j->engine.cli, &out.text);
    vr_out_deinit(&out);
    vireo_recommendations_free(&r);
    return status;
}

static vireo_status recommend_user(job *j, size_t user, vr_output *output, vr_json_out *out)
{
    vireo_recommendations r = {0};
    uint64_t start = vr_now_ns();
    j->request.user = j->dataset->users[user];
    vireo_status st = vireo_recommend(j->engine.recommender, &j->request, &r, &j->engine.error);
    j->engine.ns_run += vr_now_ns() - start;
    if (st)
        return st;
    write_json(j, out, j->request.user, &r);
    vireo_recommendations_free(&r);
    if (out->text.failed)
        return vr_fail_memory(&j->engine.error, "output");
    st = vr_output_put(output, out->text.data, out->text.length, &j->engine.error);
    vr_str_clear(&out->text);
    return st;
}

static int recommend_all(job *j)
{
    vr_output output = {0};
    vr_json_out out;
    size_t n = j->dataset->n_users;
    vr_out_init(&out);
    vireo_status st = vr_output_open(&output, j->args->output, &j->engine.error);
    for (size_t i = 0; i < n && !st; i++) {
        st = recommend_user(j, i, &output, &out);
        if (!st && vr_progress(NULL, "recommend", i + 1, n))
            st = vr_fail(&j->engine.error, VIREO_ERROR_CANCELLED, "interrupted");
    }
    if (!st)
        st = vr_output_commit(&output, &j->engine.error);
    vr_output_abort(&output);
    vr_out_deinit(&out);
    return st ? vr_engine_fail(&j->engine, st, NULL) : VR_EXIT_OK;
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const recommend_args *a = data;
    job j = {.args = a, .engine = {.cli = cli, .allow_nonfinite = a->allow_nonfinite}};
    (void)operands;
    (void)n_operands;
    int status = check(cli, a);
    if (status)
        return status;
    vireo_status st = vr_output_check(a->output, &j.engine.error);
    if (st)
        return vr_engine_fail(&j.engine, st, NULL);
    /* Only these methods read vectors. */
    bool content = a->method == VIREO_METHOD_AUTO || a->method == VIREO_METHOD_CONTENT;
    status = vr_engine_open_recommender(&j.engine, cli, a->store, content ? a->model : NULL);
    if (!status) {
        j.dataset = vireo_recommender_get_dataset(j.engine.recommender);
        st = make_request(&j);
        if (st)
            status = vr_engine_fail(&j.engine, st, NULL);
        else
            status = a->all_users ? recommend_all(&j) : recommend_one(&j);
    }
    vr_free(NULL, j.history.list);
    vr_free(NULL, j.deny.list);
    return vr_engine_close(&j.engine, status);
}

#define TARGET(field) offsetof(recommend_args, field)
static const vr_option options[] = {
    {.name = "--store",
     .value = "DB",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = TARGET(store),
     .help = "made by vireo import"},
    {.name = "--model",
     .value = "MODEL",
     .kind = VR_OPTION_TEXT,
     .target = TARGET(model),
     .help = "a text encoder, for content"},
    {.name = "--user",
     .value = "ID",
     .kind = VR_OPTION_TEXT,
     .target = TARGET(user),
     .help = "a user of the store; an unknown one gets popular items"},
    {.name = "--history",
     .value = "ID,...",
     .kind = VR_OPTION_TEXT,
     .target = TARGET(history),
     .help = "item ids, oldest first, instead of a user"},
    {.name = "--query",
     .value = "TEXT",
     .kind = VR_OPTION_TEXT,
     .target = TARGET(query),
     .help = "a search by content"},
    {.name = "--all-users",
     .kind = VR_OPTION_FLAG,
     .target = TARGET(all_users),
     .help = "every user of the store, as JSON lines"},
    {.name = "--output",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = TARGET(output),
     .help = "of --all-users; written whole or not at all"},
    {.name = "-k",
     .value = "N",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = 1024,
     .target = TARGET(k),
     .help = "how many (10)"},
    {.name = "--method",
     .value = "METHOD",
     .kind = VR_OPTION_CHOICE,
     .target = TARGET(method),
     .choices = "auto content neighbours popular",
     .help = "auto, content, neighbours or popular (auto)"},
    {.name = "--genre",
     .value = "G",
     .kind = VR_OPTION_LIST,
     .target = TARGET(genres),
     .help = "only items of this genre; repeated: of any of them"},
    {.name = "--deny",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = TARGET(deny),
     .help = "item ids, one a line, that are never shown"},
    {.name = "--include-seen",
     .kind = VR_OPTION_FLAG,
     .target = TARGET(include_seen),
     .help = "also items of the history"},
    {.name = "--explain",
     .kind = VR_OPTION_FLAG,
     .target = TARGET(explain),
     .help = "every reason with its share of the score"},
    VR_ALLOW_NONFINITE(recommend_args),
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = TARGET(json),
     .help = "JSON on standard output"},
};
static const vr_option_group groups[] = {{"--user --history --query --all-users", true},
                                         {"--json --explain", false}};
static const char *const examples[] = {
    "vireo recommend --store films.db --model minilm --user 196",
    "vireo recommend --store films.db --model minilm --query \"dark comedy\" --json", NULL};

const vr_command vr_command_recommend = {
    .name = "recommend",
    .summary = "Recommends items for a user, a history or a query",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .groups = groups,
    .n_groups = sizeof groups / sizeof *groups,
    .bytes = sizeof(recommend_args),
    .examples = examples,
    .notes =
        "JSON: {\"user\", \"device\", \"method\", \"known_user\", \"items\": [{\"rank\", \"id\",\n"
        "  \"score\", \"title\", \"year\", \"genres\", \"why\": [{\"id\", \"title\", \"share\"}]}]};\n"
        "  user is null without --user, with --query there is \"query\" too.",
    .uses_device = true,
    .run = run,
};
