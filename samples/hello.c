/* SPDX-License-Identifier: Apache-2.0
 * The devices there are, and a product of two matrices on the best of them.
 * usage: hello */
#include "vireo/graph.h"
#include <stdio.h>

static int fail(const vireo_error *err)
{
    fprintf(stderr, "hello: %s: %s\n", vireo_status_text(err->status), err->message);
    return 1;
}

int main(void)
{
    vireo_error err = {0};
    vireo_device_info *list = NULL;
    size_t count = 0;
    if (vireo_device_list(NULL, &list, &count, &err))
        return fail(&err);
    for (size_t i = 0; i < count; i++)
        printf("device %u: %s (%s)%s%s\n", list[i].index, list[i].name, list[i].driver,
               list[i].usable ? "" : ": not usable, ", list[i].why_not);
    vireo_device_list_free(&list);

    vireo_device *device = NULL;
    if (vireo_device_create(NULL, &device, &err))
        return fail(&err);
    printf("using %s\n", vireo_device_get_info(device)->name);

    /* A graph: y = x · w, with w fixed and x given at run time. Builder calls need no checks: the
     * first fault is reported by vireo_model_create. */
    const int64_t shape[] = {2, 2};
    float w[] = {1, 2, 3, 4};
    vireo_tensor weights = {VIREO_F32, 2, {2, 2}, w, sizeof w};
    vireo_graph *graph = NULL;
    vireo_model *model = NULL;
    vireo_session *session = NULL;
    vireo_status st = vireo_graph_create(NULL, &graph, &err);
    if (!st) {
        vireo_value x = vireo_graph_input(graph, "x", VIREO_F32, 2, shape, (vireo_symbol){0});
        vireo_value y = vireo_matmul(graph, x, vireo_graph_constant(graph, "w", &weights), NULL);
        vireo_graph_output(graph, "y", y);
        st = vireo_model_create(device, &graph, NULL, &model, &err);
    }
    if (!st)
        st = vireo_session_create(model, NULL, &session, &err);

    float input[] = {1, 1, 10, 100}, output[4] = {0};
    vireo_tensor in = {VIREO_F32, 2, {2, 2}, input, sizeof input};
    vireo_tensor out = {.data = output, .bytes = sizeof output};
    if (!st)
        st = vireo_session_run(session, &in, 1, &out, 1, &err);
    if (!st)
        printf("[1 1; 10 100] x [1 2; 3 4] = [%g %g; %g %g]\n", output[0], output[1], output[2],
               output[3]);
    else
        fail(&err);
    vireo_session_destroy(&session);
    vireo_model_destroy(&model);
    vireo_device_destroy(&device);
    return st != VIREO_OK;
}
