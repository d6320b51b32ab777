/* SPDX-License-Identifier: Apache-2.0
 * The self-test's verdicts.txt: what is accepted is what would be written for its rows, byte for byte, and
 * no file that was cut behind a line or by a byte is accepted. The parser is the source's own, which shows
 * only whole files. */
#include "vk/verdict.c" /* NOLINT(bugprone-suspicious-include) */
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static vireo_status read_rows(const char *text, size_t bytes, rows *out)
{
    size_t line = 0;
    const vireo_status st = parse(NULL, text, bytes, out, &line);
    size_t newlines = 0;
    for (size_t i = 0; i < bytes; i++)
        newlines += text[i] == '\n';
    require(st == VIREO_OK || st == VIREO_ERROR_FORMAT);
    require(line >= 1 && line <= newlines + 1 && out->count <= VR_MOST_VERDICTS);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    const char *text = (const char *)data;
    rows r = {0}, cut;
    if (!read_rows(text, bytes, &r)) {
        vr_str again;
        vr_str_init(&again, NULL);
        write_text(&r, &again);
        require(!again.failed && again.length == bytes && !memcmp(again.data, text, bytes));
        vr_str_deinit(&again);
        for (size_t n = bytes; n-- > 0;)
            if (n == bytes - 1 || (n > 0 && text[n - 1] == '\n')) {
                cut = (rows){0};
                require(read_rows(text, n, &cut) == VIREO_ERROR_FORMAT);
                vr_free(NULL, cut.list);
            }
    }
    vr_free(NULL, r.list);
    return 0;
}
