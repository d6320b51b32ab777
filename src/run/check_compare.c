/* SPDX-License-Identifier: Apache-2.0 */
#include "run/selftest.h"
#include <math.h>
#include <stdio.h>

static const double allowed_nmse = 1e-10, allowed_error = 1e-5;

typedef struct result {
    const double *expected;
    const void *got;
    size_t n;
    bool ints;
} result;

static double got_at(const result *r, size_t i)
{
    return r->ints ? (double)((const int32_t *)r->got)[i] : (double)((const float *)r->got)[i];
}

/* Infinite where one of them is no number, or infinite, and the other is not. */
static double difference(const result *r, size_t i)
{
    const double got = got_at(r, i), d = fabs(got - r->expected[i]);
    if (got == r->expected[i] || (isnan(got) && isnan(r->expected[i])))
        return 0;
    return isnan(d) ? INFINITY : d;
}

static void list_wrong(const result *r, double above, vr_finding *f)
{
    f->n_wrong = 0;
    for (size_t i = 0; i < r->n && f->n_wrong < VR_MOST_WRONG; i++) {
        if (!(difference(r, i) > above))
            continue;
        f->wrong[f->n_wrong].index = i;
        f->wrong[f->n_wrong].expected = r->expected[i];
        f->wrong[f->n_wrong++].got = got_at(r, i);
    }
}

static void compare(const result *r, double most_nmse, uint32_t output, vr_finding *f)
{
    double scale = 0, worst = 0, square = 0, error = 0;
    for (size_t i = 0; i < r->n; i++) {
        const double x = r->expected[i], d = difference(r, i);
        scale = isfinite(x) ? fmax(scale, fabs(x)) : scale;
        square += isfinite(x) ? x * x : 0;
        error += d * d;
        worst = fmax(worst, d);
    }
    const double nmse = error > 0 ? error / square : 0, relative = worst > 0 ? worst / scale : 0;
    f->nmse = fmax(f->nmse, nmse);
    f->error = fmax(f->error, relative);
    if (r->ints ? worst == 0 : nmse <= most_nmse && relative <= allowed_error)
        return;
    f->state = VR_VERDICT_FAILED;
    f->output = output;
    list_wrong(r, r->ints ? 0 : allowed_error * scale, f);
    if (!f->n_wrong)
        list_wrong(r, 0, f);
    if (r->ints)
        snprintf(f->reason, sizeof f->reason, "wrong: integers differ");
    else
        snprintf(
            f->reason, sizeof f->reason,
            "wrong: NMSE %.3g, allowed %.3g; largest error %.3g of the largest value, allowed %.3g",
            nmse, most_nmse, relative, allowed_error);
}

/* Later kernels read whole quads: what follows a row is zero. */
static void compare_padding(const vr_check_case *c, const vr_bucket *b, uint32_t output,
                            vr_finding *f)
{
    const uint32_t id = b->model->graph->outputs[output].value;
    const vr_value *v = &b->values[id];
    const size_t pitch = vr_value_pitch(v);
    const size_t rows = c->elements[output] ? (size_t)vr_value_rows_now(v) : 0;
    const size_t width = (size_t)(v->rank == 1 ? v->count : vr_value_width(v));
    const size_t end = v->rank == 1 ? (width + 3) / 4 * 4 : pitch;
    const vr_place *place = &b->places[id];
    const uint32_t *words = (const void *)(b->slots[0].output_data + place->offset);
    for (size_t r = 0; r < rows && f->state == VR_VERDICT_PASSED; r++)
        for (size_t i = width; i < end; i++) {
            if (words[r * pitch + i] == 0)
                continue;
            f->state = VR_VERDICT_FAILED;
            f->output = output;
            snprintf(f->reason, sizeof f->reason,
                     "wrong: what follows row %zu is %08x, it must be zero", r,
                     (unsigned)words[r * pitch + i]);
        }
}

void vr_check_compare(const vr_check_case *c, void *const got[VR_MAX_OUT], const vr_bucket *b,
                      vr_finding *f)
{
    for (uint32_t i = 0; i < vr_ops[c->op]->n_out && f->state == VR_VERDICT_PASSED; i++) {
        const result r = {.expected = c->expected[i],
                          .got = got[i],
                          .n = c->elements[i],
                          .ints = c->call.out[i]->dtype == VIREO_I32};
        compare(&r, c->check->nmse > 0 ? c->check->nmse : allowed_nmse, i, f);
        if (f->state == VR_VERDICT_PASSED)
            compare_padding(c, b, i, f);
    }
}
