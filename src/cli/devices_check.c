/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/devices_check.h"
#include "cli/engine.h"
#include "cli/json_out.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "vireo/inspect.h"
#include <stdio.h>

static const char *const verdicts[] = {"passed", "failed", "not_applicable", "not_tried"};
enum { N_VERDICTS = sizeof verdicts / sizeof *verdicts };

static void count(const vireo_selftest *t, size_t of[N_VERDICTS])
{
    const vireo_selftest_result *r;
    for (size_t i = 0; i < N_VERDICTS; i++)
        of[i] = 0;
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++)
        of[r->verdict]++;
}

static void write_json(vr_json_out *j, const vireo_device_info *d, const vireo_selftest *t)
{
    const vireo_selftest_result *r;
    size_t of[N_VERDICTS];
    count(t, of);
    vr_out_begin(j, NULL, '{');
    vr_out_text(j, "device", d->name);
    vr_out_text(j, "uuid", d->uuid);
    vr_out_text(j, "driver", d->driver);
    vr_out_text(j, "driver_info", d->driver_info);
    vr_out_uint(j, "driver_version", d->driver_version);
    for (size_t i = 0; i < N_VERDICTS; i++)
        vr_out_uint(j, verdicts[i], of[i]);
    vr_out_begin(j, "checks", '[');
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++) {
        vr_out_begin(j, NULL, '{');
        vr_out_text(j, "op", r->op);
        vr_out_text(j, "kernel", r->kernel);
        vr_out_text(j, "verdict", verdicts[r->verdict]);
        vr_out_text(j, "reason", r->reason);
        vr_out_uint(j, "cases", r->cases);
        vr_out_number(j, "nmse", r->nmse);
        vr_out_number(j, "error", r->error);
        vr_out_number(j, "ms", r->ms);
        vr_out_text(j, "report", r->report_path);
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static void write_table(vr_str *s, const vireo_selftest *t)
{
    static const vr_column columns[] = {
        {.title = "op"},
        {.title = "kernel"},
        {.title = "verdict"},
        {.title = "cases", .right = true},
        {.title = "nmse", .right = true},
        {.title = "error", .right = true},
        {.title = "ms", .right = true},
        {.title = "reason", .shrinks = true},
    };
    const vireo_selftest_result *r;
    vr_table table;
    vr_table_init(&table, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++) {
        vr_table_add(&table, r->op);
        vr_table_add(&table, r->kernel);
        vr_table_add(&table, verdicts[r->verdict]);
        vr_table_addf(&table, "%zu", r->cases);
        vr_table_addf(&table, "%.1e", r->nmse);
        vr_table_addf(&table, "%.1e", r->error);
        vr_table_addf(&table, "%.0f", r->ms);
        vr_table_add(&table, r->reason);
    }
    vr_table_write(&table, vr_terminal_width(), s);
    vr_table_deinit(&table);
}

/* What to do about those that failed. */
static int conclude(const vireo_device_info *d, const vireo_selftest *t)
{
    const vireo_selftest_result *r;
    size_t of[N_VERDICTS];
    count(t, of);
    for (size_t i = 0; (r = vireo_selftest_get(t, i)); i++) {
        if (r->verdict != VIREO_VERDICT_FAILED)
            continue;
        vr_cli_note("%s/%s failed: %s", r->op, r->kernel, r->reason);
        if (r->report_path)
            vr_cli_note("next: report it with %s", r->report_path);
        else
            fprintf(stderr, "%s", r->report);
    }
    if (of[VIREO_VERDICT_FAILED])
        vr_cli_note("%zu of %zu kernels failed; on %s others take their place, where there are any",
                    of[VIREO_VERDICT_FAILED], of[VIREO_VERDICT_FAILED] + of[VIREO_VERDICT_PASSED],
                    d->name);
    if (of[VIREO_VERDICT_NOT_TRIED])
        vr_cli_note(
            "%zu kernels were not tried; next: run it again, what lost the device is left out",
            of[VIREO_VERDICT_NOT_TRIED]);
    return of[VIREO_VERDICT_FAILED] || of[VIREO_VERDICT_NOT_TRIED] ? VR_EXIT_FAILED : VR_EXIT_OK;
}

int vr_devices_check(vr_cli *cli, const char *op, bool json)
{
    vr_engine e = {0};
    vireo_selftest *t = NULL;
    vireo_selftest_options options = VIREO_OPTIONS(vireo_selftest_options);
    vr_json_out j;
    options.progress = vr_progress;
    options.op = op;
    vr_out_init(&j);
    int status = vr_engine_open_device(&e, cli);
    if (!status) {
        vireo_status st = vireo_selftest_run(e.device, &options, &t, &e.error);
        status = st ? vr_engine_fail(&e, st, NULL) : 0;
    }
    if (!status) {
        const vireo_device_info *d = vireo_device_get_info(e.device);
        if (json)
            write_json(&j, d, t);
        else
            write_table(&j.text, t);
        status = vr_cli_print(cli, &j.text);
        status = status ? status : conclude(d, t);
    }
    vr_out_deinit(&j);
    vireo_selftest_destroy(&t);
    return vr_engine_close(&e, status);
}
