/* SPDX-License-Identifier: Apache-2.0
 * Linked into the programs of a sanitizer build. Libraries stay loaded, so that what a driver
 * leaked is reported under the driver's name, which tests/lsan.supp can name, and not as an unknown
 * module. */
int dlclose(void *handle);

int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
