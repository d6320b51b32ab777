/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tuned_file.h"
#include "run/session.h"
#include <string.h>

vireo_status vireo_session_create(vireo_model *m, const vireo_session_options *o,
                                  vireo_session **out, vireo_error *err)
{
    if (!m || !out)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_session_create: model and out are needed");
    vireo_session_options known = VIREO_OPTIONS(vireo_session_options);
    if (o && o->struct_size < sizeof o->struct_size)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_session_options.struct_size is %zu; use VIREO_OPTIONS",
                       o->struct_size);
    if (o)
        memcpy(&known, o, o->struct_size < sizeof known ? o->struct_size : sizeof known);
    vireo_status st = vr_tuned_load(m->device, err);
    if (!st)
        st = vr_session_create(m, &known, out, err);
    if (!st)
        (*out)->keep = vr_tuned_save;
    return st;
}

vireo_status vireo_session_submit(vireo_session *s, const vireo_tensor *in, size_t n_in,
                                  vireo_error *err)
{
    if (!s || (n_in && !in))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_session_submit: session and inputs are needed");
    return vr_session_submit(s, in, n_in, err);
}

vireo_status vireo_session_wait(vireo_session *s, vireo_tensor *out, size_t n_out,
                                vireo_error *err)
{
    if (!s || (n_out && !out))
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_session_wait: session and outputs are needed");
    return vr_session_wait(s, out, n_out, err);
}

vireo_status vireo_session_run(vireo_session *s, const vireo_tensor *in, size_t n_in,
                               vireo_tensor *out, size_t n_out, vireo_error *err)
{
    if (s && s->n_flights)
        return vr_fail(err, VIREO_ERROR_INVALID_ARGUMENT,
                       "vireo_session_run: a submission is in flight: wait for it first");
    vireo_status st = vireo_session_submit(s, in, n_in, err);
    return st ? st : vireo_session_wait(s, out, n_out, err);
}

void vireo_session_destroy(vireo_session **s)
{
    vr_session_destroy(s);
}
