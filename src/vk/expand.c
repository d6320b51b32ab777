/* SPDX-License-Identifier: Apache-2.0
 * #line with a file name (GL_GOOGLE_cpp_style_line_directive) lets the compiler's messages name the
 * place in the text as it was written. */
#include "base/str.h"
#include "vk/compiler.h"
#include <string.h>

#define MAX_DEPTH 8
#define MAX_INCLUDES 64

typedef struct expansion {
    vr_str out;
    const char *program; /* name of the whole, for messages */
    vr_include_fn include;
    const char *seen[MAX_INCLUDES]; /* texts included so far: a text is a file */
    size_t n_seen;
    vireo_error *err;
} expansion;

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t");
}

/* Whether line is `#word` in the loose spelling of preprocessors; *rest: what follows. */
static bool is_directive(const char *line, const char *word, const char **rest)
{
    const char *p = skip_blanks(line);
    if (*p != '#')
        return false;
    p = skip_blanks(p + 1);
    size_t n = strlen(word);
    if (strncmp(p, word, n) != 0 || !strchr(" \t\"\r\n", p[n]))
        return false;
    *rest = skip_blanks(p + n);
    return true;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');
    return end ? end + 1 : line + strlen(line);
}

static void add_line(expansion *e, const char *line)
{
    size_t n = (size_t)(next_line(line) - line);
    vr_str_add_n(&e->out, line, n);
    if (n == 0 || line[n - 1] != '\n')
        vr_str_add(&e->out, "\n");
}

static vireo_status add_text(expansion *e, const char *name, const char *text, unsigned first,
                             unsigned depth);

static vireo_status add_include(expansion *e, const char *file, unsigned line, const char *quoted,
                                unsigned depth)
{
    char name[128];
    size_t n = strcspn(quoted, "\"\r\n");
    if (quoted[n] != '"' || n == 0 || n >= sizeof name)
        return vr_fail(e->err, VIREO_ERROR_SHADER, "shader %s: %s:%u: malformed #include",
                       e->program, file, line);
    memcpy(name, quoted, n);
    name[n] = '\0';
    const char *text = e->include ? e->include(name) : NULL;
    if (!text)
        return vr_fail(e->err, VIREO_ERROR_SHADER, "shader %s: %s:%u: no shader text \"%s\"",
                       e->program, file, line, name);
    for (size_t i = 0; i < e->n_seen; i++)
        if (e->seen[i] == text) {
            vr_str_add(&e->out, "\n"); /* in its place, so that lines keep their numbers */
            return VIREO_OK;
        }
    if (depth == MAX_DEPTH || e->n_seen == MAX_INCLUDES)
        return vr_fail(e->err, VIREO_ERROR_SHADER,
                       "shader %s: %s:%u: #include \"%s\": at most %d files, %d deep", e->program,
                       file, line, name, MAX_INCLUDES, MAX_DEPTH);
    e->seen[e->n_seen++] = text;
    vr_str_addf(&e->out, "#line 1 \"%s\"\n", name);
    vireo_status st = add_text(e, name, text, 1, depth + 1);
    vr_str_addf(&e->out, "#line %u \"%s\"\n", line + 1, file);
    return st;
}

static vireo_status add_text(expansion *e, const char *name, const char *text, unsigned first,
                             unsigned depth)
{
    unsigned number = first;
    const char *rest;
    for (const char *line = text; *line; line = next_line(line), number++) {
        if (!is_directive(line, "include", &rest) || *rest != '"') {
            add_line(e, line);
            continue;
        }
        vireo_status st = add_include(e, name, number, rest + 1, depth);
        if (st)
            return st;
    }
    return VIREO_OK;
}

static vireo_status expand(expansion *e, const char *source, const char *defines)
{
    const char *rest, *line = source;
    unsigned number = 1;
    for (; *line && !is_directive(line, "version", &rest); line = next_line(line), number++)
        add_line(e, line);
    if (!*line)
        return vr_fail(e->err, VIREO_ERROR_SHADER, "shader %s: no #version line", e->program);
    add_line(e, line);
    vr_str_add(&e->out, "#extension GL_GOOGLE_cpp_style_line_directive : require\n");
    vr_str_add(&e->out, "#line 1 \"defines\"\n");
    vr_str_add(&e->out, defines);
    if (*defines && defines[strlen(defines) - 1] != '\n')
        vr_str_add(&e->out, "\n");
    vr_str_addf(&e->out, "#line %u \"%s\"\n", number + 1, e->program);
    return add_text(e, e->program, next_line(line), number + 1, 0);
}

vireo_status vr_glsl_expand(const vireo_allocator *a, const char *name, const char *source,
                            const char *defines, vr_include_fn include, char **out,
                            vireo_error *err)
{
    expansion e = {.program = name, .include = include, .err = err};
    if (strpbrk(name, "\"\\\r\n"))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT, "shader name with quotes or line ends");
    vr_str_init(&e.out, a);
    vireo_status st = expand(&e, source, defines ? defines : "");
    char *text = st ? NULL : vr_str_take(&e.out);
    if (!st && !text)
        st = vr_fail_memory(err, "shader text");
    vr_str_deinit(&e.out);
    if (!st)
        *out = text;
    return st;
}
