/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"
#include "cli/devices_check.h"
#include "cli/engine.h"
#include "cli/json_out.h"
#include "cli/table.h"
#include "vireo/inspect.h"
#include <stdio.h>
#include <string.h>

typedef struct devices_args {
    bool check, json;
    const char *op;
} devices_args;

static const char *const types[] = {"discrete", "integrated", "virtual", "cpu", "other"};

static void write_limits(vr_json_out *j, const vireo_device_info *d)
{
    vr_out_uint(j, "memory_bytes", d->memory_bytes);
    vr_out_uint(j, "max_allocation_bytes", d->max_allocation_bytes);
    vr_out_uint(j, "max_storage_binding_bytes", d->max_storage_binding_bytes);
    vr_out_uint(j, "max_texel_elements", d->max_texel_elements);
    vr_out_uint(j, "texel_offset_alignment", d->texel_offset_alignment);
    vr_out_uint(j, "max_workgroup_invocations", d->max_workgroup_invocations);
    vr_out_uint(j, "max_storage_bindings", d->max_storage_bindings);
    vr_out_uint(j, "max_loop_iterations", d->max_loop_iterations);
    vr_out_bool(j, "costly_texel_fetch", d->costly_texel_fetch);
    vr_out_uint(j, "max_shared_bytes", d->max_shared_bytes);
    vr_out_uint(j, "max_push_bytes", d->max_push_bytes);
    vr_out_uint(j, "subgroup_size", d->subgroup_size);
    vr_out_bool(j, "subgroup_arithmetic", d->subgroup_arithmetic);
    vr_out_bool(j, "subgroup_ballot", d->subgroup_ballot);
    vr_out_bool(j, "subgroup_shuffle", d->subgroup_shuffle);
    vr_out_bool(j, "storage_16bit", d->storage_16bit);
    vr_out_bool(j, "float16", d->float16);
    vr_out_bool(j, "int8_dot", d->int8_dot);
}

static void write_json(vr_json_out *j, const vireo_device_info *devices, size_t n)
{
    vr_out_begin(j, NULL, '{');
    vr_out_begin(j, "devices", '[');
    for (size_t i = 0; i < n; i++) {
        const vireo_device_info *d = &devices[i];
        vr_out_begin(j, NULL, '{');
        vr_out_uint(j, "index", d->index);
        vr_out_text(j, "name", d->name);
        vr_out_text(j, "type", types[d->type]);
        vr_out_text(j, "driver", d->driver);
        vr_out_text(j, "driver_info", d->driver_info);
        vr_out_text(j, "uuid", d->uuid);
        vr_out_text(j, "api_version", vr_api_version(d).text);
        vr_out_uint(j, "driver_version", d->driver_version);
        vr_out_uint(j, "vendor_id", d->vendor_id);
        vr_out_uint(j, "device_id", d->device_id);
        write_limits(j, d);
        vr_out_text(j, "tier", d->tier);
        vr_out_bool(j, "usable", d->usable);
        vr_out_text(j, "why_not", d->why_not);
        vr_out_end(j, '}');
    }
    vr_out_end(j, ']');
    vr_out_end(j, '}');
    vr_out_line(j);
}

static const char *yes(bool value)
{
    return value ? "yes" : "no";
}

static double mib(uint64_t bytes)
{
    return (double)bytes / (1 << 20);
}

/* For reading: a block a device. */
static void write_blocks(vr_str *s, const vireo_device_info *devices, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const vireo_device_info *d = &devices[i];
        vr_str_addf(s, "%u  %s%s%s%s\n", d->index, d->name, d->usable ? "" : "\n   UNUSABLE  ",
                    d->usable ? "" : d->why_not, "");
        vr_str_addf(s, "   type      %s, tier %s\n", types[d->type], d->tier);
        vr_str_addf(s, "   driver    %s%s%s, Vulkan %s\n", d->driver, vr_gap(d->driver_info),
                    d->driver_info, vr_api_version(d).text);
        vr_str_addf(s, "   uuid      %s\n", d->uuid);
        vr_str_addf(s, "   memory    %.0f MiB; an allocation ≤ %.0f MiB, a binding ≤ %.0f MiB\n",
                    mib(d->memory_bytes), mib(d->max_allocation_bytes),
                    mib(d->max_storage_binding_bytes));
        vr_str_addf(s, "   limits    workgroup %u, shared %u B, push %u B, texel view %u\n",
                    d->max_workgroup_invocations, d->max_shared_bytes, d->max_push_bytes,
                    d->max_texel_elements);
        vr_str_addf(s,
                    "   features  subgroup %u: arithmetic %s, ballot %s; 16-bit storage %s;\n"
                    "             float16 %s, int8 dot product %s\n",
                    d->subgroup_size, yes(d->subgroup_arithmetic), yes(d->subgroup_ballot),
                    yes(d->storage_16bit), yes(d->float16), yes(d->int8_dot));
    }
}

/* For programs without JSON: a line a device. */
static void write_lines(vr_str *s, const vireo_device_info *devices, size_t n)
{
    static const vr_column columns[] = {
        {.title = "index"}, {.title = "name"}, {.title = "type"},   {.title = "driver"},
        {.title = "tier"},  {.title = "uuid"}, {.title = "usable"}, {.title = "why_not"},
    };
    vr_table t;
    vr_table_init(&t, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < n; i++) {
        const vireo_device_info *d = &devices[i];
        vr_table_addf(&t, "%u", d->index);
        vr_table_add(&t, d->name);
        vr_table_add(&t, types[d->type]);
        vr_table_addf(&t, "%s%s%s", d->driver, vr_gap(d->driver_info), d->driver_info);
        vr_table_add(&t, d->tier);
        vr_table_add(&t, d->uuid);
        vr_table_add(&t, yes(d->usable));
        vr_table_add(&t, d->why_not);
    }
    vr_table_write(&t, 0, s);
    vr_table_deinit(&t);
}

static int refuse_op(const vr_cli *cli, const devices_args *args)
{
    const char *names[64];
    size_t n = 0;
    if (!args->check)
        return vr_usage_error(cli->command, "--op needs --check");
    for (; n < sizeof names / sizeof *names && vireo_op_name(n); n++) {
        names[n] = vireo_op_name(n);
        if (strcmp(names[n], args->op) == 0)
            return VR_EXIT_OK;
    }
    return vr_usage_error(cli->command, "--op: no op is named \"%s\"; the nearest is %s", args->op,
                          vr_nearest(args->op, names, n));
}

static int run(vr_cli *cli, void *data, char **operands, size_t n_operands)
{
    const devices_args *args = data;
    vireo_device_options options = VIREO_OPTIONS(vireo_device_options);
    vireo_device_info *devices = NULL;
    vireo_error err = {0};
    vr_json_out j;
    size_t n = 0;
    bool usable = false;
    (void)operands;
    (void)n_operands;
    if (args->op && refuse_op(cli, args))
        return VR_EXIT_USAGE;
    if (args->check)
        return vr_devices_check(cli, args->op, args->json);
    options.log = vr_cli_log;
    options.log_level = cli->log_level;
    vireo_status st = vireo_device_list(&options, &devices, &n, &err);
    vr_out_init(&j);
    if (args->json)
        write_json(&j, devices, st ? 0 : n);
    else if (!st && vr_terminal_width())
        write_blocks(&j.text, devices, n);
    else if (!st)
        write_lines(&j.text, devices, n);
    int status = j.text.length ? vr_cli_print(cli, &j.text) : VR_EXIT_OK;
    for (size_t i = 0; i < n && !st; i++)
        usable = usable || devices[i].usable;
    if (!status && st)
        status = vr_cli_fail(cli, st, &err, NULL);
    else if (!status && !usable) {
        vr_cli_note("no usable device: install mesa-vulkan-drivers (GPUs and the CPU driver "
                    "lavapipe) or your GPU vendor's driver");
        status = VR_EXIT_NO_DEVICE;
    }
    vr_out_deinit(&j);
    vireo_device_list_free(&devices);
    return status;
}

static const vr_option options[] = {
    {.name = "--check",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(devices_args, check),
     .help = "tests every kernel on the device of --device; what fails is not used there"},
    {.name = "--op",
     .value = "NAME",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(devices_args, op),
     .help = "with --check: the kernels of this op alone"},
    {.name = "--json",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(devices_args, json),
     .help = "JSON on standard output"},
};
static const char *const examples[] = {"vireo devices", "vireo devices --check --device 0",
                                       "vireo devices --check --op matmul --json", NULL};

const vr_command vr_command_devices = {
    .name = "devices",
    .summary = "Lists every Vulkan device: driver, limits, features, why one is unusable",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .bytes = sizeof(devices_args),
    .examples = examples,
    .notes = "JSON: {\"devices\": [{index, name, type, driver, ..., tier, usable, why_not}]};\n"
             "with --check {device, ..., passed, failed, ...,\n"
             "  \"checks\": [{op, kernel, verdict, ...}]}",
    .uses_device = true,
    .run = run,
};
