/* SPDX-License-Identifier: Apache-2.0 */
#include "data/notes.h"
#include "base/str.h"
#include "data/clean.h"
#include <stdio.h>
#include <string.h>

/* What stands before the notes of a report: a report must outlive its store, and free has only it.
 */
typedef struct block {
    vireo_allocator hook;
    bool hooked;
    vireo_import_note notes[];
} block;

void vr_notes_init(vr_notes *notes, const vireo_allocator *allocator)
{
    *notes = (vr_notes){.allocator = allocator};
}

void vr_notes_deinit(vr_notes *notes)
{
    vr_free(notes->allocator, notes->list);
    vr_notes_init(notes, notes->allocator);
}

void vr_notes_example(const char *text, size_t length, char *out, size_t size)
{
    size_t n = 0, cut = 0; /* cut: where "..." can still follow */
    for (size_t i = 0; i < length;) {
        uint32_t c = 0;
        char piece[5];
        size_t used = vr_utf8_decode(text + i, length - i, &c), need = used;
        if (used == 0 || vr_clean_is_control(c)) {
            used = 1;
            need = (size_t)snprintf(piece, sizeof piece, "\\x%02X", (unsigned char)text[i]);
        } else {
            memcpy(piece, text + i, used);
        }
        if (n + need >= size) {
            memcpy(out + cut, "...", 3);
            n = cut + 3;
            break;
        }
        memcpy(out + n, piece, need);
        n += need;
        i += used;
        if (n + 4 <= size)
            cut = n;
    }
    out[n] = '\0';
}

vireo_status vr_notes_add(vr_notes *notes, const char *table, const char *action,
                          const char *reason, uint64_t line, const char *example, size_t length,
                          vireo_error *err)
{
    for (size_t i = 0; i < notes->count; i++) {
        vireo_import_note *n = &notes->list[i];
        if (!strcmp(n->reason, reason) && !strcmp(n->action, action) && !strcmp(n->table, table)) {
            n->count++;
            return VIREO_OK;
        }
    }
    if (!vr_grow(notes->allocator, (void **)&notes->list, &notes->capacity, notes->count + 1,
                 sizeof *notes->list))
        return vr_fail_memory(err, "import notes");
    vireo_import_note *n = &notes->list[notes->count++];
    *n = (vireo_import_note){.count = 1, .first_line = line};
    snprintf(n->table, sizeof n->table, "%s", table);
    snprintf(n->action, sizeof n->action, "%s", action);
    snprintf(n->reason, sizeof n->reason, "%s", reason);
    if (example)
        vr_notes_example(example, length, n->example, sizeof n->example);
    return VIREO_OK;
}

vireo_status vr_notes_take(const vr_notes *notes, vireo_import_note **list, size_t *count,
                           vireo_error *err)
{
    if (notes->count == 0) {
        *list = NULL;
        *count = 0;
        return VIREO_OK;
    }
    size_t bytes = notes->count * sizeof *notes->list;
    block *b = vr_alloc(notes->allocator, sizeof *b + bytes);
    if (!b)
        return vr_fail_memory(err, "import notes");
    b->hooked = notes->allocator != NULL;
    b->hook = b->hooked ? *notes->allocator : (vireo_allocator){0};
    memcpy(b->notes, notes->list, bytes);
    *list = b->notes;
    *count = notes->count;
    return VIREO_OK;
}

void vireo_import_report_free(vireo_import_report *report)
{
    if (!report)
        return;
    if (report->notes) {
        block *b = (block *)(void *)((char *)report->notes - offsetof(block, notes));
        vireo_allocator hook = b->hook;
        vr_free(b->hooked ? &hook : NULL, b);
    }
    *report = (vireo_import_report){0};
}
