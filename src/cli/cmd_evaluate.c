/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include "cli/engine.h"
#include "cli/json_out.h"
#include "cli/table.h"
#include <stdio.h>

typedef struct evaluate_args {
    const char *store, *model;
    uint32_t method, at;
    bool allow_nonfinite, json;
} evaluate_args;

static void write_metrics(vr_json_out *j, const char *key, const vireo_metrics *m)
{
    char name[32];
    vr_out_begin(j, key, '{');
    snprintf(name, sizeof name, "hr@%u", m->at);
    vr_out_number(j, name, m->hr);
    snprintf(name, sizeof name, "ndcg@%u", m->at);
    vr_out_number(j, name, m->ndcg);
    vr_out_end(j, '}');
}

static void write_row(vr_table *t, const char *name, const vireo_metrics *m)
{
    vr_table_add(t, name);
    vr_table_addf(t, "%zu", m->users);
    vr_table_addf(t, "%u", m->at);
    vr_table_addf(t, "%.4f", m->hr);
    vr_table_addf(t, "%.4f", m->ndcg);
}

static int print(const vr_engine *e, const evaluate_args *a, const vireo_metrics *own,
                 const vireo_metrics *popular)
{
    static const vr_column columns[] = {{.title = "method"},
                                        {.title = "users", .right = true},
                                        {.title = "at", .right = true},
                                        {.title = "hr", .right = true},
                                        {.title = "ndcg", .right = true}};
    const char *method = vireo_method_name((vireo_method)a->method);
    vr_json_out out;
    vr_out_init(&out);
    if (a->json) {
        vr_out_begin(&out, NULL, '{');
        vr_out_uint(&out, "users", own->users);
        vr_out_text(&out, "device", vr_engine_device_name(e));
        vr_out_text(&out, "method", method);
        write_metrics(&out, "metrics", own);
        vr_out_begin(&out, "baselines", '{');
        write_metrics(&out, "popular", popular);
        vr_out_end(&out, '}');
        vr_out_end(&out, '}');
        vr_out_line(&out);
    } else {
        vr_table t;
        vr_table_init(&t, columns, sizeof columns / sizeof *columns);
        write_row(&t, method, own);
        if (a->method != VIREO_METHOD_POPULAR)
            write_row(&t, "popular", popular);
        vr_table_write(&t, vr_terminal_width(), &out.text);
        vr_table_deinit(&t);
    }
    int status = vr_cli_print(e->cli, &out.text);
    vr_out_deinit(&out);
    return status;
}

static int evaluate(vr_engine *e, const evaluate_args *a)
{
    vireo_metrics own, popular;
    uint32_t at = a->at ? a->at : 10;
    uint64_t start = vr_now_ns();
    vireo_status st = vireo_evaluate(e->recommender, (vireo_method)a->method, at, &own, &e->error);
    if (!st)
        st = vireo_evaluate(e->recommender, VIREO_METHOD_POPULAR, at, &popular, &e->error);
    e->ns_run = vr_now_ns() - start;
    return st ? vr_engine_fail(e, st, NULL) : print(e, a, &own, &popular);
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const evaluate_args *a = data;
    vr_engine e = {.cli = cli, .allow_nonfinite = a->allow_nonfinite};
    (void)operands;
    (void)n_operands;
    if (a->method == VIREO_METHOD_CONTENT && !a->model)
        return vr_usage_error(cli->command, "--method content needs --model MODEL (\"sh "
                                            "models/fetch.sh minilm\" brings one)");
    bool content = a->method == VIREO_METHOD_AUTO || a->method == VIREO_METHOD_CONTENT;
    int status = vr_engine_open_recommender(&e, cli, a->store, content ? a->model : NULL);
    if (!status)
        status = evaluate(&e, a);
    return vr_engine_close(&e, status);
}

static const vr_option options[] = {
    {.name = "--store",
     .value = "DB",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(evaluate_args, store),
     .help = "made by vireo import"},
    {.name = "--model",
     .value = "MODEL",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(evaluate_args, model),
     .help = "a text encoder, for content"},
    {.name = "--method",
     .value = "METHOD",
     .kind = VR_OPTION_CHOICE,
     .target = offsetof(evaluate_args, method),
     .choices = "auto content neighbours popular",
     .help = "auto, content, neighbours or popular (auto)"},
    {.name = "--at",
     .value = "N",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = 1024,
     .target = offsetof(evaluate_args, at),
     .help = "length of the lists (10)"},
    VR_ALLOW_NONFINITE(evaluate_args),
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(evaluate_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {
    "vireo evaluate --store films.db --method neighbours",
    "vireo evaluate --store films.db --model minilm --at 20 --json", NULL};

const vr_command vr_command_evaluate = {
    .name = "evaluate",
    .summary = "Measures recommendations by leaving out every user's last item",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(evaluate_args),
    .examples = examples,
    .notes =
        "All items that a user has not seen are ranked.\n"
        "JSON: {\"users\", \"device\", \"method\", \"metrics\": {\"hr@10\", \"ndcg@10\"},\n"
        "  \"baselines\": {\"popular\": {...}}}",
    .uses_device = true,
    .run = run,
};
