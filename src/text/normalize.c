/* SPDX-License-Identifier: Apache-2.0
 * A pipeline of code points: clean, split ideographs, decompose and strip, lower. Each stage hands
 * its results to the next at once, as none looks back, except the canonical ordering of marks. */
#include "text/normalize.h"
#include "text/unicode_tables.h"
#include <string.h>
#include <utf8proc.h>

#define REPLACEMENT 0xFFFDu

typedef struct mark {
    uint32_t code;
    uint8_t combining_class;
} mark;

typedef struct pipeline {
    const vr_normalizer *options;
    vr_str *out;
    mark *marks; /* those since the last starter, not yet ordered; second half: room for sorting */
    size_t n_marks, capacity;
} pipeline;

static bool in_set(const vr_code_set *set, uint32_t c)
{
    size_t low = 0, high = set->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > set->ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < set->count && c >= set->ranges[low].first;
}

bool vr_is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == ' ' || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

/* Alphabetic + M + Nd + Pc + Join_Control. Other_Alphabetic outside M: circled and squared letters.
 */
bool vr_is_word_letter(uint32_t c)
{
    if (c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) ||
        (c >= 0x1F130 && c <= 0x1F149) || (c >= 0x1F150 && c <= 0x1F169) ||
        (c >= 0x1F170 && c <= 0x1F189))
        return true;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    default:
        return false;
    }
}

/* The blocks that BERT calls Chinese; 2B820-2B91F (a part of extension E) is not among them. */
static bool is_chinese(uint32_t c)
{
    return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) ||
           (c >= 0x20000 && c <= 0x2A6DF) || (c >= 0x2A700 && c <= 0x2B81F) ||
           (c >= 0x2B920 && c <= 0x2CEAF) || (c >= 0xF900 && c <= 0xFAFF) ||
           (c >= 0x2F800 && c <= 0x2FA1F);
}

static void put(pipeline *p, uint32_t c)
{
    char bytes[4];
    vr_str_add_n(p->out, bytes, vr_utf8_encode(c, bytes));
}

static void lower(pipeline *p, uint32_t c)
{
    if (!p->options->lowercase) {
        put(p, c);
    } else if (c < 0x80) {
        put(p, c >= 'A' && c <= 'Z' ? c + 32 : c);
    } else if (c == 0x130) { /* the only one whose full lower case is two code points */
        put(p, 'i');
        put(p, 0x307);
    } else {
        for (size_t i = 0; i < vr_unicode_lower_count; i++) {
            const vr_code_shift *s = &vr_unicode_lower[i];
            if (c >= s->first && c <= s->last) {
                put(p, (uint32_t)((int32_t)c + s->shift));
                return;
            }
        }
        put(p, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
    }
}

/* Canonical ordering is a stable sort by combining class (Unicode, D109). By counting: a text may
 * be nothing but marks. */
static void flush_marks(pipeline *p)
{
    if (p->n_marks > 1) {
        size_t starts[257] = {0};
        mark *sorted = p->marks + p->capacity / 2;
        for (size_t i = 0; i < p->n_marks; i++)
            starts[p->marks[i].combining_class + 1]++;
        for (size_t i = 1; i < 257; i++)
            starts[i] += starts[i - 1];
        for (size_t i = 0; i < p->n_marks; i++)
            sorted[starts[p->marks[i].combining_class]++] = p->marks[i];
        memcpy(p->marks, sorted, p->n_marks * sizeof *sorted);
    }
    for (size_t i = 0; i < p->n_marks; i++)
        lower(p, p->marks[i].code);
    p->n_marks = 0;
}

static void order(pipeline *p, uint32_t c, uint8_t combining_class)
{
    bool drop = in_set(&vr_unicode_marks, c);
    if (!combining_class) {
        flush_marks(p);
        if (!drop)
            lower(p, c);
    } else if (!drop) { /* what is dropped does not change the order of the others */
        if (!vr_grow(p->out->allocator, (void **)&p->marks, &p->capacity, 2 * (p->n_marks + 1),
                     sizeof *p->marks)) {
            p->out->failed = true;
            return;
        }
        p->marks[p->n_marks++] = (mark){c, combining_class};
    }
}

static void strip(pipeline *p, uint32_t c)
{
    if (!p->options->strip_accents) {
        lower(p, c);
    } else if (c < 0x80 || in_set(&vr_unicode_fixed, c)) {
        order(p, c, 0);
    } else {
        utf8proc_int32_t parts[8]; /* a canonical decomposition has at most 4 */
        int boundary = 0;
        utf8proc_ssize_t n =
            utf8proc_decompose_char((utf8proc_int32_t)c, parts, 8, UTF8PROC_DECOMPOSE, &boundary);
        for (utf8proc_ssize_t i = 0; i < n; i++) {
            uint32_t part = (uint32_t)parts[i];
            order(p, part, (uint8_t)utf8proc_get_property(parts[i])->combining_class);
        }
    }
}

static void clean(pipeline *p, uint32_t c)
{
    if (p->options->clean_text) {
        if (c == 0 || in_set(&vr_unicode_removed, c))
            return;
        if (vr_is_space(c))
            c = ' ';
    }
    if (p->options->split_chinese && is_chinese(c)) {
        strip(p, ' ');
        strip(p, c);
        strip(p, ' ');
    } else {
        strip(p, c);
    }
}

void vr_normalize(const vr_normalizer *options, const char *text, size_t length, vr_str *out)
{
    pipeline p = {options, out, NULL, 0, 0};
    for (size_t i = 0; i < length && !out->failed;) {
        uint32_t c;
        size_t used = vr_utf8_decode(text + i, length - i, &c);
        clean(&p, used ? c : REPLACEMENT);
        i += used ? used : 1;
    }
    flush_marks(&p);
    vr_free(out->allocator, p.marks);
}

bool vr_next_word(const char *text, size_t length, size_t *at, const char **word, size_t *bytes)
{
    size_t begin = *at, end = *at;
    while (end < length) {
        uint32_t c;
        size_t used = vr_utf8_decode(text + end, length - end, &c);
        if (!used) {
            used = 1;
            c = REPLACEMENT;
        }
        bool space = vr_is_space(c), alone = !space && in_set(&vr_unicode_punctuation, c);
        if ((space || alone) && end > begin)
            break; /* a word ends here; the same character is read again */
        end += used;
        if (space)
            begin = end;
        else if (alone)
            break;
    }
    *at = end;
    if (begin == end)
        return false;
    *word = text + begin;
    *bytes = end - begin;
    return true;
}
