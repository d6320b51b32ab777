/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"
#include "cli/cli.h"
#include "cli/json_out.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "vireo/recommend.h"
#include <unistd.h>

typedef struct import_args {
    const char *store, *interactions, *items, *users;
    uint32_t format;
    bool json;
} import_args;

static void write_table_json(vr_json_out *j, const char *name, const vireo_import_table *t)
{
    vr_out_begin(j, name, '{');
    vr_out_uint(j, "read", t->read);
    vr_out_uint(j, "added", t->added);
    vr_out_uint(j, "known", t->known);
    vr_out_uint(j, "mended", t->mended);
    vr_out_uint(j, "dropped", t->dropped);
    vr_out_end(j, '}');
}

static void write_json(vr_json_out *j, const char *store, const vireo_import_report *r)
{
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "store", store);
    write_table_json(j, "interactions", &r->interactions);
    write_table_json(j, "items", &r->items);
    write_table_json(j, "users", &r->users);
    vr_out_begin(j, "notes", '[');
    for (size_t i = 0; i < r->n_notes; i++) {
        const vireo_import_note *n = &r->notes[i];
        vr_out_begin(j, NULL, '{');
        vr_out_text(j, "table", n->table);
        vr_out_text(j, "action", n->action);
        vr_out_text(j, "reason", n->reason);
        vr_out_uint(j, "count", n->count);
        vr_out_uint(j, "first_line", n->first_line);
        vr_out_text(j, "example", n->example);
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static void write_row(vr_table *t, const char *name, const vireo_import_table *row)
{
    const uint64_t counts[] = {row->read, row->added, row->known, row->mended, row->dropped};
    vr_table_add(t, name);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        vr_table_addf(t, "%llu", (unsigned long long)counts[i]);
}

static void write_text(vr_str *s, const vireo_import_report *r)
{
    static const vr_column columns[] = {
        {.title = "table"},
        {.title = "read", .right = true},
        {.title = "added", .right = true},
        {.title = "known", .right = true},
        {.title = "mended", .right = true},
        {.title = "dropped", .right = true},
    };
    static const vr_column notes[] = {
        {.title = "table"},
        {.title = "what"},
        {.title = "rows", .right = true},
        {.title = "reason", .shrinks = true},
        {.title = "line", .right = true},
        {.title = "example", .shrinks = true},
    };
    vr_table t;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    write_row(&t, "interactions", &r->interactions);
    write_row(&t, "items", &r->items);
    write_row(&t, "users", &r->users);
    vr_table_write(&t, vr_terminal_width(), s);
    vr_table_deinit(&t);
    if (r->n_notes == 0)
        return;
    vr_str_add_n(s, "\n", 1);
    vr_table_init(&t, notes, sizeof notes / sizeof *notes);
    for (size_t i = 0; i < r->n_notes; i++) {
        vr_table_add(&t, r->notes[i].table);
        vr_table_add(&t, r->notes[i].action);
        vr_table_addf(&t, "%llu", (unsigned long long)r->notes[i].count);
        vr_table_add(&t, r->notes[i].reason);
        vr_table_addf(&t, "%llu", (unsigned long long)r->notes[i].first_line);
        vr_table_add(&t, r->notes[i].example);
    }
    vr_table_write(&t, vr_terminal_width(), s);
    vr_table_deinit(&t);
}

static int print(const vr_cli *cli, const import_args *a, const vireo_import_report *r)
{
    vr_json_out out;
    vr_out_init(&out);
    if (a->json)
        write_json(&out, a->store, r);
    else
        write_text(&out.text, r);
    int status = vr_cli_print(cli, &out.text);
    vr_out_deinit(&out);
    return status;
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const import_args *a = data;
    vireo_import_options options = VIREO_OPTIONS(vireo_import_options);
    vireo_import_report report = {0};
    vireo_store *store = NULL;
    vireo_error err = {0};
    (void)operands;
    (void)n_operands;
    if (vr_same_file(a->interactions, a->store) || vr_same_file(a->items, a->store) ||
        vr_same_file(a->users, a->store))
        return vr_usage_error(cli->command, "--store is also an input, \"%s\"", a->store);
    bool fresh = !vr_file_exists(a->store);
    options.interactions = a->interactions;
    options.items = a->items;
    options.users = a->users;
    options.progress = vr_progress;
    vireo_status st = vireo_store_open(a->store, VIREO_STORE_CREATE, NULL, &store, &err);
    bool opened = !st;
    if (!st)
        st = vireo_import(store, &options, &report, &err);
    vireo_store_close(&store);
    if (st && fresh && opened) /* an empty store would hide that nothing was imported */
        unlink(a->store);
    int status = st ? vr_cli_fail(cli, st, &err, NULL) : print(cli, a, &report);
    vireo_import_report_free(&report);
    return status;
}

static const vr_option options[] = {
    {.name = "--store",
     .value = "DB",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(import_args, store),
     .help = "made if it is not there"},
    {.name = "--interactions",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(import_args, interactions),
     .help = "who used what: .inter"},
    {.name = "--items",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(import_args, items),
     .help = "titles, years, genres: .item"},
    {.name = "--users",
     .value = "FILE",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(import_args, users),
     .help = ".user"},
    {.name = "--format",
     .value = "FORMAT",
     .kind = VR_OPTION_CHOICE,
     .choices = "recbole",
     .target = offsetof(import_args, format),
     .help = "recbole, RecBole's atomic files (recbole)"},
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(import_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {
    "vireo import --store films.db --interactions ml.inter --items ml.item",
    "vireo import --store films.db --interactions new.inter --json", NULL};

const vr_command vr_command_import = {
    .name = "import",
    .summary = "Reads users, items and interactions into a store, adding what is new",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(import_args),
    .examples = examples,
    .notes =
        "All or nothing: one transaction.\n"
        "JSON: {\"store\", \"interactions\": {\"read\", \"added\", \"known\", \"mended\", \"dropped\"},\n"
        "  \"items\", \"users\", \"notes\": [{\"table\", \"action\", \"reason\", \"count\",\n"
        "  \"first_line\", \"example\"}]}",
    .run = run,
};
