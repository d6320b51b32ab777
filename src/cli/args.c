/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/args.h"
#include "base/alloc.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char letters_and_digits[] =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
enum { NAME_MAX_LENGTH = 64, HELP_WIDTH = 80 };

int vr_usage_error(const vr_command *command, const char *format, ...)
{
    va_list args;
    fprintf(stderr, "vireo%s%s: ", command ? " " : "", command ? command->name : "");
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\nSee: vireo %s%s--help\n", command ? command->name : "", command ? " " : "");
    return 2;
}

/* Levenshtein's distance with exchanges of neighbours (Damerau 1964), by rows. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NAME_MAX_LENGTH + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > NAME_MAX_LENGTH || m > NAME_MAX_LENGTH)
        return SIZE_MAX;
    for (size_t j = 0; j <= m; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *two = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[n % 3][m];
}

const char *vr_nearest(const char *text, const char *const *names, size_t n)
{
    const char *nearest = n ? names[0] : NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        size_t d = distance(text, names[i]);
        if (d < least) {
            least = d;
            nearest = names[i];
        }
    }
    return nearest;
}

/* Whether arg is the option's name, alone or with =VALUE. */
static bool matches(const vr_option *option, const char *arg)
{
    size_t n = strlen(option->name);
    return strncmp(arg, option->name, n) == 0 && (arg[n] == '\0' || arg[n] == '=');
}

static const vr_option *find(const vr_option *options, size_t n, const char *arg)
{
    for (size_t i = 0; i < n; i++)
        if (matches(&options[i], arg))
            return &options[i];
    return NULL;
}

static int unknown_option(const vr_command *command, const vr_option *global, size_t n_global,
                          const char *arg)
{
    const char *names[64];
    char name[NAME_MAX_LENGTH + 1];
    size_t n = 0;
    for (size_t i = 0; command && i < command->n_options && n < 32; i++)
        names[n++] = command->options[i].name;
    for (size_t i = 0; i < n_global && n < 48; i++)
        names[n++] = global[i].name;
    names[n++] = "--help";
    if (!command)
        names[n++] = "--version";
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
    return vr_usage_error(command, "unknown option %s; the nearest is %s", name,
                          vr_nearest(name, names, n));
}

/* The first `length` characters, all of them digits: a number of `unit` each, from min to max. */
static bool read_number(const vr_option *o, const char *value, size_t length, uint32_t unit,
                        uint32_t *target)
{
    errno = 0;
    const unsigned long long number = strtoull(value, NULL, 10);
    if (length == 0 || strspn(value, "0123456789") != length || errno == ERANGE || number > o->max / unit ||
        number * unit < o->min)
        return false;
    *target = (uint32_t)number * unit;
    return true;
}

static int set_number(const vr_command *command, const vr_option *o, const char *value,
                      uint32_t *target)
{
    if (read_number(o, value, strlen(value), 1, target))
        return 0;
    return vr_usage_error(command, "%s is \"%s\"; allowed: a whole number from %u to %u", o->name, value,
                          o->min, o->max);
}

static int set_seconds(const vr_command *command, const vr_option *o, const char *value,
                       uint32_t *target)
{
    const size_t length = strspn(value, "0123456789");
    const char *unit = value + length;
    if ((!*unit || !strcmp(unit, "s") || !strcmp(unit, "m")) &&
        read_number(o, value, length, *unit == 'm' ? 60 : 1, target))
        return 0;
    return vr_usage_error(command,
                          "%s is \"%s\"; allowed: a whole number of seconds from %u to %u, as 90, 90s "
                          "or, of minutes, 2m%s%s",
                          o->name, value, o->min, o->max, o->why ? "; " : "", o->why ? o->why : "");
}

static int set_choice(const vr_command *command, const vr_option *o, const char *value,
                      uint32_t *target)
{
    size_t length = strlen(value);
    const char *word = o->choices;
    for (uint32_t i = 0; *word; i++) {
        size_t n = strcspn(word, " ");
        if (length == n && strncmp(word, value, n) == 0) {
            *target = i;
            return 0;
        }
        word += n;
        word += *word == ' ';
    }
    return vr_usage_error(command, "%s is \"%s\"; allowed: %s", o->name, value, o->choices);
}

static int set_value(const vr_command *command, const vr_option *o, const char *value, void *base)
{
    void *target = (char *)base + o->target;
    if (o->kind != VR_OPTION_FLAG && *value == '\0')
        return vr_usage_error(command, "%s needs a value that is not empty (%s)", o->name,
                              o->value);
    switch (o->kind) {
    case VR_OPTION_FLAG:
        *(bool *)target = true;
        return 0;
    case VR_OPTION_TEXT:
    case VR_OPTION_MAYBE:
        *(const char **)target = value;
        return 0;
    case VR_OPTION_LIST: {
        vr_list *list = target;
        if (!vr_grow(NULL, (void **)&list->values, &list->capacity, list->count + 1,
                     sizeof *list->values)) {
            fprintf(stderr, "vireo: out of memory: %s\n", o->name);
            return 1;
        }
        list->values[list->count++] = value;
        return 0;
    }
    case VR_OPTION_NUMBER:
        return set_number(command, o, value, target);
    case VR_OPTION_SECONDS:
        return set_seconds(command, o, value, target);
    case VR_OPTION_CHOICE:
        return set_choice(command, o, value, target);
    }
    return 0;
}

typedef struct globals {
    const vr_option *options;
    size_t n;
    void *target;
} globals;

/* "--model --input x" lacks a model; a value of such a name is written --model=--input. */
static bool looks_like_option(const vr_command *command, const globals *g, const char *value)
{
    return value[0] == '-' &&
           (value[1] == '-' || !strcmp(value, "-h") || find(g->options, g->n, value) ||
            (command && find(command->options, command->n_options, value)));
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* One word with an extension: a point, a letter and up to three more of these or digits. */
static bool looks_like_file(const char *text)
{
    const char *point = strrchr(text, '.');
    const size_t n = point ? strlen(point + 1) : 0;
    return n >= 1 && n <= 4 && point > text && !strpbrk(text, " \t\n") &&
           strspn(point + 1, letters_and_digits) == n && !strchr("0123456789", point[1]);
}

/* One option at argv[*at] with its value, which may be the next argument. */
static int take(const vr_command *command, const globals *g, const vr_option *o, void *target,
                int argc, char **argv, int *at)
{
    const char *value = strchr(argv[*at], '=');
    if (o->kind == VR_OPTION_FLAG) {
        if (value)
            return vr_usage_error(command, "%s takes no value, found \"%s\"", o->name, value + 1);
    } else if (value) {
        value++;
    } else if (o->kind == VR_OPTION_MAYBE &&
               (*at + 1 >= argc || !ends_with(argv[*at + 1], o->choices) ||
                looks_like_option(command, g, argv[*at + 1]))) {
        const char *next = *at + 1 < argc ? argv[*at + 1] : "";
        if (looks_like_file(next) && !looks_like_option(command, g, next))
            return vr_usage_error(command,
                                  "%s takes \"%s\" for its file only if the name ends in %s; write "
                                  "%s=%s, or \"%s -- %s\" if it is none",
                                  o->name, next, o->choices, o->name, next, o->name, next);
        *(const char **)((char *)target + o->target) = "";
        return 0;
    } else {
        value = *at + 1 < argc ? argv[*at + 1] : NULL;
        if (!value || looks_like_option(command, g, value))
            return vr_usage_error(command, "%s needs a value (%s)", o->name, o->value);
        ++*at;
    }
    return set_value(command, o, value, target);
}

static bool is_option(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

int vr_args_parse_leading(const vr_option *global, size_t n, void *target, int argc, char **argv,
                          int *used, bool *help, bool *version)
{
    const globals g = {global, n, target};
    int i = 0, status = 0;
    for (; i < argc && is_option(argv[i]) && !status; i++) {
        const vr_option *o = find(global, n, argv[i]);
        if (o)
            status = take(NULL, &g, o, target, argc, argv, &i);
        else if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
            *help = true;
        else if (!strcmp(argv[i], "--version"))
            *version = true;
        else
            status = unknown_option(NULL, global, n, argv[i]);
    }
    *used = i;
    return status;
}

/* The option of the group that stands at `at` in its text; moves `at` on. */
static size_t next_of_group(const vr_command *command, const char **at)
{
    size_t length = strcspn(*at, " "), i = 0;
    while (i < command->n_options && (strlen(command->options[i].name) != length ||
                                      strncmp(command->options[i].name, *at, length) != 0))
        i++;
    *at += length;
    *at += **at == ' ';
    return i;
}

static int check_given(const vr_command *command, uint64_t given)
{
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].required && !(given >> i & 1))
            return vr_usage_error(command, "%s %s is needed", command->options[i].name,
                                  command->options[i].value);
    for (size_t g = 0; g < command->n_groups; g++) {
        const vr_option *first = NULL;
        for (const char *at = command->groups[g].names; *at;) {
            size_t i = next_of_group(command, &at);
            if (!(given >> i & 1))
                continue;
            if (first)
                return vr_usage_error(command, "%s and %s cannot be used together", first->name,
                                      command->options[i].name);
            first = &command->options[i];
        }
        if (!first && command->groups[g].required)
            return vr_usage_error(command, "one of %s is needed", command->groups[g].names);
    }
    return 0;
}

static int check_operands(const vr_command *command, const vr_parsed *p)
{
    if (p->n_operands > 0 && command->max_operands == 0)
        return vr_usage_error(command, "unexpected argument \"%s\"", p->operands[0]);
    if (p->n_operands > command->max_operands)
        return vr_usage_error(command, "unexpected argument \"%s\" after \"%s\"",
                              p->operands[command->max_operands],
                              p->operands[command->max_operands - 1]);
    if (p->n_operands < command->min_operands)
        return vr_usage_error(command, "%s is needed", command->operand);
    return 0;
}

int vr_args_parse(const vr_command *command, void *target, const vr_option *global, size_t n_global,
                  void *global_target, int argc, char **argv, vr_parsed *out)
{
    const globals g = {global, n_global, global_target};
    vr_parsed p = {.operands = argv};
    bool options = true;
    for (int i = 0; i < argc; i++) {
        char *arg = argv[i];
        const vr_option *o;
        int status = 0;
        if (!options || !is_option(arg)) {
            argv[p.n_operands++] = arg;
        } else if (!strcmp(arg, "--")) {
            options = false;
        } else if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
            *out = (vr_parsed){.help = true};
            return 0;
        } else if ((o = find(command->options, command->n_options, arg))) {
            p.given |= UINT64_C(1) << (o - command->options);
            status = take(command, &g, o, target, argc, argv, &i);
        } else if ((o = find(global, n_global, arg))) {
            status = take(command, &g, o, g.target, argc, argv, &i);
        } else {
            status = unknown_option(command, global, n_global, arg);
        }
        if (status)
            return status;
    }
    int status = check_given(command, p.given);
    if (!status)
        status = check_operands(command, &p);
    if (!status)
        *out = p;
    return status;
}

void vr_args_free(const vr_command *command, void *target)
{
    for (size_t i = 0; i < command->n_options; i++)
        if (command->options[i].kind == VR_OPTION_LIST) {
            vr_list *list = (vr_list *)((char *)target + command->options[i].target);
            vr_free(NULL, (void *)list->values);
            *list = (vr_list){0};
        }
}

void vr_print_entry(FILE *to, int column, const char *left, const char *text)
{
    int at = fprintf(to, "  %s", left), length;
    for (const char *word = text; *word; word += length + (word[length] == ' ')) {
        length = (int)strcspn(word, " ");
        if (at >= column && (word == text || at + 1 + length > HELP_WIDTH)) {
            fprintf(to, "\n");
            at = 0;
        }
        at += fprintf(to, "%*s%.*s", at < column ? column - at : 1, "", length, word);
    }
    fprintf(to, "\n");
}

void vr_print_options(const vr_option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char left[128];
        snprintf(left, sizeof left, "%s%s%s", options[i].name, options[i].value ? " " : "",
                 options[i].value ? options[i].value : "");
        vr_print_entry(stdout, VR_HELP_COLUMN, left, options[i].help);
    }
}

void vr_print_help(const vr_command *command, const vr_option *global, size_t n_global)
{
    const int used = printf("usage: vireo %s%s", command->name, command->n_options ? " [options]" : "");
    if (command->operand)
        printf("%s %s", used + 1 + (int)strlen(command->operand) > HELP_WIDTH ? "\n      " : "",
               command->operand);
    printf("\n%s.\n", command->summary);
    printf("\noptions:\n");
    vr_print_options(command->options, command->n_options);
    vr_print_options(global, n_global);
    vr_print_entry(stdout, VR_HELP_COLUMN, "--help", "this page");
    if (command->notes)
        printf("\n%s\n", command->notes);
    printf("\nexamples:\n");
    for (const char *const *e = command->examples; *e; e++)
        printf("  %s\n", *e);
}
