/* SPDX-License-Identifier: Apache-2.0
 * tuned.json, which people share: what is accepted is written as a text that reads back as the same, and what
 * is refused says where. The reader is the source's own, which takes only files. */
#include "api/tuned_file.c" /* NOLINT(bugprone-suspicious-include) */
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static vireo_status read_choices(const char *text, size_t bytes, choices *out)
{
    vireo_error err = {0};
    cJSON *root = NULL;
    vireo_status st = vr_json_parse(NULL, "file.json", text, bytes, NULL, &root, &err);
    if (!st)
        st = read_root("file.json", root, out, &err);
    cJSON_Delete(root);
    require(!st || strstr(err.message, "file.json: "));
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    choices first = {0}, second = {0};
    vr_str text, again;
    vr_str_init(&text, NULL);
    vr_str_init(&again, NULL);
    if (!read_choices((const char *)data, bytes, &first)) {
        write_all(&text, &first);
        require(!text.failed && !read_choices(text.data, text.length, &second));
        write_all(&again, &second);
        require(first.count == second.count && again.length == text.length &&
                !memcmp(again.data, text.data, text.length));
    }
    vr_str_deinit(&text);
    vr_str_deinit(&again);
    choices_deinit(&first);
    choices_deinit(&second);
    return 0;
}
