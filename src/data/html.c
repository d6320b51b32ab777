/* SPDX-License-Identifier: Apache-2.0
 * The parser is Gumbo (HTML living standard, section "Parsing"). It does not check its allocations,
 * so it gets an arena that leaves by longjmp when memory is exhausted; this also spares its
 * recursive clean-up. */
#include "data/html.h"
#include "base/arena.h"
#include <gumbo.h>
#include <setjmp.h>
#include <string.h>

typedef struct parse {
    vr_arena arena;
    jmp_buf exhausted;
} parse;

static void *take(void *user, size_t bytes)
{
    parse *p = user;
    void *memory = vr_arena_alloc(&p->arena, bytes);
    if (!memory)
        longjmp(p->exhausted, 1);
    return memory;
}

static void keep(void *user, void *memory)
{
    (void)user;
    (void)memory;
}

static bool is_inline(GumboTag tag)
{
    static const GumboTag tags[] = {
        GUMBO_TAG_A,      GUMBO_TAG_ABBR,    GUMBO_TAG_B,    GUMBO_TAG_BDI,  GUMBO_TAG_BDO,
        GUMBO_TAG_CITE,   GUMBO_TAG_CODE,    GUMBO_TAG_DATA, GUMBO_TAG_DEL,  GUMBO_TAG_DFN,
        GUMBO_TAG_EM,     GUMBO_TAG_FONT,    GUMBO_TAG_I,    GUMBO_TAG_INS,  GUMBO_TAG_KBD,
        GUMBO_TAG_MARK,   GUMBO_TAG_Q,       GUMBO_TAG_S,    GUMBO_TAG_SAMP, GUMBO_TAG_SMALL,
        GUMBO_TAG_SPAN,   GUMBO_TAG_STRONG,  GUMBO_TAG_SUB,  GUMBO_TAG_SUP,  GUMBO_TAG_TIME,
        GUMBO_TAG_TT,     GUMBO_TAG_U,       GUMBO_TAG_VAR,  GUMBO_TAG_WBR,  GUMBO_TAG_BIG,
        GUMBO_TAG_STRIKE, GUMBO_TAG_UNKNOWN,
    };
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (tags[i] == tag)
            return true;
    return false;
}

/* Depth is at most VR_HTML_MAX_TAGS and the few elements every document has. */
static void add_text(const GumboNode *node, vr_str *out)
{
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_CDATA ||
        node->type == GUMBO_NODE_WHITESPACE) {
        vr_str_add(out, node->v.text.text);
        return;
    }
    if (node->type != GUMBO_NODE_ELEMENT)
        return;
    GumboTag tag = node->v.element.tag;
    if (tag == GUMBO_TAG_SCRIPT || tag == GUMBO_TAG_STYLE)
        return;
    if (!is_inline(tag))
        vr_str_add_n(out, " ", 1);
    for (unsigned i = 0; i < node->v.element.children.length; i++)
        add_text(node->v.element.children.data[i], out);
    if (!is_inline(tag))
        vr_str_add_n(out, " ", 1);
}

/* The text with every '<' that nothing closes written as an entity. NULL: exhausted. */
static char *escape_open(vr_arena *arena, const char *html, size_t length, size_t *escaped)
{
    size_t closed = length, n = 0;
    while (closed > 0 && html[closed - 1] != '>')
        closed--;
    char *copy = vr_arena_array(arena, length + 1, 4);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < length; i++) {
        if (html[i] == '<' && i >= closed) {
            memcpy(copy + n, "&lt;", 4);
            n += 4;
        } else {
            copy[n++] = html[i];
        }
    }
    *escaped = n;
    return copy;
}

bool vr_html_text(const char *html, size_t length, vr_str *out)
{
    size_t tags = 0;
    for (size_t i = 0; i < length; i++)
        tags += html[i] == '<';
    if (tags > VR_HTML_MAX_TAGS) {
        vr_str_add_n(out, html, length);
        return !out->failed;
    }
    parse p;
    vr_arena_init(&p.arena, out->allocator);
    if (setjmp(p.exhausted)) {
        vr_arena_deinit(&p.arena);
        return false;
    }
    size_t n = 0;
    char *text = escape_open(&p.arena, html, length, &n);
    if (!text)
        longjmp(p.exhausted, 1);
    GumboOptions options = kGumboDefaultOptions;
    options.allocator = take;
    options.deallocator = keep;
    options.userdata = &p;
    options.max_errors = 0;
    GumboOutput *tree = gumbo_parse_with_options(&options, text, n);
    add_text(tree->root, out);
    vr_arena_deinit(&p.arena);
    return !out->failed;
}
