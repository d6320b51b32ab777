/* SPDX-License-Identifier: Apache-2.0
 * alloc, arena, map. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/arena.h"
#include "base/map.h"

typedef struct counter {
    size_t live, calls, limit; /* limit: calls that succeed */
} counter;

static void *count_allocate(void *user, size_t bytes)
{
    counter *c = user;
    if (c->calls++ >= c->limit)
        return NULL;
    c->live++;
    void *p = malloc(bytes);
    if (p)
        memset(p, 0xA5, bytes);
    return p;
}

static void *count_reallocate(void *user, void *old, size_t bytes)
{
    counter *c = user;
    return c->calls++ >= c->limit ? NULL : realloc(old, bytes);
}

static void count_release(void *user, void *old)
{
    ((counter *)user)->live--;
    free(old);
}

static vireo_allocator counting(counter *c)
{
    return (vireo_allocator){count_allocate, count_reallocate, count_release, c};
}

static void checked_sizes(void **state)
{
    (void)state;
    size_t out = 7;
    assert_true(vr_size_mul(SIZE_MAX / 3, 3, &out));
    assert_true(vr_size_mul(SIZE_MAX, 0, &out) && out == 0);
    assert_true(vr_size_mul(0, SIZE_MAX, &out) && out == 0);
    assert_false(vr_size_mul(SIZE_MAX / 3 + 1, 3, &out));
    assert_true(vr_size_add(SIZE_MAX - 1, 1, &out) && out == SIZE_MAX);
    assert_false(vr_size_add(SIZE_MAX, 1, &out));
    assert_true(out == SIZE_MAX);
}

static void allocations_go_through_the_hook(void **state)
{
    (void)state;
    counter c = {.limit = 100};
    vireo_allocator a = counting(&c);
    for (int hooked = 0; hooked < 2; hooked++) {
        const vireo_allocator *which = hooked ? &a : NULL;
        void *nothing = vr_alloc(which, 0);
        unsigned char *zeros = vr_calloc(which, 100, 7);
        char *s = vr_strndup(which, "abcdef", 3);
        assert_non_null(nothing);
        for (int i = 0; i < 700; i++)
            assert_int_equal(zeros[i], 0);
        assert_string_equal(s, "abc");
        s = vr_realloc(which, s, 1000);
        assert_string_equal(s, "abc");
        assert_null(vr_calloc(which, SIZE_MAX / 2, 3));
        assert_null(vr_alloc(which, SIZE_MAX));
        assert_null(vr_realloc(which, NULL, SIZE_MAX));
        assert_int_equal(c.live, hooked ? 3 : 0);
        vr_free(which, nothing);
        vr_free(which, zeros);
        vr_free(which, s);
        vr_free(which, NULL);
        assert_int_equal(c.live, 0);
    }
}

static void growth(void **state)
{
    (void)state;
    int *v = NULL;
    size_t cap = 0;
    for (int i = 0; i < 1000; i++) {
        assert_true(vr_grow(NULL, (void **)&v, &cap, (size_t)i + 1, sizeof *v));
        v[i] = i;
    }
    assert_true(cap >= 1000 && cap < 2100);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(v[i], i);
    int *before = v;
    size_t cap_before = cap;
    assert_false(vr_grow(NULL, (void **)&v, &cap, SIZE_MAX / 2, sizeof *v));
    assert_ptr_equal(v, before);
    assert_int_equal(cap, cap_before);
    vr_free(NULL, v);
}

static void arena_pieces(void **state)
{
    (void)state;
    counter c = {.limit = SIZE_MAX};
    vireo_allocator a = counting(&c);
    vr_arena arena;
    vr_arena_init(&arena, &a);
    assert_int_equal(c.calls, 0);
    enum { PIECES = 300 };
    unsigned char *pieces[PIECES];
    size_t sizes[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        sizes[i] = i % 50 == 49 ? 3000000 : i * 37 % 900;
        pieces[i] = vr_arena_alloc(&arena, sizes[i]);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % 16, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            if (pieces[i][k] != 0)
                fail_msg("piece %zu is not zeroed", i);
        memset(pieces[i], (int)i & 0xFF, sizes[i]);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < sizes[i]; k += 97)
            assert_int_equal(pieces[i][k], i & 0xFF);
    assert_true(c.calls < 20);
    assert_string_equal(vr_arena_strdup(&arena, "text"), "text");
    assert_string_equal(vr_arena_strndup(&arena, "text", 2), "te");
    assert_null(vr_arena_array(&arena, SIZE_MAX / 2, 4));
    assert_null(vr_arena_alloc(&arena, SIZE_MAX));
    vr_arena_deinit(&arena);
    assert_int_equal(c.live, 0);
    vr_arena_deinit(&arena);
}

static void arena_without_memory(void **state)
{
    (void)state;
    counter c = {.limit = 1};
    vireo_allocator a = counting(&c);
    vr_arena arena;
    vr_arena_init(&arena, &a);
    assert_non_null(vr_arena_alloc(&arena, 16));
    assert_null(vr_arena_alloc(&arena, 1 << 20));
    assert_non_null(vr_arena_alloc(&arena, 16));
    vr_arena_deinit(&arena);
    assert_int_equal(c.live, 0);
}

static void map_holds_many_keys(void **state)
{
    (void)state;
    enum { KEYS = 20000 };
    char(*keys)[16] = malloc(KEYS * sizeof *keys);
    vr_map map;
    vr_map_init(&map, NULL);
    uint32_t value = 0;
    assert_false(vr_map_get(&map, "a", 1, &value));
    for (uint32_t i = 0; i < KEYS; i++) {
        bool added = false;
        snprintf(keys[i], sizeof keys[i], "key%u", (unsigned)i);
        value = i;
        assert_true(vr_map_put(&map, keys[i], strlen(keys[i]), &value, &added));
        assert_true(added);
    }
    assert_int_equal(map.count, KEYS);
    for (uint32_t i = 0; i < KEYS; i++) {
        char key[16];
        bool added = true;
        snprintf(key, sizeof key, "key%u", (unsigned)i);
        assert_true(vr_map_get(&map, key, strlen(key), &value));
        assert_int_equal(value, i);
        value = 77;
        assert_true(vr_map_put(&map, key, strlen(key), &value, &added));
        assert_false(added);
        assert_int_equal(value, i);
    }
    value = 5;
    assert_false(vr_map_get(&map, "key", 3, &value));
    assert_false(vr_map_get(&map, "key0x", 5, &value));
    assert_int_equal(value, 5);
    assert_true(vr_map_put(&map, "", 0, &value, NULL));
    assert_true(vr_map_put(&map, "a\0b", 3, (uint32_t[]){6}, NULL));
    assert_true(vr_map_put(&map, "a\0c", 3, (uint32_t[]){7}, NULL));
    assert_true(vr_map_get(&map, NULL, 0, &value) && value == 5);
    assert_true(vr_map_get(&map, "a\0c", 3, &value) && value == 7);
    size_t capacity = map.capacity;
    assert_true(vr_map_reserve(&map, 10)); /* there is room */
    assert_int_equal(map.capacity, capacity);
    assert_true(vr_map_reserve(&map, 3 * KEYS));
    capacity = map.capacity;
    assert_true(vr_map_get(&map, "a\0c", 3, &value) && value == 7);
    for (uint32_t i = 0; i < KEYS; i++) {
        keys[i][0] = 'K';
        assert_true(vr_map_put(&map, keys[i], strlen(keys[i]), &i, NULL));
    }
    assert_int_equal(map.capacity, capacity);
    vr_map_deinit(&map);
    free(keys);
}

static void map_without_memory(void **state)
{
    (void)state;
    counter c = {.limit = 1};
    vireo_allocator a = counting(&c);
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i",
                                       "j", "k", "l", "m", "n", "o", "p", "q"};
    vr_map map;
    vr_map_init(&map, &a);
    uint32_t i = 0, value;
    while (i < 17) {
        value = i;
        if (!vr_map_put(&map, keys[i], 1, &value, NULL))
            break;
        i++;
    }
    assert_true(i > 8 && i < 16);
    assert_int_equal(map.count, i);
    for (uint32_t k = 0; k < i; k++)
        assert_true(vr_map_get(&map, keys[k], 1, &value) && value == k);
    vr_map_deinit(&map);
    assert_int_equal(c.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checked_sizes),
        cmocka_unit_test(allocations_go_through_the_hook),
        cmocka_unit_test(growth),
        cmocka_unit_test(arena_pieces),
        cmocka_unit_test(arena_without_memory),
        cmocka_unit_test(map_holds_many_keys),
        cmocka_unit_test(map_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
