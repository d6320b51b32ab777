/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tuned_file.h"
#include "base/file.h"
#include "base/str.h"
#include "io/json.h"
#include "run/tune.h"
#include "vireo/inspect.h"
#include "vk/cache.h"
#include <string.h>

static const char format_text[] = "vireo tuned 1";
enum { NAME = 256, MOST_BYTES = 16 << 20 };

typedef struct choice {
    char device[37], device_name[NAME], driver[VR_DRIVER_KEY], driver_name[NAME];
    vr_tuned_row row;
    bool stale; /* vr_tuned_is_stale, of this device's */
} choice;

typedef struct choices {
    const vireo_allocator *allocator;
    choice *list;
    size_t count, capacity;
    size_t unmeasured, first_unmeasured; /* left out: how many, and the index of the first in its file */
} choices;

static void choices_deinit(choices *c)
{
    vr_free(c->allocator, c->list);
}

static bool add(choices *c, const choice *new)
{
    if (!vr_grow(c->allocator, (void **)&c->list, &c->capacity, c->count + 1, sizeof *c->list))
        return false;
    c->list[c->count++] = *new;
    return true;
}

/* ---- Reading -------------------------------------------------------------------------------- */

typedef struct reader {
    const char *path;
    size_t index; /* of the choice at hand */
    vireo_error *err;
} reader;

static vireo_status bad(const reader *r, const char *key, const char *allowed)
{
    return vr_fail(r->err, VIREO_ERROR_FORMAT, "%s: choices[%zu]: \"%s\" must be %s", r->path,
                   r->index, key, allowed);
}

/* A text of at least `least` and less than `size` bytes; digits: of hexadecimal digits and '-'. */
static vireo_status read_text(const reader *r, const cJSON *o, const char *key, size_t least,
                              size_t size, bool digits, char *out)
{
    const char *text = cJSON_GetStringValue(vr_json_get(o, key));
    const size_t length = text ? strlen(text) : 0;
    const bool right = text && length >= least && length < size &&
                       (!digits || strspn(text, "0123456789abcdef-") == length);
    if (right) {
        memcpy(out, text, length + 1);
        return VIREO_OK;
    }
    return digits ? vr_fail(r->err, VIREO_ERROR_FORMAT,
                            "%s: choices[%zu]: \"%s\" must be %zu hexadecimal digits", r->path,
                            r->index, key, size - 1)
                  : vr_fail(r->err, VIREO_ERROR_FORMAT,
                            "%s: choices[%zu]: \"%s\" must be a text of %zu to %zu bytes", r->path,
                            r->index, key, least, size - 1);
}

static vireo_status read_time(const reader *r, const cJSON *o, const char *key, double *us)
{
    int64_t ns;
    if (!vr_json_int(vr_json_get(o, key), &ns) || ns < 0)
        return bad(r, key, "a whole number of nanoseconds, at least 0");
    *us = (double)ns / 1e3;
    return VIREO_OK;
}

static vireo_status read_hash(const reader *r, const cJSON *o, const char *key, vr_hash128 *out)
{
    const char *text = cJSON_GetStringValue(vr_json_get(o, key));
    return text && vr_hash_parse(text, out) ? VIREO_OK : bad(r, key, "32 hexadecimal digits");
}

static vireo_status read_flag(const reader *r, const cJSON *o, const char *key, bool *out)
{
    const cJSON *v = vr_json_get(o, key);
    *out = cJSON_IsTrue(v);
    return !v || cJSON_IsBool(v) ? VIREO_OK : bad(r, key, "true or false");
}

static vireo_status read_measured(const reader *r, const cJSON *o, vr_tuned_row *out)
{
    vireo_status st = read_text(r, o, "usual", 1, sizeof out->usual, false, out->usual);
    if (!st)
        st = read_hash(r, o, "source", &out->source);
    if (!st)
        st = read_hash(r, o, "kernel_source", &out->kernel_source);
    if (!st && vr_json_get(o, "check_source")) /* without it the choice is stale */
        st = read_hash(r, o, "check_source", &out->check_source);
    if (!st)
        st = read_flag(r, o, "partly", &out->partly);
    if (!st && vr_json_get(o, "heard"))
        st = read_text(r, o, "heard", 0, sizeof out->heard, false, out->heard);
    if (!st)
        st = read_time(r, o, "ns", &out->us);
    return st ? st : read_time(r, o, "usual_ns", &out->usual_us);
}

/* Whether the choice says what was measured; a pinned one does so in whole, or not at all. */
static bool says_measured(const cJSON *o, bool pinned)
{
    static const char *const keys[] = {"usual", "ns", "usual_ns", "source", "kernel_source"};
    enum { ALL = sizeof keys / sizeof *keys };
    size_t n = 0;
    for (size_t i = 0; i < ALL; i++)
        n += vr_json_get(o, keys[i]) != NULL;
    return pinned ? n == ALL : n > 0;
}

static vireo_status read_keys(const reader *r, const cJSON *o)
{
    static const char *const known[] = {
        "device", "device_name", "driver", "driver_name",   "call",   "kernel", "usual",
        "ns",     "usual_ns",    "source", "kernel_source", "check_source", "partly", "heard", "pinned"};
    if (!cJSON_IsObject(o))
        return vr_fail(r->err, VIREO_ERROR_FORMAT, "%s: choices[%zu] must be an object", r->path,
                       r->index);
    for (const cJSON *m = o->child; m; m = m->next) {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(known[i], m->string) != 0)
            i++;
        if (i == sizeof known / sizeof *known)
            return vr_fail(
                r->err, VIREO_ERROR_FORMAT,
                "%s: choices[%zu]: \"%.60s\" is not known; allowed: device, device_name, driver, "
                "driver_name, call, kernel, usual, ns, usual_ns, source, kernel_source, "
                "check_source, partly, heard, pinned",
                r->path, r->index, m->string);
    }
    return VIREO_OK;
}

static vireo_status read_choice(const reader *r, const cJSON *o, choice *out)
{
    *out = (choice){.row = {.us = 0}};
    vireo_status st = read_keys(r, o);
    if (!st)
        st = read_flag(r, o, "pinned", &out->row.pinned);
    if (!st)
        st = read_text(r, o, "device", 36, sizeof out->device, true, out->device);
    if (!st)
        st = read_text(r, o, "device_name", 1, sizeof out->device_name, false, out->device_name);
    if (!st)
        st = read_text(r, o, "driver", 16, sizeof out->driver, true, out->driver);
    if (!st)
        st = read_text(r, o, "driver_name", 1, sizeof out->driver_name, false, out->driver_name);
    if (!st)
        st = read_text(r, o, "call", 1, sizeof out->row.call, false, out->row.call);
    if (!st)
        st = read_text(r, o, "kernel", 1, sizeof out->row.kernel, false, out->row.kernel);
    return st || !says_measured(o, out->row.pinned) ? st : read_measured(r, o, &out->row);
}

/* One that is neither pinned nor measured, as when a person has taken a pin back, says nothing. */
static bool add_read(choices *all, const choice *new, size_t index)
{
    if (new->row.pinned || new->row.usual[0])
        return add(all, new);
    if (!all->unmeasured++)
        all->first_unmeasured = index;
    return true;
}

static vireo_status read_root(const char *path, const cJSON *root, choices *out, vireo_error *err)
{
    reader r = {.path = path, .err = err};
    vireo_status st = VIREO_OK;
    const char *format = cJSON_GetStringValue(vr_json_get(root, "format"));
    const cJSON *list = vr_json_get(root, "choices");
    if (!format || strcmp(format, format_text) != 0)
        st = vr_fail(err, VIREO_ERROR_FORMAT,
                     "%s: \"format\" must be \"%s\": the file is no such, or of another "
                     "version of Vireo",
                     path, format_text);
    else if (!cJSON_IsArray(list))
        st = vr_fail(err, VIREO_ERROR_FORMAT, "%s: \"choices\" must be an array", path);
    for (const cJSON *o = st ? NULL : list->child; o && !st; o = o->next, r.index++) {
        choice new;
        st = read_choice(&r, o, &new);
        if (!st && !add_read(out, &new, r.index))
            st = vr_fail_memory(err, path);
    }
    return st;
}

/* A file that is not there is VIREO_ERROR_NOT_FOUND. */
static vireo_status read_file(const char *path, choices *out, vireo_error *err)
{
    static const vr_json_limits limits = {.bytes = MOST_BYTES};
    cJSON *root = NULL;
    vireo_status st = vr_json_read(out->allocator, path, &limits, &root, err);
    if (!st)
        st = read_root(path, root, out, err);
    cJSON_Delete(root);
    return st;
}

/* That of a cache folder, which need not be there. */
static vireo_status read_kept(const char *path, choices *out, vireo_error *err)
{
    vireo_error why = {0};
    vireo_status st = read_file(path, out, &why);
    if (st == VIREO_ERROR_NOT_FOUND)
        return VIREO_OK;
    if (st && err)
        *err = why;
    return st;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void write_text(vr_str *s, const char *key, const char *value)
{
    vr_str_addf(s, "\"%s\": ", key);
    vr_str_add_json(s, value, strlen(value));
    vr_str_add(s, ", ");
}

static void write_choice(vr_str *s, const choice *c)
{
    char source[33], kernel_source[33], check_source[33];
    const vr_tuned_row *r = &c->row;
    vr_hash_hex(r->source, source);
    vr_hash_hex(r->kernel_source, kernel_source);
    vr_hash_hex(r->check_source, check_source);
    vr_str_add(s, "\n {");
    write_text(s, "call", r->call);
    write_text(s, "kernel", r->kernel);
    if (r->usual[0]) {
        write_text(s, "usual", r->usual);
        vr_str_addf(s, "\"ns\": %.0f, \"usual_ns\": %.0f, \"partly\": %s,\n  ", r->us * 1e3,
                    r->usual_us * 1e3, r->partly ? "true" : "false");
        write_text(s, "source", source);
        write_text(s, "kernel_source", kernel_source);
        vr_str_add(s, "\n  ");
        if (r->heard[0])
            write_text(s, "heard", r->heard);
        write_text(s, "check_source", check_source);
    }
    vr_str_addf(s, "\"pinned\": %s, ", r->pinned ? "true" : "false");
    write_text(s, "device_name", c->device_name);
    write_text(s, "driver_name", c->driver_name);
    vr_str_addf(s, "\n  \"device\": \"%s\", \"driver\": \"%s\"}", c->device, c->driver);
}

static void write_all(vr_str *s, const choices *c)
{
    vr_str_addf(s, "{\"format\": \"%s\", \"choices\": [", format_text);
    for (size_t i = 0; i < c->count; i++) {
        vr_str_add(s, i ? "," : "");
        write_choice(s, &c->list[i]);
    }
    vr_str_add(s, "\n]}\n");
}

/* ---- Of a device ---------------------------------------------------------------------------- */

static choice choice_of(const vireo_device *d, const vr_tuned_row *row)
{
    choice c = {.row = *row};
    vr_str driver;
    memcpy(c.device, d->info.uuid, sizeof c.device);
    vr_device_driver_key(d, c.driver);
    memcpy(c.device_name, d->info.name, strnlen(d->info.name, NAME - 1));
    vr_str_init(&driver, d->allocator);
    vr_str_addf(&driver, "%s%s%s", d->info.driver, vr_gap(d->info.driver_info), d->info.driver_info);
    if (!driver.failed)
        memcpy(c.driver_name, driver.data, strnlen(driver.data, NAME - 1));
    vr_str_deinit(&driver);
    return c;
}

static vireo_status add_own(vireo_device *d, choices *out, vireo_error *err)
{
    vr_tuned_row row;
    for (size_t i = 0; vr_tuned_get(d, NULL, i, &row); i++) {
        const choice c = choice_of(d, &row);
        const bool is_kept = row.pinned || row.usual_us > 0; /* else it tells this run what is open */
        if (is_kept && !add(out, &c))
            return vr_fail_memory(err, "tuned kernels");
    }
    return VIREO_OK;
}

/* Rows of this device and driver; of another device of the same name too, if `alike`. */
static vireo_status take(vireo_device *d, const choices *from, bool alike, vireo_tuned_import *out,
                         vireo_error *err)
{
    const choice own = choice_of(d, &(vr_tuned_row){.us = 0});
    vireo_status st = VIREO_OK;
    *out = (vireo_tuned_import){.unmeasured = from->unmeasured};
    for (size_t i = 0; !st && i < from->count; i++) {
        const choice *c = &from->list[i];
        const bool same =
            !strcmp(c->device, own.device) || (alike && !strcmp(c->device_name, own.device_name));
        if (!same || strcmp(c->driver, own.driver) != 0) {
            if (!out->foreign++) {
                memcpy(out->device_name, c->device_name, NAME);
                memcpy(out->driver_name, c->driver_name, NAME);
            }
            continue;
        }
        bool kept = false;
        st = vr_tuned_put(d, &c->row, &kept, err);
        out->taken += !st && kept;
        out->pinned += !st && !kept;
    }
    return st;
}

static vireo_status load(vireo_device *d, vireo_error *err)
{
    choices all = {.allocator = d->allocator};
    vireo_error why = {0};
    vireo_tuned_import taken;
    char *path = vr_path_join(d->allocator, d->cache_dir, VR_TUNED_FILE);
    vireo_status st = path ? read_kept(path, &all, &why) : vr_fail_memory(err, "tuned kernels");
    if (!st)
        st = take(d, &all, false, &taken, &why);
    if (st && st != VIREO_ERROR_OUT_OF_MEMORY)
        vr_logf(&d->log, VIREO_LOG_WARN, "what was tuned is ignored: %s; mend or delete the file", why.message);
    if (!st && all.unmeasured)
        vr_logf(&d->log, VIREO_LOG_WARN,
                "%s: %zu of %zu choices, choices[%zu] the first, neither pinned nor measured: dropped", path,
                all.unmeasured, all.count + all.unmeasured, all.first_unmeasured);
    choices_deinit(&all);
    vr_free(d->allocator, path);
    return st == VIREO_ERROR_OUT_OF_MEMORY ? vr_fail_memory(err, "tuned kernels") : VIREO_OK;
}

vireo_status vr_tuned_load(vireo_device *d, vireo_error *err)
{
    vr_tuned_lock_file(d);
    vireo_status st = d->cache_dir && !vr_tuned_is_read(d) ? load(d, err) : VIREO_OK;
    if (!st)
        vr_tuned_set_read(d);
    vr_tuned_unlock_file(d);
    return st;
}

static bool same_device(const choice *a, const choice *b)
{
    return !strcmp(a->device, b->device) && !strcmp(a->driver, b->driver);
}

/* Whether one of `others`, if need be only of those that are pinned, stands for the choice; so does any of the
 * same call for one that is stale. */
static bool is_replaced(const choice *c, const choices *others, bool by_pins_alone)
{
    for (size_t i = 0; i < others->count; i++) {
        const choice *o = &others->list[i];
        const bool later = c->stale && !strcmp(o->row.call, c->row.call);
        if (same_device(o, c) && (o->row.pinned || !by_pins_alone) &&
            (later || vr_tuned_stands_for(&o->row, &c->row)))
            return true;
    }
    return false;
}

/* The file's and the device's; what is pinned in the file stays. */
static bool merge(const choices *old, const choices *own, choices *all)
{
    bool ok = true;
    for (size_t i = 0; ok && i < old->count; i++)
        ok = is_replaced(&old->list[i], own, false) || add(all, &old->list[i]);
    for (size_t i = 0; ok && i < own->count; i++)
        ok = (!own->list[i].row.pinned && is_replaced(&own->list[i], old, true)) || add(all, &own->list[i]);
    const size_t most = 2 * VR_MOST_TUNED, excess = all->count > most ? all->count - most : 0;
    if (excess) { /* the oldest make room */
        all->count = most;
        memmove(all->list, all->list + excess, most * sizeof *all->list);
    }
    return ok;
}

static vireo_status find_stale(vireo_device *d, choices *c, vireo_error *err)
{
    const choice own = choice_of(d, &(vr_tuned_row){.us = 0});
    vireo_status st = VIREO_OK;
    for (size_t i = 0; !st && i < c->count; i++)
        if (same_device(&c->list[i], &own))
            st = vr_tuned_is_stale(d, &c->list[i].row, &c->list[i].stale, err);
    return st;
}

static vireo_status save(vireo_device *d, const char *path, vireo_error *err)
{
    choices old = {.allocator = d->allocator}, own = old, all = old;
    vr_str text;
    vr_str_init(&text, d->allocator);
    vireo_status st = read_kept(path, &old, err);
    if (!st)
        st = find_stale(d, &old, err);
    if (!st)
        st = add_own(d, &own, err);
    if (!st && !merge(&old, &own, &all))
        st = vr_fail_memory(err, path);
    if (!st)
        write_all(&text, &all);
    if (!st && text.failed)
        st = vr_fail_memory(err, path);
    if (!st)
        st = vr_cache_put(d, path, text.data, text.length, err);
    vr_str_deinit(&text);
    choices_deinit(&all);
    choices_deinit(&own);
    choices_deinit(&old);
    return st;
}

/* What the file has not yet, which stays so if it fails. */
static vireo_status keep(vireo_device *d, vireo_error *err)
{
    vr_tuned_lock_file(d);
    char *path = vr_path_join(d->allocator, d->cache_dir, VR_TUNED_FILE);
    vireo_status st = path ? save(d, path, err) : vr_fail_memory(err, "tuned kernels");
    if (st)
        vr_tuned_touch(d);
    vr_free(d->allocator, path);
    vr_tuned_unlock_file(d);
    return st;
}

void vr_tuned_save(vireo_device *d)
{
    vireo_error why = {0};
    if (d->cache_dir && vr_tuned_settle(d) && keep(d, &why) && vr_tuned_tell(d))
        vr_logf(&d->log, VIREO_LOG_WARN, "what was tuned is not kept, the file stays as it is: %s",
                why.message);
}

/* ---- Public --------------------------------------------------------------------------------- */

bool vireo_device_get_tuned(vireo_device *d, size_t index, vireo_tuned *out)
{
    vr_tuned_row row;
    bool stale, changed = false;
    if (vr_tuned_load(d, NULL) || !vr_tuned_get(d, NULL, index, &row) ||
        vr_tuned_is_stale(d, &row, &stale, NULL) ||
        (row.pinned && vr_tuned_has_changed(d, &row, &changed, NULL)))
        return false;
    _Static_assert(sizeof out->call >= sizeof row.call && sizeof out->kernel >= sizeof row.kernel &&
                       sizeof out->usual >= sizeof row.usual,
                   "texts fit");
    /* Times of a pinned choice are shown if they are of the kernel that is pinned. */
    const bool timed = !row.pinned || !changed;
    *out = (vireo_tuned){.us = timed ? row.us : 0,
                         .usual_us = timed ? row.usual_us : 0,
                         .pinned = row.pinned,
                         .open = row.partly && !row.pinned,
                         .stale = stale,
                         .met = row.met,
                         .refused = row.pinned && (row.refused || vr_tuned_is_unknown(&row))};
    memcpy(out->call, row.call, sizeof row.call);
    memcpy(out->kernel, row.kernel, sizeof row.kernel);
    memcpy(out->usual, row.usual, sizeof row.usual);
    return true;
}

vireo_status vireo_device_check_tuned(vireo_device *d, vireo_error *err)
{
    choices all = {.allocator = d->allocator};
    if (!d->cache_dir)
        return vr_fail(err, VIREO_ERROR_NOT_FOUND, "no cache folder, in which " VR_TUNED_FILE " would be");
    char *path = vr_path_join(d->allocator, d->cache_dir, VR_TUNED_FILE);
    vireo_status st = path ? read_kept(path, &all, err) : vr_fail_memory(err, "tuned kernels");
    choices_deinit(&all);
    vr_free(d->allocator, path);
    return st;
}

vireo_status vireo_device_keep_tuned(vireo_device *d, vireo_error *err)
{
    vireo_status st = vireo_device_check_tuned(d, err);
    if (st)
        return st;
    if (vr_tuned_settle(d))
        return keep(d, err);
    char *path = vr_path_join(d->allocator, d->cache_dir, VR_TUNED_FILE);
    st = path ? vr_cache_put(d, path, NULL, 0, err) : vr_fail_memory(err, "tuned kernels");
    vr_free(d->allocator, path);
    return st;
}

vireo_status vireo_device_export_tuned(vireo_device *d, const char *path, vireo_error *err)
{
    choices own = {.allocator = d->allocator};
    vr_str text;
    vr_str_init(&text, d->allocator);
    vireo_status st = vr_tuned_load(d, err);
    if (!st)
        st = add_own(d, &own, err);
    if (!st) {
        write_all(&text, &own);
        st = text.failed ? vr_fail_memory(err, path)
                         : vr_file_write(d->allocator, path, text.data, text.length, err);
    }
    vr_str_deinit(&text);
    choices_deinit(&own);
    return st;
}

vireo_status vireo_device_import_tuned(vireo_device *d, const char *path, vireo_tuned_import *out,
                                       vireo_error *err)
{
    choices all = {.allocator = d->allocator};
    vireo_tuned_import found;
    vireo_status st = d->cache_dir ? vireo_device_keep_tuned(d, err) : VIREO_OK;
    if (!st)
        st = vr_tuned_load(d, err);
    if (!st)
        st = read_file(path, &all, err);
    if (!st)
        st = take(d, &all, true, &found, err);
    if (!st && d->cache_dir && found.taken)
        st = keep(d, err);
    if (!st)
        *out = found;
    choices_deinit(&all);
    return st;
}
