/* SPDX-License-Identifier: Apache-2.0
 * The program: global options, the command, its exit status. */
#include "cli/cli.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const vr_command *const commands[] = {
    &vr_command_devices, &vr_command_inspect,  &vr_command_tokenize,
    &vr_command_embed,   &vr_command_import,   &vr_command_recommend,
    &vr_command_similar, &vr_command_evaluate, &vr_command_tune, &vr_command_bench,
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const vr_option options[] = {
    {.name = "--device",
     .value = "N|NAME",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(vr_global_options, device),
     .help = "an index, a part of the name or the UUID (the most capable)"},
    {.name = "--cache-dir",
     .value = "DIR",
     .kind = VR_OPTION_TEXT,
     .target = offsetof(vr_global_options, cache_dir),
     .help = "compiled kernels are kept here (~/.cache/vireo)"},
    {.name = "--log",
     .value = "LEVEL",
     .kind = VR_OPTION_CHOICE,
     .target = offsetof(vr_global_options, log),
     .choices = "error warn info debug",
     .help = "error, warn, info or debug (warn)"},
    {.name = "--profile",
     .value = "[FILE.json]",
     .kind = VR_OPTION_MAYBE,
     .choices = ".json",
     .target = offsetof(vr_global_options, profile),
     .help = "time the kernels: a table, or a Chrome trace"},
    {.name = "--deterministic",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(vr_global_options, deterministic),
     .help = "the same kernels for all sizes: the same bits in any batch"},
    {.name = "--no-fuse",
     .kind = VR_OPTION_FLAG,
     .target = offsetof(vr_global_options, no_fuse),
     .help = "run each node of a model's graph by itself"},
};
enum { N_OPTIONS = sizeof options / sizeof *options };

static void print_program_help(void)
{
    printf("usage: vireo [options] COMMAND ...\n"
           "Transformer inference for recommendation on any Vulkan device.\n\ncommands:\n");
    for (size_t i = 0; i < N_COMMANDS; i++)
        vr_print_entry(stdout, 14, commands[i]->name, commands[i]->summary);
    printf("\noptions, before or after the command:\n");
    vr_print_options(options, N_OPTIONS);
    vr_print_entry(stdout, VR_HELP_COLUMN, "--version", "the version and the commit it was built from");
    vr_print_entry(stdout, VR_HELP_COLUMN, "--help", "this page; vireo COMMAND --help: the command's own");
    printf("\nexit status: 0 done, 1 failed, 2 wrong usage, 3 no usable device\n"
           "\nexamples:\n  vireo devices\n"
           "  vireo recommend --store films.db --model minilm --user 196\n");
}

static int find_command(const char *name, const vr_command **out)
{
    const char *names[N_COMMANDS];
    for (size_t i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i]->name;
        if (!strcmp(names[i], name)) {
            *out = commands[i];
            return 0;
        }
    }
    return vr_usage_error(NULL, "unknown command \"%s\"; the nearest is %s", name,
                          vr_nearest(name, names, N_COMMANDS));
}

static int run_command(vr_cli *cli, int argc, char **argv)
{
    const vr_command *c = cli->command;
    vr_parsed parsed = {0};
    void *args = vr_calloc(NULL, 1, c->bytes);
    if (!args) {
        vr_cli_note("out of memory");
        return VR_EXIT_FAILED;
    }
    int status = vr_args_parse(c, args, options, N_OPTIONS, &cli->global, argc, argv, &parsed);
    if (!status && parsed.help) {
        vr_print_help(c, options, N_OPTIONS);
    } else if (!status) {
        cli->given = parsed.given;
        cli->log_level = (vireo_log_level)cli->global.log;
        status = c->run(cli, args, parsed.operands, parsed.n_operands);
        if (cli->global.profile && !c->uses_device && !status)
            vr_cli_note("profile: %s runs nothing on the device", c->name);
    }
    vr_args_free(c, args);
    vr_free(NULL, args);
    return status;
}

static int run(int argc, char **argv)
{
    vr_cli cli = {.global = {.log = VIREO_LOG_WARN}};
    int used = 0;
    bool help = false, version = false;
    int status = vr_args_parse_leading(options, N_OPTIONS, &cli.global, argc - 1, argv + 1, &used,
                                       &help, &version);
    if (status)
        return status;
    if (help || version) {
        if (help)
            print_program_help();
        else
            printf("vireo %s (%s)\n", vireo_version(), vr_commit);
        return VR_EXIT_OK;
    }
    argc -= 1 + used;
    argv += 1 + used;
    if (argc == 0) {
        vr_usage_error(NULL, "a command is needed: devices, inspect, tokenize, embed, import, "
                             "recommend, similar, evaluate, tune or bench");
        return VR_EXIT_USAGE;
    }
    status = find_command(argv[0], &cli.command);
    return status ? status : run_command(&cli, argc - 1, argv + 1);
}

/* A descriptor 0, 1 or 2 that came closed is opened on /dev/null for reading, so that no file of
 * ours takes its place: output to it fails instead of ending up in a store. */
static void fill_descriptors(void)
{
    struct stat info;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fstat(fd, &info) != 0 && errno == EBADF && !fopen("/dev/null", "r"))
            exit(VR_EXIT_FAILED);
}

int main(int argc, char **argv)
{
    fill_descriptors();
    vr_interrupt_install();
    int status = run(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == VR_EXIT_OK) {
        if (errno != EPIPE)
            vr_cli_note("standard output: cannot be written: %s", strerror(errno));
        status = VR_EXIT_FAILED;
    }
    vr_interrupt_finish();
    return status;
}
