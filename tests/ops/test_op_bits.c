/* SPDX-License-Identifier: Apache-2.0
 * Every op gives the same bits in a hundred runs, by two sessions, and with kernels that are chosen once
 * for all sizes it runs one program in every bucket: on the device as it is and on one whose views and
 * bindings are small.
 *
 * test_op_bits RUNS FILE CACHE: so few runs of the default tier's cases with the cache folder CACHE, and FILE
 * gets the hash of each op's results: test_op_processes.sh compares processes. */
#include "device_test.h"
#include "op_case.h"
#include "vireo/vireo.h"

enum { RUNS = 100, WRITTEN = 4, DRAWN = 3, WRITTEN_FULL = 40, DRAWN_FULL = 40, MOST = 1 << 18 };
static vireo_device *plain, *low;
static size_t n_written, n_drawn, executed, runs = RUNS;
static const char *cache_dir;
static FILE *hashes; /* NULL: not asked for */

static int set_up(void **state)
{
    (void)state;
    const char *tier = getenv("VIREO_TIER");
    const bool full = !hashes && tier && !strcmp(tier, "full");
    const bool fast = !hashes && tier && !strcmp(tier, "fast");
    const vr_device_override limits = {.max_storage_binding_bytes = 1 << 16,
                                       .max_texel_elements = 1 << 10};
    vireo_device_options options = test_device_options();
    options.cache_dir = cache_dir;
    plain = test_device_create_with(&options, NULL);
    low = test_device_create_with(&options, &limits);
    n_written = full ? WRITTEN_FULL : fast ? 1 : WRITTEN;
    n_drawn = full ? DRAWN_FULL : fast ? 1 : DRAWN;
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    printf("%llu shaders compiled\n",
           (unsigned long long)(plain->counters.shaders_compiled + low->counters.shaders_compiled));
    test_device_destroy(&low);
    test_device_destroy(&plain);
    return 0;
}

/* A hundred runs of large ones take minutes. */
static bool is_small(const op_case *c)
{
    for (uint32_t i = 0; i < VR_MAX_IN; i++) {
        size_t n = 1;
        for (uint32_t d = 0; d < c->in[i].rank; d++)
            n *= (size_t)(d == 0 && c->in[i].symbol ? c->symbols[c->in[i].symbol - 1]
                                                    : c->in[i].shape[d]);
        if (n > MOST)
            return false;
    }
    return !c->heavy;
}

static void test_op(const op_cases *cases)
{
    size_t failures = 0, ran = 0, dynamic = 0;
    vr_hash128 bits = {0};
    for (size_t i = 0; i < cases->count && ran < n_written; i++) {
        /* From both ends, so that cases of the low device, which stand last, come too. */
        const size_t index = i % 2 ? cases->count - 1 - i / 2 : i / 2;
        op_case c = {.seed = index + 1};
        cases->make(index, &c);
        if (!is_small(&c))
            continue;
        failures += op_repeat_case(c.device == OP_DEVICE_LOW ? low : plain, cases, index, &c, runs,
                                   &bits);
        dynamic += c.n_runs > 0;
        ran++;
    }
    for (uint64_t i = 0, drawn = 0; i < 1000 && drawn < n_drawn; i++) {
        op_case c = {.seed = i + 1};
        uint64_t random = 77 + 1000003 * (uint64_t)cases->op + i;
        cases->draw(&random, &c);
        if (!is_small(&c) || (drawn > 0 && !c.n_runs)) /* sizes that change, if there are such */
            continue;
        failures += op_repeat_case(plain, cases, (size_t)i, &c, runs, &bits);
        dynamic += c.n_runs > 0;
        drawn++;
        ran++;
    }
    printf("%-16s %zu cases, %zu of them with dynamic sizes\n", vr_ops[cases->op]->name, ran,
           dynamic);
    executed += ran;
    if (hashes) {
        char hex[33];
        vr_hash_hex(bits, hex);
        fprintf(hashes, "%s %s\n", vr_ops[cases->op]->name, hex);
    }
    assert_int_equal(failures, 0);
    assert_true(ran > 1);
}

#define TEST_OP(name)                                                                              \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        test_op(&cases_##name);                                                                    \
    }
#define VR_OP(id, name) TEST_OP(name)
#include "ops/op_list.h"
#undef VR_OP

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define VR_OP(id, name) cmocka_unit_test(test_##name),
#include "ops/op_list.h"
#undef VR_OP
    };
    if (argc == 4) {
        runs = strtoul(argv[1], NULL, 10);
        hashes = fopen(argv[2], "w");
        cache_dir = argv[3];
        if (runs < 1 || !hashes) {
            fprintf(stderr, "test_op_bits RUNS FILE CACHE: no runs, or FILE cannot be written\n");
            return 2;
        }
    }
    const int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return hashes && fclose(hashes) ? 2 : failed;
}
