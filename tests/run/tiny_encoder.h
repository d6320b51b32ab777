/* SPDX-License-Identifier: Apache-2.0
 * A small BERT-like encoder built by hand, with weights from a fixed generator, and texts for it. A
 * text is a seed and a length; what its ids are depends on nothing else. Failures end the test. */
#ifndef TINY_ENCODER_H
#define TINY_ENCODER_H
#include "tests/device_test.h"
#include "vireo/graph.h"

typedef struct tiny_shape {
    int64_t width, heads, hidden, layers, vocab, positions;
    vireo_dtype table; /* of the word table: VIREO_F32 or VIREO_F16 */
} tiny_shape;
extern const tiny_shape tiny_default; /* 24 wide, 3 heads, 2 layers */

/* inputs ids, positions (tokens), offsets (sequences + 1); output embedding (sequences, width).
 * weights: at least tiny_weight_count floats, filled by the call, borrowed like constants. */
size_t tiny_weight_count(const tiny_shape *);
void tiny_build(vireo_graph *, const tiny_shape *, float *weights);
vireo_model *tiny_model(vireo_device *, const tiny_shape *);
vireo_session *tiny_session(vireo_model *, const char *force);

typedef struct tiny_text {
    uint32_t seed;
    size_t length;
} tiny_text;
/* Inputs of a batch; free with tiny_inputs_free. */
typedef struct tiny_inputs {
    vireo_tensor in[3];
    size_t tokens;
} tiny_inputs;
tiny_inputs tiny_inputs_make(const tiny_shape *, const tiny_text *, size_t n);
void tiny_inputs_free(tiny_inputs *);
/* Runs a batch; out: (n, width). */
void tiny_run(vireo_session *, const tiny_shape *, const tiny_text *, size_t n, float *out);

/* A generator with a state of its own: splitmix64. */
uint64_t tiny_random(uint64_t *state);
float tiny_uniform(uint64_t *state); /* -1..1 */
#endif
