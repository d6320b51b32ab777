/* SPDX-License-Identifier: Apache-2.0
 * What is known of kernels (vk/tuned.h) as JSON, for people to read, share and change; the cache folder's is
 * VR_TUNED_FILE, of all devices that use the folder:
 *
 *     {"format": "vireo tuned 1", "choices": [
 *      {"device": UUID, "device_name": "...", "driver": HASH, "driver_name": "...",
 *       "call": "matmul f32[512,384] f32[1536,384]", "kernel": "texel", "usual": "tall",
 *       "ns": 812300, "usual_ns": 1032100, "partly": true, "heard": "few weights",
 *       "source": HASH, "kernel_source": HASH, "check_source": HASH, "pinned": false}, ...]}
 *
 * "pinned": true is a person's word: the kernel runs whatever was measured, which stays in the choice, for when
 * the pin is taken back; one that a person has written needs no usual, ns, usual_ns, partly and sources. A
 * choice without them that is not pinned is dropped, with a warning. "heard": the other kernels that were
 * timed; where it is not there, they are timed again. */
#ifndef VR_API_TUNED_FILE_H
#define VR_API_TUNED_FILE_H
#include "vk/tuned.h"

/* Reads the cache folder's file, if that was not done yet; other threads wait for it. One that is damaged is
 * a warning and ignored. Fails on exhausted memory only. */
vireo_status vr_tuned_load(vireo_device *, vireo_error *);
/* Writes what was measured since the last time into the file as it is now: what is pinned there, and what
 * other devices have in it, stays. Of processes that write at one time the last one wins. A file that cannot
 * be read is left alone; that, and other faults, are one warning a device, and vireo_device_keep_tuned tells
 * of them. */
void vr_tuned_save(vireo_device *);
#endif
