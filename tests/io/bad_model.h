/* SPDX-License-Identifier: Apache-2.0
 * A folder that must be refused: what is said, what it costs, and that nothing is written. */
#ifndef TEST_BAD_MODEL_H
#define TEST_BAD_MODEL_H
#include "temp_folder.h"
#include "vireo/vireo.h"

typedef vireo_status bad_model_reader(const char *folder, vireo_error *);
/* Reads the folder, here (leaks are the sanitizer's to find) and in a child, whose processor time
 * and memory are held against the limits: 100 ms, and the files' bytes and 64 MiB. message stands
 * behind the folder's path; "" with VIREO_OK. */
void bad_model_read(const char *folder, const char *row, bad_model_reader *, vireo_status,
                    uint32_t reason, uint64_t offset, const char *message);
/* By vireo_source_open. */
void bad_model_open(const temp_folder *, const char *row, vireo_status, uint32_t reason,
                    uint64_t offset, const char *message);
/* The same for what is found after opening: vr_source_check_hyper. */
void bad_model_hyper(const temp_folder *, const char *row, vireo_status, uint32_t reason,
                     const char *message);
long bad_model_resident_kib(void); /* of this process, now */
#endif
