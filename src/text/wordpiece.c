/* SPDX-License-Identifier: Apache-2.0 */
#include "text/wordpiece.h"
#include "base/str.h"
#include <string.h>

void vr_id_list_add(const vireo_allocator *allocator, vr_id_list *list, int32_t id)
{
    list->total++;
    if (list->count == list->limit || list->failed)
        return;
    if (!vr_grow(allocator, (void **)&list->ids, &list->capacity, list->count + 1,
                 sizeof *list->ids)) {
        list->failed = true;
        return;
    }
    list->ids[list->count++] = id;
}

/* Number of characters, but not beyond limit + 1. */
static size_t count_chars(const char *word, size_t bytes, size_t limit)
{
    size_t chars = 0;
    for (size_t i = 0; i < bytes && chars <= limit; chars++) {
        uint32_t c;
        size_t used = vr_utf8_decode(word + i, bytes - i, &c);
        i += used ? used : 1;
    }
    return chars;
}

static bool is_boundary(const char *word, size_t bytes, size_t at)
{
    return at == bytes || ((unsigned char)word[at] & 0xC0) != 0x80;
}

void vr_wordpiece_word(const vr_wordpiece *wp, const char *word, size_t bytes, vr_id_list *out)
{
    const vireo_allocator *allocator = wp->vocabulary.allocator;
    uint32_t id;
    if (count_chars(word, bytes, wp->max_word_chars) > wp->max_word_chars) {
        vr_id_list_add(allocator, out, (int32_t)wp->unknown);
        return;
    }
    if (bytes <= wp->max_token_bytes && vr_map_get(&wp->vocabulary, word, bytes, &id)) {
        vr_id_list_add(allocator, out, (int32_t)id);
        return;
    }
    /* A copy with room for the prefix before it: the prefix is written over what has been matched.
     */
    char fixed[512];
    size_t need = wp->prefix_bytes + bytes;
    char *buffer = need <= sizeof fixed ? fixed : vr_alloc(allocator, need);
    if (!buffer) {
        out->failed = true;
        return;
    }
    char *copy = buffer + wp->prefix_bytes;
    memcpy(copy, word, bytes);
    vr_id_list before = *out;
    size_t start = 0;
    while (start < bytes) {
        size_t prefix = start ? wp->prefix_bytes : 0;
        const char *key = copy + start - prefix;
        if (prefix)
            memcpy(copy + start - prefix, wp->prefix, prefix);
        size_t end = bytes;
        if (end - start + prefix > wp->max_token_bytes)
            end = wp->max_token_bytes > prefix ? start + wp->max_token_bytes - prefix : start;
        while (end > start && !(is_boundary(word, bytes, end) &&
                                vr_map_get(&wp->vocabulary, key, prefix + end - start, &id)))
            end--;
        if (end == start)
            break;
        vr_id_list_add(allocator, out, (int32_t)id);
        start = end;
    }
    if (start < bytes) { /* a part that nothing matches makes the whole word unknown */
        out->count = before.count;
        out->total = before.total;
        vr_id_list_add(allocator, out, (int32_t)wp->unknown);
    }
    if (buffer != fixed)
        vr_free(allocator, buffer);
}
