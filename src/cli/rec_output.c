/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/rec_output.h"
#include "cli/table.h"

const char *vr_item_title(const vireo_item *item)
{
    return item->title[0] ? item->title : item->id;
}

const char *vr_rec_method(const vireo_recommendations *r)
{
    return r->blended ? "neighbours+content" : vireo_method_name(r->method);
}

void vr_rec_json_items(vr_json_out *j, const vireo_dataset *d, const vireo_recommendations *r)
{
    vr_out_begin(j, "items", '[');
    for (size_t i = 0; i < r->count; i++) {
        const vireo_recommendation *rec = &r->items[i];
        const vireo_item *item = &d->items[rec->item];
        vr_out_begin(j, NULL, '{');
        vr_out_uint(j, "rank", i + 1);
        vr_out_text(j, "id", item->id);
        vr_out_number(j, "score", (double)rec->score);
        vr_out_text(j, "title", item->title);
        vr_out_int(j, "year", item->year);
        vr_out_text(j, "genres", item->genres);
        vr_out_begin(j, "why", '[');
        for (uint32_t w = 0; w < rec->n_why; w++) {
            const vireo_item *reason = &d->items[rec->why[w].item];
            vr_out_begin(j, NULL, '{');
            vr_out_text(j, "id", reason->id);
            vr_out_text(j, "title", reason->title);
            vr_out_number(j, "share", (double)rec->why[w].share);
            vr_out_end(j, '}');
        }
        vr_out_end(j, ']');
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
}

void vr_rec_heading(vr_str *out, size_t width, const char *of, const char *name, const char *how)
{
    vr_str what, brackets;
    vr_str_init(&what, NULL);
    vr_str_init(&brackets, NULL);
    vr_str_addf(&what, "%s %s", of, name);
    vr_str_addf(&brackets, "(%s)", how);
    if (what.failed || brackets.failed) {
        out->failed = true;
    } else {
        const size_t line = vr_display_width(what.data) + 1 + vr_display_width(brackets.data);
        vr_fit_text(what.data, width, out);
        vr_str_add(out, line <= width ? " " : "\n");
        vr_fit_text(brackets.data, width, out);
        vr_str_add(out, "\n");
    }
    vr_str_deinit(&what);
    vr_str_deinit(&brackets);
}

static void add_why(vr_table *t, const vireo_dataset *d, const vireo_recommendation *rec,
                    vr_rec_why why, vr_str *scratch)
{
    vr_str_clear(scratch);
    for (uint32_t w = 0; w < rec->n_why; w++) {
        vr_str_addf(scratch, "%s%s", w ? "; " : "", vr_item_title(&d->items[rec->why[w].item]));
        if (why == VR_REC_SHARES)
            vr_str_addf(scratch, " %.1f %%", (double)rec->why[w].share * 100.0);
    }
    t->failed = t->failed || scratch->failed;
    vr_table_add(t, scratch->data ? scratch->data : "");
}

void vr_rec_table(vr_str *out, const vireo_dataset *d, const vireo_recommendations *r, size_t width,
                  vr_rec_why why)
{
    static const vr_column columns[] = {
        {.title = "rank", .right = true},
        {.title = "title", .shrinks = true},
        {.title = "year"},
        {.title = "genres", .shrinks = true},
        {.title = "score", .right = true},
        {.title = "why", .shrinks = true},
    };
    vr_table t;
    vr_str scratch;
    bool any = width == 0; /* columns of lines are always the same */
    for (size_t i = 0; i < r->count && !any; i++)
        any = r->items[i].n_why > 0;
    why = any ? why : VR_REC_NO_WHY;
    vr_str_init(&scratch, NULL);
    vr_table_init(&t, columns, why ? 6 : 5);
    for (size_t i = 0; i < r->count; i++) {
        const vireo_item *item = &d->items[r->items[i].item];
        vr_table_addf(&t, "%zu", i + 1);
        vr_table_add(&t, vr_item_title(item));
        if (item->year)
            vr_table_addf(&t, "%d", item->year);
        else
            vr_table_add(&t, "");
        vr_table_add(&t, item->genres);
        vr_table_addf(&t, "%.4f", (double)r->items[i].score);
        if (why)
            add_why(&t, d, &r->items[i], why, &scratch);
    }
    vr_table_write(&t, width, out);
    vr_table_deinit(&t);
    vr_str_deinit(&scratch);
}

void vr_rec_explain(vr_str *out, const vireo_dataset *d, const vireo_recommendations *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const vireo_recommendation *rec = &r->items[i];
        vr_str_addf(out, "\n%zu. %s\n", i + 1, vr_item_title(&d->items[rec->item]));
        for (uint32_t w = 0; w < rec->n_why; w++)
            vr_str_addf(out, "   %5.1f %%  %s\n", (double)rec->why[w].share * 100.0,
                        vr_item_title(&d->items[rec->why[w].item]));
        if (rec->n_why == 0)
            vr_str_add(out, "   no reason in the history: popular, or found by the query alone\n");
    }
}
