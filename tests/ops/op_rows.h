/* SPDX-License-Identifier: Apache-2.0
 * Shapes for the ops that go over rows of any width in pieces (vr_launch_pieces). */
#ifndef OP_ROWS_H
#define OP_ROWS_H
#include <string.h>
#include "op_rand.h"

typedef struct op_row {
    int64_t shape[VIREO_MAX_RANK]; /* unused ones 0 */
    uint32_t rank;
    op_fill fill;
    bool view, heavy;
    op_device device;
    int64_t most, counts[OP_MAX_RUNS]; /* dynamic if most > 0 */
} op_row;

static const op_row op_rows[] = {
    {{1}, 1},
    {{6}, 1},
    {{5003}, 1},
    {{1, 1}, 2},
    {{7, 1}, 2},
    {{3, 2}, 2},
    {{1, 3}, 2},
    {{5, 4}, 2},
    {{4, 5}, 2},
    {{9, 8}, 2},
    {{13, 31}, 2},
    {{17, 32}, 2},
    {{16, 33}, 2},
    {{65, 129}, 2},
    {{2, 4096}, 2}, /* a piece */
    {{3, 4097}, 2}, /* and one more */
    {{2, 9001}, 2},
    {{1, 300007}, 2},
    {{3, 5, 7}, 3},
    {{2, 1, 12}, 3},
    {{2, 3, 2, 6}, 4},
    {{3, 2, 5000}, 3},
    {{0}, 1},
    {{4, 0}, 2},
    {{2, 3, 0}, 3},
    {{0, 8}, 2},
    {{3, 0, 5}, 3},
    {{2, 5000}, 2, FILL_SHIFTED},
    {{4, 63}, 2, FILL_WIDE},
    {{4, 20}, 2, FILL_ZERO}, /* all equal */
    {{2, 8200}, 2, FILL_ZERO},
    {{5, 21}, 2, FILL_TINY},
    {{6, 22}, 2, FILL_HUGE},
    {{3, 40}, 2, FILL_DENORMAL},
    {{2, 4096}, 2, FILL_CANCEL},
    {{3, 20000}, 2, FILL_CANCEL},
    {{33, 64}, 2, .view = true},
    {{0, 64}, 2, .view = true},
    {{2, 3, 100}, 3, .view = true},
    {{3, 4200}, 2, .view = true},
    {{1000, 20}, 2, .device = OP_DEVICE_LOW},
    {{300, 64}, 2, .device = OP_DEVICE_LOW, .view = true},
    {{10, 30, 65}, 3, .device = OP_DEVICE_LOW},
    {{20, 1001}, 2, .device = OP_DEVICE_LOW}, /* slabs that begin anywhere */
    {{7, 5, 501}, 3, .device = OP_DEVICE_LOW},
    {{5, 9003}, 2, .device = OP_DEVICE_LOW}, /* and have several pieces a row */
    {{0, 64}, 2, .device = OP_DEVICE_LOW, .most = 500, .counts = {300, 20, 500}},
    {{0, 16}, 2, .most = 40, .counts = {3, 40, 0}},
    {{0, 17}, 2, .most = 300, .counts = {17, 0, 130}},
    {{0, 3, 5}, 3, .most = 64, .counts = {33, 2, 64}},
    {{0, 4500}, 2, .most = 7, .counts = {7, 0, 5}},
    {{0}, 1, .most = 100, .counts = {1, 33, 100}},
    {{0}, 1, .most = 20000, .counts = {20000, 0, 4097}},
};
enum { OP_N_ROWS = sizeof op_rows / sizeof *op_rows };

/* x, operand 0, of a row. */
static inline void op_set_row(op_case *c, const op_row *r)
{
    c->in[0] = (op_operand){.source = OP_INPUT, .rank = r->rank, .fill = r->fill, .view = r->view};
    memcpy(c->in[0].shape, r->shape, sizeof r->shape);
    c->device = r->device;
    c->heavy = r->heavy;
    if (r->most) {
        c->in[0].symbol = 1;
        op_sizes(c, r->most, r->counts, 0, NULL);
    }
}

static inline void op_draw_row(uint64_t *s, op_case *c)
{
    c->in[0] = op_draw_input(s, 1, 4, 20000);
    if (c->in[0].rank == 1 && op_once_in(s, 2))
        c->in[0].shape[0] = op_below(s, 20000); /* of several pieces */
    op_draw_dynamic(s, c, 0);
}
#endif
