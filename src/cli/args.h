/* SPDX-License-Identifier: Apache-2.0
 * Options of a command as a table: parsing, messages and --help all come from it. Options are
 * written
 * --name VALUE or --name=VALUE, the latter if the value begins like an option; "--" ends them. The
 * last of a repeated option counts, except a list. */
#ifndef VR_CLI_ARGS_H
#define VR_CLI_ARGS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { VR_HELP_COLUMN = 26 }; /* where a page of --help says what options are */

typedef enum vr_option_kind {
    VR_OPTION_FLAG,   /* bool; no value */
    VR_OPTION_TEXT,   /* const char *; not empty */
    VR_OPTION_LIST,   /* vr_list; may be repeated */
    VR_OPTION_NUMBER, /* uint32_t from min to max */
    VR_OPTION_SECONDS, /* the same, of seconds; "90", "90s" or, of minutes, "2m" */
    VR_OPTION_CHOICE, /* uint32_t: index of the word in `choices` */
    VR_OPTION_MAYBE,  /* const char *: "" without a value, else =VALUE, or the next argument if it ends
                         with `choices` */
} vr_option_kind;

typedef struct vr_list {
    const char **values; /* (count), owned; the texts are borrowed */
    size_t count, capacity;
} vr_list;

typedef struct vr_option {
    const char *name, *value; /* "--model", "MODEL" (NULL for a flag) */
    vr_option_kind kind;
    size_t target; /* offset of the field in the command's own structure */
    const char *help;
    uint32_t min, max;
    const char *why; /* seconds may not be fewer than min; NULL: that is plain */
    const char *choices; /* words separated by one space */
    bool required;
} vr_option;

/* At most one of these options may be given; with `required`, exactly one. */
typedef struct vr_option_group {
    const char *names; /* separated by one space */
    bool required;
} vr_option_group;

typedef struct vr_cli vr_cli;
typedef struct vr_command {
    const char *name, *summary;
    const char *operand; /* "TEXT…", NULL: takes none */
    size_t min_operands, max_operands;
    const vr_option *options;
    size_t n_options;
    const vr_option_group *groups;
    size_t n_groups;
    size_t bytes;                /* of the structure that options fill; zeroed before */
    const char *const *examples; /* two or more, then NULL */
    bool uses_device;            /* runs something on it, or may */
    const char *notes;           /* further lines of --help, or NULL */
    int (*run)(vr_cli *, void *args, char **operands, size_t n); /* the exit status */
} vr_command;

typedef struct vr_parsed {
    char **operands; /* argv's tail, reordered: operands first */
    size_t n_operands;
    uint64_t given; /* bit i: the command's option i */
    bool help;
} vr_parsed;

/* Parses argv[0..argc) into `target`. `global` are options that every command takes, with fields in
 * `global_target`. On a fault a message is printed to stderr and the exit status 2 returned, else
 * 0. */
int vr_args_parse(const vr_command *, void *target, const vr_option *global, size_t n_global,
                  void *global_target, int argc, char **argv, vr_parsed *out);
/* Only the leading options of argv, up to the first operand; *used: how many were taken. */
int vr_args_parse_leading(const vr_option *global, size_t n, void *target, int argc, char **argv,
                          int *used, bool *help, bool *version);
void vr_args_free(const vr_command *, void *target);

/* Prints "vireo NAME: message" and where to read on; returns 2. command may be NULL. */
int vr_usage_error(const vr_command *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void vr_print_help(const vr_command *, const vr_option *global, size_t n_global);
void vr_print_options(const vr_option *, size_t n);
/* An indented name, and from that column on what it is, in lines of at most 80 bytes. */
void vr_print_entry(FILE *to, int column, const char *left, const char *text);
/* The name nearest to `text` by edit distance; names[i] of n; NULL if n is 0. */
const char *vr_nearest(const char *text, const char *const *names, size_t n);
#endif
