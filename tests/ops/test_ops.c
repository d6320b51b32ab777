/* SPDX-License-Identifier: Apache-2.0
 * Every case of every op: with every kernel in turn on the device as it is, and as chosen on a device
 * whose limits are the least that Vulkan allows; all against the ops' references. The tier decides how
 * many: fast a seeded thirtieth of the written cases, default all of them and some drawn at random, full
 * more than LEAST_FULL. Prints what ran and what did not by op, kernel, dtype and class; an op's class
 * that ran nothing fails. VIREO_OPS_TABLES=PREFIX: that goes to PREFIX-DRIVER.txt, too. */
#include "device_test.h"
#include "op_case.h"
#include "op_rand.h"
#include "vireo/vireo.h"
#include <stdarg.h>

enum { LEAST_FULL = 4000, DRAWN_DEFAULT = 6, DRAWN_FULL = 200, BASE_SEED = 20261124 };
typedef enum op_tier { FAST, DEFAULT, FULL } op_tier;

static const op_cases *const all[VR_OP_COUNT] = {
#define VR_OP(id, name) &cases_##name,
#include "ops/op_list.h"
#undef VR_OP
};

static const char *const class_names[] = {
#define OP_CLASS(id, name) name,
    OP_CLASSES(OP_CLASS)
#undef OP_CLASS
};

typedef struct devices {
    vireo_device *of[OP_N_DEVICES], *least;
    vireo_device *gpu[OP_N_DEVICES], *low_discrete; /* NULL, or the same said to be a GPU */
    op_tier tier;
    size_t executed, minimal;
    FILE *tables; /* or NULL */
} devices;

typedef struct left_out {
    size_t heavy, sampled; /* by the tier */
} left_out;

static const char *only; /* index of the one case that is to run, if not NULL */

/* To the output and the file of tables. */
static void say(const devices *d, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    if (!d->tables)
        return;
    va_start(arguments, format);
    vfprintf(d->tables, format, arguments);
    va_end(arguments);
}

static FILE *open_tables(void)
{
    char path[4096];
    const char *prefix = getenv("VIREO_OPS_TABLES"), *driver = getenv("VIREO_TEST_DRIVER");
    if (!prefix)
        return NULL;
    snprintf(path, sizeof path, "%s-%s.txt", prefix, driver ? driver : "device");
    FILE *f = fopen(path, "w");
    if (!f)
        fail_msg("cannot write %s", path);
    return f;
}

static int set_up(void **state)
{
    static devices d;
    const char *tier = getenv("VIREO_TIER");
    /* Small enough that small cases need several slabs. */
    const vr_device_override low = {.whole_dispatches = true,
                                    .max_storage_binding_bytes = 1 << 16,
                                    .max_texel_elements = 1 << 10};
    const vr_device_override least = test_least_device();
    /* As fast devices are: a dispatch takes what bindings hold. The least one is slow. */
    const vr_device_override plain = {.whole_dispatches = true};
    const vr_device_override discrete = {.whole_dispatches = true, .discrete = true, .force_staging = true};
    vr_device_override low_discrete = low;
    low_discrete.discrete = low_discrete.force_staging = true;
    vireo_device_options options = test_device_options();
    d.of[OP_DEVICE] = test_device_create_with(&options, &plain);
    d.of[OP_DEVICE_LOW] = test_device_create_with(&options, &low);
    d.of[OP_DEVICE_DISCRETE] = test_device_create_with(&options, &discrete);
    d.least = test_device_create_with(&options, &least);
    if (vireo_device_get_info(d.of[OP_DEVICE])->type == VIREO_DEVICE_CPU) {
        d.gpu[OP_DEVICE] = d.of[OP_DEVICE_DISCRETE];
        d.gpu[OP_DEVICE_LOW] = d.low_discrete = test_device_create_with(&options, &low_discrete);
    }
    d.tier = tier && !strcmp(tier, "fast") ? FAST : tier && !strcmp(tier, "full") ? FULL : DEFAULT;
    d.tables = open_tables();
    say(&d, "device: %s\n", vireo_device_get_info(d.of[OP_DEVICE])->name);
    *state = &d;
    return 0;
}

static int tear_down(void **state)
{
    devices *d = *state;
    test_device_destroy(&d->least);
    if (d->low_discrete)
        test_device_destroy(&d->low_discrete);
    for (int i = 0; i < OP_N_DEVICES; i++)
        test_device_destroy(&d->of[i]);
    return d->tables ? fclose(d->tables) : 0;
}

/* In the fast tier one in thirty: the first, and those a hash chooses. */
static bool sampled(const devices *d, const op_cases *cases, size_t index)
{
    uint32_t h = (uint32_t)(index + 1) * 2654435761u + (uint32_t)cases->op * 40503u;
    return d->tier != FAST || index == 0 || (h >> 16) % 30 == 0;
}

/* Allocations stay below 64 MiB on the least device. */
static bool is_minimal(const devices *d, size_t index, const op_case *c)
{
    return !c->heavy && (only || c->least || d->tier == FULL || index % (d->tier == FAST ? 40 : 8) == 0);
}

static size_t run_case(devices *d, const op_cases *cases, size_t index, const op_case *c,
                       op_table *table, op_table *least)
{
    size_t failures = op_run_case(d->of[c->device], cases, index, c, true, table);
    op_case of_gpus = *c;
    of_gpus.only_needs = VR_NEEDS_GPU;
    if (d->gpu[c->device]) /* kernels that a CPU has not */
        failures += op_run_case(d->gpu[c->device], cases, index, &of_gpus, true, table);
    d->executed++;
    if (is_minimal(d, index, c)) {
        failures += op_run_case(d->least, cases, index, c, false, least);
        d->minimal++;
    }
    return failures;
}

static void add(op_tally *sum, const op_tally *t)
{
    sum->ran += t->ran;
    sum->not_applicable += t->not_applicable;
    for (uint32_t i = 0; i < OP_N_CLASSES; i++)
        sum->classes[i] += t->classes[i];
}

static int column(uint32_t class)
{
    return strlen(class_names[class]) > 5 ? (int)strlen(class_names[class]) : 5;
}

static op_tally sum_of(const op_table *table, size_t n_kernels, vireo_dtype dtype)
{
    op_tally sum = {0};
    for (size_t k = 0; k < n_kernels; k++)
        add(&sum, &table->of[k][dtype]);
    return sum;
}

static op_tally sum_of_kernel(const op_table *table, size_t kernel)
{
    op_tally sum = {0};
    for (uint32_t t = 0; t < OP_N_DTYPES; t++)
        add(&sum, &table->of[kernel][t]);
    return sum;
}

/* Rows of every kernel with every dtype that the op is given, also those that ran nothing. */
static void print_table(const devices *d, const vr_op *op, const op_table *table)
{
    say(d, "%-18s dtype   ran  n/a", op->name);
    for (uint32_t i = 0; i < OP_N_CLASSES; i++)
        say(d, " %*s", column(i), class_names[i]);
    say(d, "  worst NMSE\n");
    for (size_t k = 0; k < op->n_kernels; k++)
        for (uint32_t t = 0; t < OP_N_DTYPES; t++) {
            const op_tally *of = &table->of[k][t];
            const op_tally all_kernels = sum_of(table, op->n_kernels, (vireo_dtype)t);
            const bool packed = op->packed_in && vr_is_packed((vireo_dtype)t);
            if (!packed && all_kernels.ran + all_kernels.not_applicable == 0)
                continue;
            say(d, "  %-16s %-5s %5zu %4zu", op->kernels[k].name,
                vireo_dtype_name((vireo_dtype)t), of->ran, of->not_applicable);
            for (uint32_t i = 0; i < OP_N_CLASSES; i++)
                say(d, " %*zu", column(i), of->classes[i]);
            say(d, "  %.2g\n", of->worst);
        }
}

/* What ran on the least device, by the kernel that was chosen, and of which classes nothing did. */
static void print_least(const devices *d, const vr_op *op, const op_table *table)
{
    op_tally sum = {0};
    say(d, "  as chosen on the least device:");
    for (size_t k = 0; k < op->n_kernels; k++) {
        const op_tally of_kernel = sum_of_kernel(table, k);
        say(d, "%s %s %zu", k ? "," : "", op->kernels[k].name, of_kernel.ran);
        add(&sum, &of_kernel);
    }
    say(d, "; none of:");
    for (uint32_t i = 0; i < OP_N_CLASSES; i++)
        if (sum.classes[i] == 0)
            say(d, " %s", class_names[i]);
    say(d, "\n");
}

/* Classes that are for the full tier alone: they take seconds each. */
static bool is_left_out(const devices *d, uint32_t class)
{
    return d->tier != FULL && (class == OP_GROUPS || class == OP_LARGE);
}

/* Classes of which nothing ran with packed constants of some dtype. */
static size_t check_packed(const devices *d, const op_cases *cases, const op_table *table)
{
    const vr_op *op = vr_ops[cases->op];
    const uint32_t without = cases->without | cases->packed_without;
    size_t failures = 0;
    for (uint32_t t = 0; op->packed_in && t < OP_N_DTYPES; t++) {
        if (!vr_is_packed((vireo_dtype)t))
            continue;
        const op_tally sum = sum_of(table, op->n_kernels, (vireo_dtype)t);
        for (uint32_t i = 0; i < OP_N_CLASSES; i++)
            if (!(without >> i & 1) && !is_left_out(d, i) && sum.classes[i] == 0) {
                say(d, "FAILED %s, %s: no case of class \"%s\" ran\n", op->name,
                       vireo_dtype_name((vireo_dtype)t), class_names[i]);
                failures++;
            }
    }
    return failures;
}

/* Kernels and classes of which nothing ran, where something had to. */
static size_t check_table(const devices *d, const op_cases *cases, const op_table *table)
{
    const vr_op *op = vr_ops[cases->op];
    const vireo_device_info *info = vireo_device_get_info(d->of[OP_DEVICE]);
    op_tally sum = {0};
    size_t failures = 0;
    for (size_t k = 0; k < op->n_kernels; k++) {
        const op_tally of_kernel = sum_of_kernel(table, k);
        add(&sum, &of_kernel);
        const bool gpu = op->kernels[k].needs & VR_NEEDS_GPU && d->gpu[OP_DEVICE];
        const char *lacks =
            vr_kernel_lacks(&op->kernels[k], gpu ? vireo_device_get_info(d->gpu[OP_DEVICE]) : info);
        if (lacks) {
            say(d, "  (%s/%s: %s)\n", op->name, op->kernels[k].name, lacks);
        } else if (of_kernel.ran == 0) {
            say(d, "FAILED %s/%s ran no case\n", op->name, op->kernels[k].name);
            failures++;
        }
    }
    for (uint32_t i = 0; i < OP_N_CLASSES; i++) {
        const bool without = cases->without >> i & 1;
        if (!without && !is_left_out(d, i) && sum.classes[i] == 0) {
            say(d, "FAILED %s: no case of class \"%s\" ran\n", op->name, class_names[i]);
            failures++;
        } else if (without) {
            say(d, "  (class \"%s\" makes no sense for %s)\n", class_names[i], op->name);
        }
    }
    return failures;
}

/* What is larger than a binding and cannot be cut is refused, with the numbers. */
static size_t check_refused(const devices *d, const op_cases *cases)
{
    op_case c = {.seed = 1};
    vireo_error err = {0};
    assert_int_equal(!cases->refused, !(cases->without & OP_WITHOUT(OP_SLABS)));
    if (!cases->refused)
        return 0;
    cases->refused(&c);
    const vireo_status st = op_try_case(d->of[OP_DEVICE_LOW], cases, &c, &err);
    if (st == VIREO_ERROR_LIMIT && !strcmp(err.message, cases->refusal))
        return 0;
    say(d, "FAILED %s: status %d, \"%s\", expected \"%s\"\n", vr_ops[cases->op]->name, (int)st,
        err.message, cases->refusal);
    return 1;
}

/* A written one, or behind these one that is drawn. */
static op_case get_case(const op_cases *cases, size_t index)
{
    op_case c = {.seed = index + 1};
    uint64_t random = BASE_SEED + 1000003 * (uint64_t)cases->op + index;
    if (index < cases->count) {
        cases->make(index, &c);
    } else {
        cases->draw(&random, &c);
        c.device = index % 2 ? OP_DEVICE_DISCRETE : c.device;
    }
    return c;
}

static size_t run_cases(devices *d, const op_cases *cases, size_t drawn, op_table *table, op_table *least)
{
    size_t failures = 0, executed = d->executed;
    left_out out = {0};
    for (size_t i = 0; i < cases->count + drawn; i++) {
        const op_case c = get_case(cases, i);
        if (c.heavy && d->tier != FULL)
            out.heavy++;
        else if (i < cases->count && !sampled(d, cases, i))
            out.sampled++;
        else
            failures += run_case(d, cases, i, &c, table, least);
    }
    say(d, "\n%s: %zu cases ran; left out by the tier: %zu heavy, %zu not of the sample\n",
        vr_ops[cases->op]->name, d->executed - executed, out.heavy, out.sampled);
    assert_true(d->executed > executed);
    return failures;
}

static void run_only(devices *d, const op_cases *cases, op_table *table, op_table *least)
{
    char *end;
    const size_t i = (size_t)strtoull(only, &end, 10);
    if (*end || end == only || (i >= cases->count && !cases->draw))
        fail_msg("\"%s\" is no case of %s, which has 0 to %zu%s", only, vr_ops[cases->op]->name,
                 cases->count - 1, cases->draw ? " and drawn ones behind" : "");
    const op_case c = get_case(cases, i);
    assert_int_equal(run_case(d, cases, i, &c, table, least), 0);
}

static void test_op(devices *d, const op_cases *cases)
{
    static op_table table, least;
    const vr_op *op = vr_ops[cases->op];
    const size_t drawn = !cases->draw || d->tier == FAST ? 0
                         : d->tier == FULL               ? DRAWN_FULL
                                                         : DRAWN_DEFAULT;
    memset(&table, 0, sizeof table);
    memset(&least, 0, sizeof least);
    assert_true(op->n_kernels <= OP_MAX_KERNELS);
    if (only) {
        run_only(d, cases, &table, &least);
        return;
    }
    size_t failures = run_cases(d, cases, drawn, &table, &least);
    print_table(d, op, &table);
    print_least(d, op, &least);
    failures += check_refused(d, cases);
    if (d->tier != FAST)
        failures += check_table(d, cases, &table) + check_packed(d, cases, &table);
    assert_int_equal(failures, 0);
}

#define TEST_OP(name)                                                                              \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        test_op(*state, &cases_##name);                                                            \
    }
#define VR_OP(id, name) TEST_OP(name)
#include "ops/op_list.h"
#undef VR_OP

static void test_enough_ran(void **state)
{
    const devices *d = *state;
    for (uint32_t op = 0; op < VR_OP_COUNT; op++)
        assert_int_equal(all[op]->op, op);
    say(d, "\n%zu cases ran with every kernel, %zu of them as chosen on the least device\n",
        d->executed, d->minimal);
    assert_true(d->executed > 0);
    if (d->tier == FULL)
        assert_true(d->executed >= LEAST_FULL);
}

/* test_ops [OP [INDEX]]: all ops, or one, or one case of it, also one that the tier leaves out. */
int main(int argc, char **argv)
{
    char filter[64];
    const struct CMUnitTest tests[] = {
#define VR_OP(id, name) cmocka_unit_test(test_##name),
#include "ops/op_list.h"
#undef VR_OP
        cmocka_unit_test(test_enough_ran),
    };
    only = argc > 2 ? argv[2] : NULL;
    if (argc > 1) {
        snprintf(filter, sizeof filter, "test_%s", argv[1]);
        cmocka_set_test_filter(filter);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
