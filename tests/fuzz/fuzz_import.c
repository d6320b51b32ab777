/* SPDX-License-Identifier: Apache-2.0
 * RecBole's atomic files. The first byte chooses:
 *   even  one file, every row judged and cleaned, no store; the next bit tells its columns, the
 *         next three how many bytes are read at once (0: as an import)
 *   odd   three files (interactions, items, users; the byte 0x1e stands between them; an empty one
 *         is left out) imported twice into a store; by the next bit the interactions once before
 * What is kept must be clean, and the counts of the report must be those of the store. */
#include "data/clean.h"
#include "data/import.h"
#include "data/store.h"
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { FILES = 3 };

static const vr_atomic_wanted item_columns[] = {
    {"item_id", VR_ATOMIC_TOKEN, true},
    {"movie_title title name", VR_ATOMIC_TOKEN | VR_ATOMIC_TOKEN_SEQ, false},
    {"release_year year", VR_ATOMIC_TOKEN | VR_ATOMIC_FLOAT, false},
    {"class genres genre categories category", VR_ATOMIC_TOKEN | VR_ATOMIC_TOKEN_SEQ, false},
};
static const vr_atomic_wanted interaction_columns[] = {
    {"user_id", VR_ATOMIC_TOKEN, true},
    {"item_id", VR_ATOMIC_TOKEN, true},
    {"rating", VR_ATOMIC_FLOAT, false},
    {"timestamp", VR_ATOMIC_FLOAT, false},
};

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* A file without a name: made once, filled each time. */
static const char *fill(size_t which, const uint8_t *data, size_t bytes)
{
    static struct {
        int fd;
        char path[32];
    } files[FILES];
    if (!files[which].path[0]) {
        char name[] = "/tmp/vireo-fuzz-XXXXXX";
        files[which].fd = mkstemp(name);
        require(files[which].fd >= 0 && unlink(name) == 0);
        snprintf(files[which].path, sizeof files[which].path, "/proc/self/fd/%d", files[which].fd);
    }
    require(pwrite(files[which].fd, data, bytes, 0) == (ssize_t)bytes);
    require(ftruncate(files[which].fd, (off_t)bytes) == 0);
    return files[which].path;
}

static void check_row(const vr_row *row)
{
    require(memchr(row->dropped, 0, sizeof row->dropped) != NULL);
    require(row->n_mends <= sizeof row->mends / sizeof *row->mends);
}

static void check_text(const vr_str *text)
{
    require(text->length <= VR_TEXT_MAX);
    require(vr_utf8_check(text->data, text->length) == text->length);
    for (size_t i = 0; i < text->length; i++) {
        unsigned char c = (unsigned char)text->data[i];
        require(c >= 0x20 && c != 0x7f);
        require(c != ' ' || (i > 0 && text->data[i - 1] != ' '));
    }
}

static void judge_item(vr_atomic_field *f, vr_str *text)
{
    vr_row row = {.n_mends = 0};
    vr_row_id(&row, "item id", &f[0]);
    if (!row.dropped[0])
        require(f[0].length > 0 && f[0].length <= VR_ID_MAX);
    static const char *const kinds[] = {NULL, "title", NULL, "genres"};
    for (size_t i = 1; i < 4; i += 2) {
        require(vr_row_text(&row, kinds[i], &f[i], text));
        check_text(text);
    }
    int32_t year = vr_row_year(&row, &f[2]);
    require(year == 0 || (year >= VR_YEAR_MIN && year <= VR_YEAR_MAX));
    check_row(&row);
}

static void judge_interaction(vr_atomic_field *f)
{
    vr_row row = {.n_mends = 0};
    bool has;
    double rating = 0.0, time = 0.0;
    vr_row_id(&row, "user id", &f[0]);
    vr_row_id(&row, "item id", &f[1]);
    vr_row_rating(&row, &f[2], &has, &rating);
    vr_row_timestamp(&row, &f[3], &time);
    if (!row.dropped[0])
        require(fabs(rating) <= VR_RATING_LIMIT && time >= 0.0 && time <= VR_TIME_MAX);
    check_row(&row);
}

static void judge_file(bool items, size_t buffer, const uint8_t *data, size_t bytes)
{
    vr_atomic a;
    vr_atomic_field f[VR_ATOMIC_MAX_WANTED];
    size_t n = 0;
    vr_str text;
    vireo_error err = {0};
    const char *path = fill(0, data, bytes);
    if (!buffer)
        buffer = VR_ATOMIC_BUFFER;
    if (vr_atomic_open(&a, NULL, path, buffer, items ? item_columns : interaction_columns, 4,
                       &err)) {
        require(strstr(err.message, path) == err.message);
        return;
    }
    vr_str_init(&text, NULL);
    while (!vr_atomic_next(&a, f, &n, &err) && n > 0) {
        require(a.line >= 2 && a.at <= bytes);
        if (n == a.n_columns && items)
            judge_item(f, &text);
        else if (n == a.n_columns)
            judge_interaction(f);
    }
    require(err.status == VIREO_OK && a.at == bytes);
    vr_str_deinit(&text);
    vr_atomic_close(&a);
}

static vireo_store *open_store(void)
{
    static vireo_store *store;
    if (store)
        return store;
    char name[] = "/tmp/vireo-fuzz-XXXXXX";
    close(mkstemp(name));
    require(vireo_store_open(name, VIREO_STORE_CREATE, NULL, &store, NULL) == VIREO_OK);
    unlink(name);
    require(!vr_store_exec(store, "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF", "", NULL));
    return store;
}

static uint64_t count(vireo_store *store, const char *sql)
{
    int64_t n = 0;
    require(vr_store_int(store, sql, &n, NULL) == VIREO_OK);
    return (uint64_t)n;
}

static void check_table(const vireo_import_table *t)
{
    require(t->read == t->added + t->known + t->dropped && t->mended <= t->added);
}

static void check_report(const vireo_import_report *r)
{
    check_table(&r->interactions);
    check_table(&r->items);
    check_table(&r->users);
    for (size_t i = 0; i < r->n_notes; i++) {
        const vireo_import_note *n = &r->notes[i];
        size_t length = strlen(n->example);
        require(n->count > 0 && n->first_line > 1 && length < sizeof n->example);
        require(vr_utf8_check(n->example, length) == length);
    }
}

/* What is added to the store is what the report says, or nothing. */
static bool import(vireo_store *store, const vireo_import_options *o, vireo_import_report *r)
{
    static const char events[] = "SELECT count(*) FROM interactions",
                      items[] = "SELECT count(*) FROM items WHERE described";
    uint64_t n_events = count(store, events), n_items = count(store, items);
    vireo_error err = {0};
    *r = (vireo_import_report){0};
    bool good = vireo_import(store, o, r, &err) == VIREO_OK;
    require(good == !err.message[0] && sqlite3_get_autocommit(store->db));
    check_report(r);
    require(count(store, events) == n_events + r->interactions.added);
    require(count(store, items) == n_items + r->items.added);
    vireo_import_report_free(&(vireo_import_report){.notes = r->notes});
    return good;
}

static void import_files(bool twice, const uint8_t *data, size_t bytes)
{
    vireo_import_options o = VIREO_OPTIONS(vireo_import_options), first = o;
    const char **paths[FILES] = {&o.interactions, &o.items, &o.users};
    vireo_store *store = open_store();
    vireo_import_report r;
    vireo_dataset *d = NULL;
    for (size_t i = 0; i < FILES; i++) {
        const uint8_t *end = i + 1 < FILES && bytes ? memchr(data, 0x1e, bytes) : NULL;
        size_t n = end ? (size_t)(end - data) : bytes;
        if (n > 0)
            *paths[i] = fill(i, data, n);
        data += n + (end ? 1 : 0);
        bytes -= n + (end ? 1 : 0);
    }
    first.interactions = o.interactions;
    if (twice)
        import(store, &first, &r);
    if (import(store, &o, &r)) {
        require(import(store, &o, &r));
        require(r.items.added + r.users.added + r.interactions.added == 0);
    }
    require(vireo_dataset_load(store, &d, NULL) == VIREO_OK);
    vireo_dataset_destroy(&d);
    require(!vr_store_exec(store, "DELETE FROM interactions; DELETE FROM items; DELETE FROM users",
                           "", NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    if (bytes == 0)
        return 0;
    if (data[0] & 1)
        import_files(data[0] & 2, data + 1, bytes - 1);
    else
        judge_file(data[0] & 2, data[0] >> 2 & 7, data + 1, bytes - 1);
    return 0;
}
