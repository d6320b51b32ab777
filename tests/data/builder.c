/* SPDX-License-Identifier: Apache-2.0 */
#include "builder.h"
#include "base/hash.h"
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

int builder_setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/vireo-data-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int builder_teardown(void **state)
{
    (void)state;
    DIR *dir = opendir(folder);
    chmod(folder, 0700);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.' && unlink(builder_path(e->d_name)))
            rmdir(builder_path(e->d_name));
    if (dir)
        closedir(dir);
    return rmdir(folder);
}

const char *builder_path(const char *name)
{
    static char paths[64][400];
    static size_t used;
    char path[400];
    size_t i = 0;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    while (i < used && strcmp(paths[i], path))
        i++;
    assert_true(i < sizeof paths / sizeof *paths);
    if (i == used)
        memcpy(paths[used++], path, sizeof path);
    return paths[i];
}

const char *builder_bytes(const char *name, const void *data, size_t bytes)
{
    const char *path = builder_path(name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
    return path;
}

const char *builder_file(const char *name, const char *text)
{
    return builder_bytes(name, text, strlen(text));
}

const char *builder_parts(const char *name, const builder_part *parts, size_t *bytes)
{
    size_t n = 0, room = 0;
    for (const builder_part *p = parts; p->text; p++)
        room += p->length * p->times;
    char *text = malloc(room + 1);
    assert_non_null(text);
    for (const builder_part *p = parts; p->text; p++)
        for (size_t i = 0; i < p->times; i++, n += p->length)
            memcpy(text + n, p->text, p->length);
    const char *path = builder_bytes(name, text, n);
    free(text);
    *bytes = n;
    return path;
}

uint64_t builder_state(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return 0;
    static char bytes[1 << 20];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    assert_true(n < sizeof bytes);
    fclose(f);
    return vr_hash64(bytes, n) | 1;
}

vireo_store *builder_store(vireo_store_mode mode)
{
    vireo_store *store = NULL;
    vireo_error err = {0};
    vireo_status st = vireo_store_open(builder_path("store.db"), mode, NULL, &store, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(st, VIREO_OK);
    return store;
}

vireo_status builder_import(const char *interactions, const char *items, const char *users,
                            vireo_import_report *report, vireo_error *err)
{
    vireo_store *store = builder_store(VIREO_STORE_CREATE);
    vireo_import_options options = VIREO_OPTIONS(vireo_import_options);
    if (interactions)
        options.interactions = builder_file("t.inter", interactions);
    if (items)
        options.items = builder_file("t.item", items);
    if (users)
        options.users = builder_file("t.user", users);
    vireo_status st = vireo_import(store, &options, report, err);
    vireo_store_close(&store);
    return st;
}

vireo_dataset *builder_dataset(void)
{
    vireo_error err = {0};
    vireo_dataset *dataset = NULL;
    vireo_store *store = builder_store(VIREO_STORE_READ);
    vireo_status st = vireo_dataset_load(store, &dataset, &err);
    assert_string_equal(err.message, "");
    assert_int_equal(st, VIREO_OK);
    vireo_store_close(&store);
    return dataset;
}

long long builder_query(const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *row = NULL;
    assert_int_equal(sqlite3_open(builder_path("store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &row, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(row), SQLITE_ROW);
    long long value = sqlite3_column_int64(row, 0);
    sqlite3_finalize(row);
    sqlite3_close(db);
    return value;
}

const char *builder_notes(const vireo_import_report *report)
{
    static char text[8192];
    size_t n = 0;
    text[0] = '\0';
    for (size_t i = 0; i < report->n_notes; i++) {
        const vireo_import_note *note = &report->notes[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s %s %s x%llu @%llu '%s'\n", note->table,
                              note->action, note->reason, (unsigned long long)note->count,
                              (unsigned long long)note->first_line, note->example);
    }
    return text;
}
