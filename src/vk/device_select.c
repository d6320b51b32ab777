/* SPDX-License-Identifier: Apache-2.0 */
#include "vk/device_select.h"
#include "base/str.h"
#include <stdlib.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

static bool starts_with(const char *text, const char *part)
{
    for (; *part; text++, part++)
        if (lower(*text) != lower(*part))
            return false;
    return true;
}

static bool contains(const char *text, const char *part)
{
    for (; *text; text++)
        if (starts_with(text, part))
            return true;
    return false;
}

/* One or two digits are always an index: "5" must not find "LLVM 15". "4090" is part of a name. */
static bool is_index(const char *select)
{
    size_t length = strlen(select);
    return length <= 2 && strspn(select, "0123456789") == length;
}

static vireo_status fail_with_list(const vireo_device_info *infos, size_t n,
                                   const vireo_allocator *a, vireo_status st, const char *head,
                                   const char *select, vireo_error *err)
{
    vr_str list;
    vr_str_init(&list, a);
    for (size_t i = 0; i < n; i++)
        vr_str_addf(&list, "%s%zu: %s%s%s%s", i ? "; " : "", i, infos[i].name,
                    infos[i].usable ? "" : " (unusable: ", infos[i].why_not,
                    infos[i].usable ? "" : ")");
    if (list.failed)
        st = vr_fail_memory(err, "list of devices");
    else
        vr_fail(err, st, "%s%s%s. Devices: %s", head, select ? select : "", select ? "\"" : "",
                list.data ? list.data : "none");
    vr_str_deinit(&list);
    return st;
}

static size_t find_matches(const vireo_device_info *infos, size_t n, const char *select,
                           bool usable_only, size_t *first)
{
    size_t matches = 0;
    for (size_t i = 0; i < n; i++) {
        if (usable_only && !infos[i].usable)
            continue;
        if (contains(infos[i].name, select) || contains(infos[i].driver, select)) {
            if (matches == 0)
                *first = i;
            matches++;
        }
    }
    return matches;
}

static vireo_status find(const vireo_device_info *infos, size_t n, const char *select,
                         const vireo_allocator *a, size_t *out, vireo_error *err)
{
    if (is_index(select)) {
        *out = (size_t)strtoul(select, NULL, 10);
        if (*out < n)
            return VIREO_OK;
        return fail_with_list(infos, n, a, VIREO_ERROR_NO_DEVICE, "there is no device \"", select,
                              err);
    }
    for (size_t i = 0; i < n; i++) {
        if (infos[i].uuid[0] && strlen(select) == strlen(infos[i].uuid) &&
            starts_with(infos[i].uuid, select)) {
            *out = i;
            return VIREO_OK;
        }
    }
    size_t all = find_matches(infos, n, select, false, out);
    if (all == 0)
        return fail_with_list(infos, n, a, VIREO_ERROR_NO_DEVICE, "no device matches \"", select,
                              err);
    if (all == 1 || find_matches(infos, n, select, true, out) == 1)
        return VIREO_OK;
    return fail_with_list(infos, n, a, VIREO_ERROR_INVALID_ARGUMENT,
                          "more than one device matches \"", select, err);
}

vireo_status vr_device_select(const vireo_device_info *infos, size_t n, const char *select,
                              const vireo_allocator *a, size_t *out, vireo_error *err)
{
    size_t index = 0;
    if (!select || !*select) {
        for (size_t i = 0; i < n; i++) {
            if (infos[i].usable) {
                *out = i;
                return VIREO_OK;
            }
        }
        return fail_with_list(infos, n, a, VIREO_ERROR_NO_DEVICE, "no device is usable", NULL, err);
    }
    vireo_status st = find(infos, n, select, a, &index, err);
    if (st)
        return st;
    if (!infos[index].usable)
        return vr_fail(err, VIREO_ERROR_NO_DEVICE, "device %zu (%s) cannot be used: %s", index,
                       infos[index].name, infos[index].why_not);
    *out = index;
    return VIREO_OK;
}
