/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/verdict.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/str.h"
#include "vk/cache.h"
#include <string.h>

static const char first_line[] = "vireo verdicts 1\n";
static const char *const states[] = {NULL, "passed", "failed", "lost", "trying"};
enum { N_STATES = sizeof states / sizeof *states, N_FIELDS = 6, FILE_LIMIT = 1 << 18 };

typedef struct row {
    char uuid[37], driver[17], kernel[VR_VERDICT_NAME], source[33];
    vr_verdict verdict; /* NONE: in memory alone */
    bool changed;       /* in memory, and not yet in the file */
} row;

typedef struct rows {
    row *list;
    size_t count, capacity;
} rows;

struct vr_verdicts {
    vr_mutex lock;
    rows rows;
};

static row make_row(const vireo_device *d, const char *kernel, vr_hash128 source, vr_verdict v)
{
    row r = {.verdict = v};
    memcpy(r.uuid, d->info.uuid, sizeof r.uuid);
    vr_device_driver_key(d, r.driver);
    vr_hash_hex(source, r.source);
    memcpy(r.kernel, kernel, strnlen(kernel, VR_VERDICT_NAME - 1));
    return r;
}

static bool same_kernel(const row *a, const row *b)
{
    return !strcmp(a->uuid, b->uuid) && !strcmp(a->driver, b->driver) &&
           !strcmp(a->kernel, b->kernel);
}

static row *find(const rows *r, const row *wanted)
{
    for (size_t i = 0; i < r->count; i++)
        if (same_kernel(&r->list[i], wanted) && !strcmp(r->list[i].source, wanted->source))
            return &r->list[i];
    return NULL;
}

static void take_out(rows *r, size_t index)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): a row that was found */
    memmove(r->list + index, r->list + index + 1, (--r->count - index) * sizeof *r->list);
}

/* The oldest make room. */
static bool put(const vireo_allocator *a, rows *r, const row *new)
{
    const row *old = find(r, new);
    if (old)
        take_out(r, (size_t)(old - r->list));
    else if (r->count == VR_MOST_VERDICTS)
        take_out(r, 0);
    if (!vr_grow(a, (void **)&r->list, &r->capacity, r->count + 1, sizeof *r->list))
        return false;
    r->list[r->count++] = *new;
    return true;
}

/* ---- The file ------------------------------------------------------------------------------ */

/* Whether text, `length` bytes of it, has only characters of `allowed`, and at least `least`. */
static bool take_field(char *out, size_t size, const char *text, size_t length, size_t least,
                       const char *allowed)
{
    if (length < least || length >= size)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!text[i] || !strchr(allowed, text[i]))
            return false;
    memcpy(out, text, length);
    out[length] = '\0';
    return true;
}

static bool take_number(const char *text, size_t length, uint32_t most, uint32_t *out)
{
    char digits[11];
    if (!take_field(digits, sizeof digits, text, length, 1, "0123456789") ||
        (length > 1 && digits[0] == '0'))
        return false;
    uint64_t value = 0;
    for (const char *p = digits; *p; p++)
        value = value * 10 + (uint64_t)(*p - '0');
    *out = (uint32_t)value;
    return value <= most;
}

/* A line without its newline. */
static bool parse_row(const char *line, size_t length, row *out)
{
    static const char hex[] = "0123456789abcdef";
    static const char word[] = "abcdefghijklmnopqrstuvwxyz0123456789_/";
    const char *field[N_FIELDS];
    size_t size[N_FIELDS], n = 0;
    for (const char *p = line, *end = line + length;; p++) {
        const char *tab = memchr(p, '\t', (size_t)(end - p));
        if (n == N_FIELDS)
            return false;
        field[n] = p;
        size[n++] = (size_t)((tab ? tab : end) - p);
        if (!tab)
            break;
        p = tab;
    }
    *out = (row){.verdict = {.state = VR_VERDICT_NONE}};
    if (n != N_FIELDS ||
        !take_field(out->uuid, sizeof out->uuid, field[0], size[0], 36, "0123456789abcdef-") ||
        !take_field(out->driver, sizeof out->driver, field[1], size[1], 16, hex) ||
        !take_field(out->kernel, sizeof out->kernel, field[2], size[2], 3, word) ||
        !take_field(out->source, sizeof out->source, field[3], size[3], 32, hex) ||
        !take_number(field[5], size[5], VR_MOST_TRIES, &out->verdict.tries))
        return false;
    for (size_t i = 1; i < N_STATES; i++)
        if (strlen(states[i]) == size[4] && !memcmp(states[i], field[4], size[4]))
            out->verdict.state = (vr_verdict_state)i;
    return out->verdict.state != VR_VERDICT_NONE &&
           (out->verdict.state == VR_VERDICT_TRYING) == (out->verdict.tries > 0);
}

/* Whether the text from p on is the last line, whose number is that of the lines before. */
static bool is_end(const char *p, size_t length, size_t count, bool last)
{
    uint32_t n = 0;
    return last && take_number(p, length, VR_MOST_VERDICTS, &n) && n == count;
}

/* *line: the number of the line that is wrong. */
static vireo_status parse(const vireo_allocator *a, const char *text, size_t bytes, rows *out,
                          size_t *line)
{
    const char *p = text, *end = text + bytes, *stop;
    for (*line = 1; (stop = memchr(p, '\n', (size_t)(end - p))); ++*line, p = stop + 1) {
        const size_t length = (size_t)(stop - p);
        row r;
        if (*line == 1) {
            if (length != sizeof first_line - 2 || memcmp(p, first_line, length) != 0)
                return VIREO_ERROR_FORMAT;
        } else if (length > 4 && !memcmp(p, "end ", 4)) {
            return is_end(p + 4, length - 4, out->count, stop + 1 == end) ? VIREO_OK
                                                                          : VIREO_ERROR_FORMAT;
        } else if (!parse_row(p, length, &r) || find(out, &r) || out->count == VR_MOST_VERDICTS) {
            return VIREO_ERROR_FORMAT;
        } else if (!put(a, out, &r)) {
            return VIREO_ERROR_OUT_OF_MEMORY;
        }
    }
    return VIREO_ERROR_FORMAT; /* the end is missing */
}

/* What is not there or damaged gives no rows. */
static vireo_status load(vireo_device *d, const char *path, rows *out, vireo_error *err)
{
    char *text = NULL;
    size_t bytes = 0, line = 0;
    vireo_status st = vr_is_link(path)
                          ? vr_fail(err, VIREO_ERROR_IO, "%s: a symbolic link", path)
                          : vr_file_read(d->allocator, path, FILE_LIMIT, &text, &bytes, err);
    if (!st) {
        st = parse(d->allocator, text, bytes, out, &line);
        if (st == VIREO_ERROR_FORMAT)
            vr_fail(err, st, "%s: line %zu is damaged or foreign", path, line);
        else if (st)
            vr_fail_memory(err, path);
    }
    vr_free(d->allocator, text);
    if (st) {
        vr_free(d->allocator, out->list);
        *out = (rows){0};
    }
    return st;
}

static void write_text(const rows *r, vr_str *s)
{
    size_t n = 0;
    vr_str_add(s, first_line);
    for (size_t i = 0; i < r->count; i++) {
        const row *x = &r->list[i];
        if (x->verdict.state == VR_VERDICT_NONE)
            continue;
        n++;
        vr_str_addf(s, "%s\t%s\t%s\t%s\t%s\t%u\n", x->uuid, x->driver, x->kernel, x->source,
                    states[x->verdict.state], (unsigned)x->verdict.tries);
    }
    vr_str_addf(s, "end %zu\n", n);
}

/* What changed goes into the rows of the file. false: exhausted. */
static bool merge(vireo_device *d, const row *trying, rows *all)
{
    const rows *mine = &d->verdicts->rows;
    for (size_t i = 0; i < mine->count; i++)
        if (mine->list[i].changed && !put(d->allocator, all, &mine->list[i]))
            return false;
    return !trying || put(d->allocator, all, trying);
}

/* trying: NULL, or one more row. The lock is held: threads of one process do not lose each other's
 * verdicts. */
static void save(vireo_device *d, const row *trying)
{
    rows all = {0}, *mine = &d->verdicts->rows;
    char *written = NULL;
    char *path = d->cache_dir ? vr_path_join(d->allocator, d->cache_dir, VR_VERDICT_FILE) : NULL;
    if (!path)
        return;
    load(d, path, &all, NULL);
    vr_str text;
    vr_str_init(&text, d->allocator);
    bool ok = merge(d, trying, &all);
    if (ok)
        write_text(&all, &text);
    ok = ok && !text.failed && vr_cache_write(d, VR_VERDICT_FILE, text.data, text.length, &written);
    for (size_t i = 0; ok && i < mine->count; i++)
        mine->list[i].changed = false;
    vr_str_deinit(&text);
    vr_free(d->allocator, written);
    vr_free(d->allocator, all.list);
    vr_free(d->allocator, path);
}

/* ---- The table ----------------------------------------------------------------------------- */

vireo_status vr_verdicts_create(vireo_device *d, vireo_error *err)
{
    struct vr_verdicts *v = vr_calloc(d->allocator, 1, sizeof *v);
    if (!v)
        return vr_fail_memory(err, "verdicts");
    vr_mutex_init(&v->lock);
    d->verdicts = v;
    if (!d->cache_dir)
        return VIREO_OK;
    char *path = vr_path_join(d->allocator, d->cache_dir, VR_VERDICT_FILE);
    if (!path)
        return vr_fail_memory(err, "verdicts");
    vireo_error why = {0};
    vireo_status st = load(d, path, &v->rows, &why);
    vr_free(d->allocator, path);
    if (st == VIREO_ERROR_OUT_OF_MEMORY)
        return vr_fail_memory(err, "verdicts");
    if (st && st != VIREO_ERROR_NOT_FOUND)
        vr_logf(&d->log, VIREO_LOG_WARN, "the self-test's verdicts are ignored: %s", why.message);
    return VIREO_OK;
}

void vr_verdicts_destroy(vireo_device *d)
{
    if (!d->verdicts)
        return;
    vr_verdicts_save(d);
    vr_free(d->allocator, d->verdicts->rows.list);
    vr_mutex_deinit(&d->verdicts->lock);
    vr_free(d->allocator, d->verdicts);
    d->verdicts = NULL;
}

bool vr_verdict_suspects(vireo_device *d, const char *kernel)
{
    const row wanted = make_row(d, kernel, (vr_hash128){0, 0}, (vr_verdict){VR_VERDICT_NONE, 0});
    const rows *r = &d->verdicts->rows;
    bool found = false;
    vr_mutex_lock(&d->verdicts->lock);
    for (size_t i = 0; i < r->count && !found; i++)
        found = r->list[i].verdict.state > VR_VERDICT_PASSED && same_kernel(&r->list[i], &wanted);
    vr_mutex_unlock(&d->verdicts->lock);
    return found;
}

vr_verdict vr_verdict_get(vireo_device *d, const char *kernel, vr_hash128 source)
{
    const row wanted = make_row(d, kernel, source, (vr_verdict){VR_VERDICT_NONE, 0});
    vr_mutex_lock(&d->verdicts->lock);
    const row *found = find(&d->verdicts->rows, &wanted);
    const vr_verdict v = found ? found->verdict : wanted.verdict;
    vr_mutex_unlock(&d->verdicts->lock);
    return v;
}

void vr_verdict_set(vireo_device *d, const char *kernel, vr_hash128 source, vr_verdict verdict)
{
    row new = make_row(d, kernel, source, verdict);
    new.changed = true;
    vr_mutex_lock(&d->verdicts->lock);
    put(d->allocator, &d->verdicts->rows, &new);
    vr_mutex_unlock(&d->verdicts->lock);
}

void vr_verdict_try(vireo_device *d, const char *kernel, vr_hash128 source, uint32_t tries)
{
    const row trying = make_row(d, kernel, source, (vr_verdict){VR_VERDICT_TRYING, tries});
    vr_mutex_lock(&d->verdicts->lock);
    save(d, &trying);
    vr_mutex_unlock(&d->verdicts->lock);
}

void vr_verdicts_save(vireo_device *d)
{
    const rows *r = &d->verdicts->rows;
    bool changed = false;
    vr_mutex_lock(&d->verdicts->lock);
    for (size_t i = 0; i < r->count; i++)
        changed = changed || r->list[i].changed;
    if (changed)
        save(d, NULL);
    vr_mutex_unlock(&d->verdicts->lock);
}
