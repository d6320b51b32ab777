/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"
#include "cli/engine.h"
#include "cli/rec_output.h"
#include "cli/table.h"
#include <stdio.h>

typedef struct similar_args {
    const char *store, *model, *item;
    uint32_t k;
    bool allow_nonfinite, json;
} similar_args;

static int print(const vr_engine *e, const similar_args *a, const vireo_item *item,
                 const vireo_recommendations *r)
{
    const vireo_dataset *d = vireo_recommender_get_dataset(e->recommender);
    size_t width = vr_terminal_width();
    vr_json_out out;
    vr_out_init(&out);
    if (a->json) {
        vr_out_begin(&out, NULL, '{');
        vr_out_text(&out, "item", item->id);
        vr_out_text(&out, "title", item->title);
        vr_out_text(&out, "device", vr_engine_device_name(e));
        vr_rec_json_items(&out, d, r);
        vr_out_end(&out, '}');
        vr_out_line(&out);
    } else {
        char how[512];
        snprintf(how, sizeof how, "on %s", vr_engine_device_name(e));
        if (width)
            vr_rec_heading(&out.text, width, "Like", vr_item_title(item), how);
        vr_rec_table(&out.text, d, r, width, VR_REC_NO_WHY);
    }
    int status = vr_cli_print(e->cli, &out.text);
    vr_out_deinit(&out);
    return status;
}

static int find_similar(vr_engine *e, const similar_args *a)
{
    const vireo_dataset *d = vireo_recommender_get_dataset(e->recommender);
    vireo_request request = VIREO_OPTIONS(vireo_request);
    vireo_recommendations r = {0};
    uint32_t item;
    if (!vireo_dataset_find_item(d, a->item, &item)) {
        vireo_status st = vr_fail(&e->error, VIREO_ERROR_NOT_FOUND, "--item: \"%s\" is not in %s",
                                  a->item, a->store);
        return vr_engine_fail(e, st, NULL);
    }
    request.method = VIREO_METHOD_CONTENT;
    request.k = a->k;
    request.similar_to = &item;
    uint64_t start = vr_now_ns();
    vireo_status st = vireo_recommend(e->recommender, &request, &r, &e->error);
    e->ns_run = vr_now_ns() - start;
    if (st)
        return vr_engine_fail(e, st, NULL);
    int status = print(e, a, &d->items[item], &r);
    vireo_recommendations_free(&r);
    return status;
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const similar_args *a = data;
    vr_engine e = {.cli = cli, .allow_nonfinite = a->allow_nonfinite};
    (void)operands;
    (void)n_operands;
    int status = vr_engine_open_recommender(&e, cli, a->store, a->model);
    if (!status)
        status = find_similar(&e, a);
    return vr_engine_close(&e, status);
}

static const vr_option options[] = {
    {.name = "--store",
     .value = "DB",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(similar_args, store),
     .help = "made by vireo import"},
    {.name = "--model",
     .value = "MODEL",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(similar_args, model),
     .help = "a text encoder"},
    {.name = "--item",
     .value = "ID",
     .kind = VR_OPTION_TEXT,
     .required = true,
     .target = offsetof(similar_args, item),
     .help = "an item of the store"},
    {.name = "-k",
     .value = "N",
     .kind = VR_OPTION_NUMBER,
     .min = 1,
     .max = 1024,
     .target = offsetof(similar_args, k),
     .help = "how many (10)"},
    VR_ALLOW_NONFINITE(similar_args),
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(similar_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {
    "vireo similar --store films.db --model minilm --item 50",
    "vireo similar --store films.db --model minilm --item 50 -k 5 --json", NULL};

const vr_command vr_command_similar = {
    .name = "similar",
    .summary = "Finds the items whose texts are most like one item's",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(similar_args),
    .examples = examples,
    .notes = "JSON: {\"item\", \"title\", \"device\", \"items\": as in recommend}",
    .uses_device = true,
    .run = run,
};
