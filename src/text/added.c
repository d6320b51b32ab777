/* SPDX-License-Identifier: Apache-2.0 */
#include "text/added.h"
#include "base/str.h"
#include "text/normalize.h"
#include <string.h>

void vr_added_set_init(vr_added_set *set, const vireo_allocator *allocator)
{
    *set = (vr_added_set){0};
    vr_map_init(&set->patterns, allocator);
}

void vr_added_set_deinit(vr_added_set *set)
{
    vr_map_deinit(&set->patterns);
}

/* A length of one more pattern: into its place, unless a pattern of that length and start is known.
 */
static bool add_length(vr_added_set *set, vr_arena *arena, unsigned char first, size_t bytes)
{
    size_t n = set->starts[256], at = set->starts[first];
    while (at < set->starts[first + 1] && set->lengths[at].bytes > bytes)
        at++;
    if (at < set->starts[first + 1] && set->lengths[at].bytes == bytes)
        return true;
    if ((n & (n - 1)) == 0) { /* the arena does not grow in place: double */
        vr_added_length *grown = vr_arena_array(arena, n ? 2 * n : 1, sizeof *grown);
        if (!grown)
            return false;
        if (n)
            memcpy(grown, set->lengths, n * sizeof *grown);
        set->lengths = grown;
    }
    memmove(set->lengths + at + 1, set->lengths + at, (n - at) * sizeof *set->lengths);
    set->lengths[at] = (vr_added_length){(uint32_t)bytes, first};
    for (size_t i = (size_t)first + 1; i < 257; i++)
        set->starts[i]++;
    return true;
}

bool vr_added_set_add(vr_added_set *set, vr_arena *arena, const vr_added_token *token,
                      const char *pattern, size_t bytes)
{
    size_t n = set->n_tokens;
    uint32_t index = (uint32_t)n;
    bool added;
    if (!vr_map_put(&set->patterns, pattern, bytes, &index, &added))
        return false;
    if (!added)
        return true;
    if ((n & (n - 1)) == 0) {
        const vr_added_token **grown = vr_arena_array(arena, n ? 2 * n : 1, sizeof *grown);
        if (!grown)
            return false;
        if (n)
            memcpy(grown, set->tokens, n * sizeof *grown);
        set->tokens = grown;
    }
    set->tokens[set->n_tokens++] = token;
    return add_length(set, arena, (unsigned char)*pattern, bytes);
}

/* First match at or after `from`. */
static const vr_added_token *find(const vr_added_scan *s, size_t from, size_t *begin, size_t *end)
{
    const vr_added_set *set = s->set;
    for (size_t i = from; i < s->length; i++) {
        unsigned char first = (unsigned char)s->text[i];
        for (size_t k = set->starts[first]; k < set->starts[first + 1]; k++) {
            size_t bytes = set->lengths[k].bytes;
            uint32_t index;
            if (bytes <= s->length - i && vr_map_get(&set->patterns, s->text + i, bytes, &index)) {
                *begin = i;
                *end = i + bytes;
                return set->tokens[index];
            }
        }
    }
    return NULL;
}

/* The code point that ends at `end`, as far back as `from`; its length. */
static size_t decode_before(const char *text, size_t from, size_t end, uint32_t *c)
{
    for (size_t used = 1; used <= 4 && used <= end - from; used++)
        if (vr_utf8_decode(text + end - used, used, c) == used)
            return used;
    *c = 0xFFFD;
    return 1;
}

static bool is_single_word(const vr_added_scan *s, size_t begin, size_t end)
{
    uint32_t c;
    if (begin > 0) {
        decode_before(s->text, 0, begin, &c);
        if (vr_is_word_letter(c))
            return false;
    }
    return end == s->length || !vr_utf8_decode(s->text + end, s->length - end, &c) ||
           !vr_is_word_letter(c);
}

static size_t strip_left(const vr_added_scan *s, size_t begin)
{
    while (begin > s->done) {
        uint32_t c;
        size_t used = decode_before(s->text, s->done, begin, &c);
        if (!vr_is_space(c))
            break;
        begin -= used;
    }
    return begin;
}

static size_t strip_right(vr_added_scan *s, size_t end)
{
    if (end >= s->space_from && end <= s->space_to)
        return s->space_to; /* a token that itself starts with white space would read it again */
    s->space_from = end;
    while (end < s->length) {
        uint32_t c;
        size_t used = vr_utf8_decode(s->text + end, s->length - end, &c);
        if (!used || !vr_is_space(c))
            break;
        end += used;
    }
    s->space_to = end;
    return end;
}

vr_added_scan vr_added_scan_begin(const vr_added_set *set, const char *text, size_t length)
{
    return (vr_added_scan){.set = set, .text = text, .length = length};
}

bool vr_added_scan_next(vr_added_scan *s, vr_added_piece *out)
{
    if (s->next.bytes) {
        *out = s->next;
        s->next.bytes = 0;
        return true;
    }
    size_t begin, end;
    const vr_added_token *token;
    while ((token = find(s, s->at, &begin, &end))) {
        s->at = end;
        if (token->single_word && !is_single_word(s, begin, end))
            continue;
        if (token->lstrip)
            begin = strip_left(s, begin);
        if (token->rstrip)
            end = strip_right(s, end);
        size_t done = s->done;
        s->done = end;
        *out = (vr_added_piece){s->text + begin, end - begin, token};
        if (done < begin) {
            s->next = *out;
            *out = (vr_added_piece){s->text + done, begin - done, NULL};
        }
        return true;
    }
    s->at = s->length;
    if (s->done >= s->length)
        return false;
    *out = (vr_added_piece){s->text + s->done, s->length - s->done, NULL};
    s->done = s->length;
    return true;
}
