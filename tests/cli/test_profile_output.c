/* SPDX-License-Identifier: Apache-2.0
 * What --profile tells of devices with timestamps and without: the program cannot be given one without. */
#include "tests/device_test.h"
#include "cli/engine.h"
#include "cli/json_in.h"
#include "cli/profile_output.h"
#include "vireo/graph.h"
#include "vireo/inspect.h"
#include "vk/scratch.h"
#include <math.h>
#include <unistd.h>

enum { ROWS = 64 };

static const char no_timestamps[] =
    "vireo: profile: the device has no timestamps: times are the host's, each kernel is submitted alone\n";

/* y = xxᵀ once, which is an event of one product. */
static void run(vireo_device *d)
{
    static float x[ROWS * ROWS], y[ROWS * ROWS];
    const int64_t shape[] = {ROWS, ROWS};
    const vireo_tensor in = {VIREO_F32, 2, {ROWS, ROWS}, x, sizeof x};
    vireo_tensor out = {.data = y, .bytes = sizeof y};
    const vireo_session_options options = VIREO_OPTIONS(vireo_session_options);
    vireo_graph *g = NULL;
    vireo_model *m = NULL;
    vireo_session *s = NULL;
    vireo_error err = {0};
    assert_int_equal(vireo_graph_create(NULL, &g, &err), VIREO_OK);
    const vireo_value v = vireo_graph_input(g, "x", VIREO_F32, 2, shape, (vireo_symbol){0});
    vireo_graph_output(g, "y", vireo_matmul(g, v, v, &(vireo_matmul_args){.transpose_b = true}));
    if (vireo_model_create(d, &g, NULL, &m, &err) || vireo_session_create(m, &options, &s, &err) ||
        vireo_session_run(s, &in, 1, &out, 1, &err))
        fail_msg("%s", err.message);
    vireo_session_destroy(&s);
    vireo_model_destroy(&m);
}

/* What vr_profile_report prints to standard error, into `text`; path: "", or where the trace goes. */
static void report(vireo_device *d, const char *path, char *text, size_t size)
{
    const vr_cli cli = {.global.profile = path};
    vr_engine e = {.cli = &cli, .device = d};
    FILE *file = tmpfile();
    assert_non_null(file);
    fflush(stderr);
    const int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(file), STDERR_FILENO) >= 0);
    const int status = vr_profile_report(&e);
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    rewind(file);
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
    print_message("%s", text);
    assert_int_equal(status, VR_EXIT_OK);
}

static void by_the_host(void **state)
{
    const vr_device_override o = {.no_timestamps = true};
    const vireo_device_options options = test_device_options();
    vireo_device *d = test_device_create_with(&options, &o);
    char text[2048];
    (void)state;
    vireo_device_set_profile(d, true);
    run(d);
    report(d, "", text, sizeof text);
    const char *rest = text + strlen(no_timestamps);
    assert_memory_equal(text, no_timestamps, strlen(no_timestamps));
    assert_memory_equal(rest, "1 kernels and shapes, ", 22);
    assert_non_null(strstr(rest, " ms by the host's clock;\nthe roof is "));
    assert_non_null(strstr(rest, "\nmatmul/"));
    test_device_destroy(&d);
}

/* The note is of the device, not of what ran; a device with timestamps has none. */
static void nothing_ran(void **state)
{
    static const char nothing[] = "vireo: profile: nothing ran on the device\n";
    char text[2048];
    (void)state;
    for (int lacks = 0; lacks < 2; lacks++) {
        const vr_device_override o = {.no_timestamps = lacks};
        const vireo_device_options options = test_device_options();
        vireo_device *d = test_device_create_with(&options, &o);
        vireo_profile profile;
        vireo_device_get_profile(d, &profile);
        const size_t note = profile.device_clock ? 0 : strlen(no_timestamps);
        assert_false(lacks && profile.device_clock);
        report(d, "", text, sizeof text);
        assert_memory_equal(text, no_timestamps, note);
        assert_string_equal(text + note, nothing);
        test_device_destroy(&d);
    }
}

static bool near(double got, double want)
{
    return fabs(got - want) <= 1e-6 * want;
}

/* The only event of a trace, whose work is known, in microseconds of the clock that is named. */
static void check_trace(const char *path, const vireo_profile_event *e, const char *clock)
{
    const double flops = 2.0 * ROWS * ROWS * ROWS, bytes = 3.0 * ROWS * ROWS * sizeof(float);
    cJSON *root = NULL;
    assert_int_equal(vr_json_in(path, &root, NULL), VIREO_OK);
    const cJSON *other = cJSON_GetObjectItemCaseSensitive(root, "otherData"), *found = NULL;
    for (const cJSON *i = cJSON_GetObjectItemCaseSensitive(root, "traceEvents")->child; i; i = i->next)
        if (!strcmp(vr_in_text(i, "ph"), "X")) {
            assert_null(found);
            found = i;
        }
    assert_non_null(found);
    const cJSON *args = cJSON_GetObjectItemCaseSensitive(found, "args");
    const double ns = 1e3 * vr_in_number(args, "us"), roof_gflops = vr_in_number(other, "roof_gflops");
    assert_string_equal(vr_in_text(other, "clock"), clock);
    assert_string_equal(vr_in_text(args, "shape"), "64x64 64x64");
    assert_true(e->ns > 0 && near(ns, (double)e->ns) && vr_in_number(found, "dur") == ns / 1e3);
    assert_true(near(e->flops, flops) && near(vr_in_number(args, "gflops") * ns, flops));
    assert_true(near(e->bytes, bytes) && near(vr_in_number(args, "gb_per_s") * ns, bytes));
    assert_true(near(vr_in_number(args, "roof"),
                     fmax(flops / ns / roof_gflops, bytes / ns / vr_in_number(other, "roof_gb_per_s"))));
    cJSON_Delete(root);
}

static void traced(void **state)
{
    scratch folder;
    char path[128], text[2048];
    (void)state;
    scratch_init(&folder);
    snprintf(path, sizeof path, "%s/trace.json", folder.path);
    for (int lacks = 0; lacks < 2; lacks++) {
        const vr_device_override o = {.no_timestamps = lacks};
        const vireo_device_options options = test_device_options();
        vireo_device *d = test_device_create_with(&options, &o);
        vireo_profile profile;
        vireo_profile_event e;
        vireo_device_set_profile(d, true);
        run(d);
        report(d, path, text, sizeof text);
        vireo_device_get_profile(d, &profile);
        assert_true(vireo_device_get_profile_event(d, 0, &e));
        assert_string_equal(text, profile.device_clock ? "" : no_timestamps);
        assert_false(lacks && profile.device_clock);
        check_trace(path, &e, profile.device_clock ? "device" : "host");
        test_device_destroy(&d);
    }
    scratch_deinit(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_the_host),
        cmocka_unit_test(nothing_ran),
        cmocka_unit_test(traced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
