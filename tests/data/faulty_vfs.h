/* SPDX-License-Identifier: Apache-2.0
 * SQLite's file layer with faults: while it is armed, the call that changes a file and has the
 * number `at` fails. */
#ifndef VR_TESTS_DATA_FAULTY_VFS_H
#define VR_TESTS_DATA_FAULTY_VFS_H
#include <stdbool.h>

typedef enum faulty_how {
    FAULTY_FULL,  /* the disk is full */
    FAULTY_IO,    /* half of what is to be written arrives, then an error */
    FAULTY_DEATH, /* nothing arrives any more, as after kill -9 */
} faulty_how;

void faulty_arm(faulty_how, unsigned at); /* becomes the default file layer */
bool faulty_disarm(void);                 /* whether a call failed */
#endif
