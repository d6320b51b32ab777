/* SPDX-License-Identifier: Apache-2.0
 * Files read in pieces, and what stands at a path without opening it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"

enum { BYTES = 10 };
static char folder[64], path[80], other[80];

static int set_up(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/vireo-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return vr_file_write(NULL, path, "0123456789", BYTES, NULL) ? -1 : 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    return rmdir(folder);
}

static void reads_in_pieces(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= BYTES + 1; piece++) {
        vr_reader r = {0};
        char text[BYTES + 1] = "";
        size_t got = 1, n = 0;
        assert_int_equal(vr_reader_open(&r, path, NULL), VIREO_OK);
        assert_int_equal(r.file.bytes, BYTES);
        for (; got > 0; n += got) {
            assert_int_equal(vr_reader_get(&r, text + n, piece, &got, NULL), VIREO_OK);
            assert_int_equal(got, piece < BYTES - n ? piece : BYTES - n);
            assert_int_equal(r.at, n + got);
        }
        assert_string_equal(text, "0123456789");
        vr_reader_close(&r);
        vr_reader_close(&r);
    }
}

/* Cut after it was opened: what is left can be read, what is gone is an error. */
static void notices_a_cut(void **state)
{
    (void)state;
    vr_reader r;
    char text[BYTES], expected[200];
    size_t got = 77;
    vireo_error err = {0};
    assert_int_equal(vr_reader_open(&r, path, NULL), VIREO_OK);
    assert_int_equal(vr_reader_get(&r, text, 3, &got, NULL), VIREO_OK);
    assert_int_equal(truncate(path, 5), 0);
    assert_int_equal(vr_reader_get(&r, text, 2, &got, NULL), VIREO_OK);
    assert_int_equal(vr_reader_get(&r, text, 2, &got, &err), VIREO_ERROR_IO);
    snprintf(expected, sizeof expected, "%s: became shorter while it was read (5 of 10 bytes)",
             path);
    assert_string_equal(err.message, expected);
    assert_int_equal(err.offset, 5);
    assert_int_equal(got, 2);
    vr_reader_close(&r);
}

static void judges_what_stands_there(void **state)
{
    (void)state;
    vr_reader r = {.at = 77};
    char expected[200];
    vireo_error err = {0};
    assert_int_equal(vr_file_regular_or_absent(path, NULL), VIREO_OK);
    assert_int_equal(vr_file_regular_or_absent(other, NULL), VIREO_OK);
    assert_int_equal(mkfifo(other, 0600), 0);
    snprintf(expected, sizeof expected, "%s: is a pipe, a regular file is needed (NOT_FILE)",
             other);
    assert_int_equal(vr_file_regular_or_absent(other, &err), VIREO_ERROR_IO);
    assert_string_equal(err.message, expected);
    assert_int_equal(vr_reader_open(&r, other, &err), VIREO_ERROR_IO);
    assert_string_equal(err.message, expected);
    assert_int_equal(r.at, 77);
    snprintf(other, sizeof other, "%s/file/below", folder);
    snprintf(expected, sizeof expected, "%s: cannot be examined: Not a directory", other);
    assert_int_equal(vr_file_regular_or_absent(other, &err), VIREO_ERROR_NOT_FOUND);
    assert_string_equal(err.message, expected);
    snprintf(other, sizeof other, "%s/other", folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_in_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(notices_a_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(judges_what_stands_there, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
