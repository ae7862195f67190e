#include "base/arena.h"

#include "support/runner.h"

#include <stdalign.h>

static void memory_is_zeroed_and_aligned(void **state)
{
    static const uint8_t zeros[40000];
    struct arena *a = arena_new(1 << 20);

    (void)state;
    assert_non_null(a);
    for (size_t n = 0; n < 40000; n = n * 3 + 1) {
        uint8_t *p = arena_alloc(a, n);

        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        assert_memory_equal(p, zeros, n);
        memset(p, 0xee, n);
    }
    arena_free(a);
}

static void pieces_do_not_overlap(void **state)
{
    enum { PIECES = 500 };
    struct arena *a = arena_new(1 << 20);
    uint8_t *pieces[PIECES];

    (void)state;
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(a, i);
        assert_non_null(pieces[i]);
        memset(pieces[i], (int)(i % 251), i);
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < i; k++)
            assert_int_equal(pieces[i][k], i % 251);
    arena_free(a);
}

static void the_limit_holds(void **state)
{
    struct arena *a = arena_new(1024);

    (void)state;
    assert_null(arena_alloc(a, 1025));
    assert_null(arena_alloc(a, SIZE_MAX));
    assert_null(arena_alloc(a, SIZE_MAX - 8));
    assert_non_null(arena_alloc(a, 1000));
    assert_null(arena_alloc(a, 100));
    assert_non_null(arena_alloc(a, 16));
    assert_null(arena_alloc(a, 1));
    arena_reset(a);
    assert_non_null(arena_alloc(a, 1024));
    arena_free(a);
}

/* A limit that is used up by many small pieces, as a flood of fields would. */
static void small_pieces_count_in_full(void **state)
{
    struct arena *a = arena_new(64 * 1024);
    unsigned n = 0;

    (void)state;
    while (arena_alloc(a, 1))
        n++;
    assert_int_equal(n, 64 * 1024 / alignof(max_align_t));
    arena_free(a);
}

/* The first block is kept by a reset, so what was in it can be looked at afterwards. */
static void reset_wipes_what_was_handed_out(void **state)
{
    static const uint8_t zeros[64];
    struct arena *a = arena_new(1 << 20);
    uint8_t *first = arena_alloc(a, 64);

    (void)state;
    memset(first, 0xee, 64);
    assert_non_null(arena_alloc(a, 100000));
    arena_reset(a);
    assert_memory_equal(first, zeros, 64);
    assert_ptr_equal(arena_alloc(a, 64), first);
    arena_free(a);
}

/* Nothing is cleared when it is handed out, so all of it must be zero before. */
static void memory_is_zeroed_again_after_a_reset(void **state)
{
    static const uint8_t zeros[3000];
    struct arena *a = arena_new_with(1 << 20, 2000);

    (void)state;
    assert_non_null(a);
    for (int round = 0; round < 5; round++) {
        for (size_t n = 1; n < 3000; n += 7) {
            uint8_t *p = arena_alloc(a, n);

            if (!p)
                break;
            assert_memory_equal(p, zeros, n);
            memset(p, 0xee,
                   (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t));
        }
        arena_reset(a);
    }
    arena_free(a);
}

static void a_first_block_of_any_size_serves(void **state)
{
    (void)state;
    for (size_t first = 0; first < 100; first += 33) {
        struct arena *a = arena_new_with(1024, first);

        assert_non_null(arena_alloc(a, 64));
        assert_non_null(arena_alloc(a, 960));
        assert_null(arena_alloc(a, 1));
        arena_free(a);
    }
}

static void text_is_copied_and_terminated(void **state)
{
    struct arena *a = arena_new(4096);
    char *text = arena_text(a, "hello", 4), *empty = arena_text(a, NULL, 0);

    (void)state;
    assert_string_equal(text, "hell");
    assert_string_equal(empty, "");
    assert_null(arena_text(a, "", SIZE_MAX));
    assert_null(arena_text(a, "", 4096));
    arena_free(a);
    arena_free(NULL);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(memory_is_zeroed_and_aligned),
    cmocka_unit_test(pieces_do_not_overlap),
    cmocka_unit_test(the_limit_holds),
    cmocka_unit_test(small_pieces_count_in_full),
    cmocka_unit_test(reset_wipes_what_was_handed_out),
    cmocka_unit_test(memory_is_zeroed_again_after_a_reset),
    cmocka_unit_test(a_first_block_of_any_size_serves),
    cmocka_unit_test(text_is_copied_and_terminated),
};

RUN(tests)
