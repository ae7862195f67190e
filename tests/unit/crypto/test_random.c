#include "crypto/random.h"

#include "base/bytes.h"
#include "support/runner.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

/* libcrypto's generator, as it was asked last. */
static struct {
    unsigned calls;
    bool fails;
    size_t n;
    uint8_t *out;
} generator;

int __real_RAND_bytes_ex(void *context, unsigned char *out, size_t n, unsigned strength);
int __wrap_RAND_bytes_ex(void *context, unsigned char *out, size_t n, unsigned strength);

int __wrap_RAND_bytes_ex(void *context, unsigned char *out, size_t n, unsigned strength)
{
    generator.calls++;
    generator.n = n;
    generator.out = out;
    return generator.fails ? 0 : __real_RAND_bytes_ex(context, out, n, strength);
}

/* Asks until the generator is: a block was drawn just now. */
static void draw_a_block(void)
{
    unsigned before = generator.calls;
    uint8_t piece[8];

    while (generator.calls == before)
        assert_int_equal(random_ahead(piece, sizeof piece), ERR_OK);
}

static void bytes_differ_from_call_to_call(void **state)
{
    uint8_t one[32] = {0}, other[32] = {0};

    (void)state;
    assert_int_equal(random_bytes(one, sizeof one), ERR_OK);
    assert_int_equal(random_bytes(other, sizeof other), ERR_OK);
    assert_memory_not_equal(one, other, sizeof one);
}

/* The example of RFC 9562 appendix A.6: 2022-02-22T19:22:22.000Z is 0x017f22e279b0. */
static void uuid7_carries_time_version_and_variant(void **state)
{
    static const uint8_t stamp[6] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0};
    uint8_t id[UUID_BYTES];

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(random_uuid7(1645557742000, id), ERR_OK);
        assert_memory_equal(id, stamp, sizeof stamp);
        assert_int_equal(id[6] >> 4, 7);
        assert_int_equal(id[8] >> 6, 2);
    }
}

static void uuid7_sorts_by_time_and_never_repeats(void **state)
{
    char before[UUID_TEXT_BYTES] = "", text[UUID_TEXT_BYTES];
    uint8_t id[UUID_BYTES], twin[UUID_BYTES];

    (void)state;
    for (int64_t ms = 1645557742000; ms < 1645557742300; ms++) {
        assert_int_equal(random_uuid7(ms, id), ERR_OK);
        uuid_text(id, text);
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof before);
    }
    assert_int_equal(random_uuid7(1645557742299, twin), ERR_OK);
    assert_memory_not_equal(id, twin, sizeof id);
}

static void uuid_text_has_the_usual_groups(void **state)
{
    static const uint8_t id[UUID_BYTES] = {0x01, 0x7f, 0x22, 0xe2, 0x79, 0xb0, 0x7c, 0xc3,
                                           0x98, 0xc4, 0xdc, 0x0c, 0x0c, 0x07, 0x39, 0x8f};
    char text[UUID_TEXT_BYTES];

    (void)state;
    uuid_text(id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
}

/* And the generator is asked once for many. */
static void no_byte_is_handed_out_twice(void **state)
{
    enum { PIECE = 12, N = 400 };
    static uint8_t pieces[N][PIECE];
    unsigned before;

    (void)state;
    draw_a_block();
    before = generator.calls;
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(random_ahead(pieces[i], PIECE), ERR_OK);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(pieces[i], pieces[k], PIECE);
    }
    assert_true(generator.calls > before);
    assert_true(generator.calls - before <= N / 20);
}

/* Every length, so that pieces end at, before and behind the end of a block; by chance alone eight
 * bytes are never zero. */
static void a_piece_is_whole_whatever_is_left_of_the_block(void **state)
{
    static const uint8_t untouched[8];
    uint8_t piece[600 + sizeof untouched];

    (void)state;
    for (size_t n = 8; n <= 600; n++) {
        memset(piece, 0, sizeof piece);
        assert_int_equal(random_ahead(piece, n), ERR_OK);
        assert_memory_not_equal(piece, untouched, sizeof untouched);
        assert_memory_not_equal(piece + n - 8, untouched, sizeof untouched);
        assert_memory_equal(piece + n, untouched, sizeof untouched);
    }
}

static void what_was_handed_out_is_wiped_from_the_block(void **state)
{
    const uint8_t zeros[16] = {0};
    uint8_t piece[16];
    size_t last;

    (void)state;
    draw_a_block();
    assert_int_equal(random_ahead(piece, sizeof piece), ERR_OK);
    last = generator.n;
    /* Eight bytes went before. */
    assert_memory_equal(generator.out + last - 24, zeros, sizeof zeros);
    assert_null(memmem(generator.out, last, piece, sizeof piece));
}

static void without_the_generator_there_are_no_bytes(void **state)
{
    uint8_t piece[16], id[UUID_BYTES];
    enum err err = ERR_OK;

    (void)state;
    draw_a_block();
    generator.fails = true;
    /* What is left of the block is good; then nothing is, however often one asks. */
    for (size_t i = 0; i < generator.n && err == ERR_OK; i++)
        err = random_ahead(piece, sizeof piece);
    assert_int_equal(err, ERR_UNAVAILABLE);
    assert_int_equal(random_ahead(piece, 1), ERR_UNAVAILABLE);
    assert_int_equal(random_uuid7(1645557742000, id), ERR_UNAVAILABLE);
    assert_int_equal(random_bytes(piece, sizeof piece), ERR_UNAVAILABLE);
    generator.fails = false;
    assert_int_equal(random_ahead(piece, sizeof piece), ERR_OK);
}

enum { PIECE_BYTES = 64 };

static void *draw_elsewhere(void *ret_piece)
{
    return random_ahead(ret_piece, PIECE_BYTES) == ERR_OK ? ret_piece : NULL;
}

static void threads_and_children_have_blocks_of_their_own(void **state)
{
    uint8_t ours[PIECE_BYTES], theirs[PIECE_BYTES], child[PIECE_BYTES];
    pthread_t thread;
    void *drawn;
    int ends[2], status;
    unsigned before;
    pid_t pid;

    (void)state;
    draw_a_block();
    before = generator.calls;
    assert_int_equal(pthread_create(&thread, NULL, draw_elsewhere, theirs), 0);
    assert_int_equal(pthread_join(thread, &drawn), 0);
    assert_ptr_equal(drawn, theirs);
    assert_int_equal(generator.calls, before + 1);
    assert_int_equal(pipe(ends), 0);
    pid = fork();
    if (pid == 0)
        _exit(random_ahead(child, sizeof child) == ERR_OK &&
                      write(ends[1], child, sizeof child) == sizeof child
                  ? 0
                  : 1);
    assert_int_equal(read(ends[0], child, sizeof child), sizeof child);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(random_ahead(ours, sizeof ours), ERR_OK);
    assert_memory_not_equal(ours, theirs, sizeof ours);
    assert_memory_not_equal(ours, child, sizeof ours);
    close(ends[0]);
    close(ends[1]);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(bytes_differ_from_call_to_call),
    cmocka_unit_test(no_byte_is_handed_out_twice),
    cmocka_unit_test(a_piece_is_whole_whatever_is_left_of_the_block),
    cmocka_unit_test(what_was_handed_out_is_wiped_from_the_block),
    cmocka_unit_test(without_the_generator_there_are_no_bytes),
    cmocka_unit_test(threads_and_children_have_blocks_of_their_own),
    cmocka_unit_test(uuid7_carries_time_version_and_variant),
    cmocka_unit_test(uuid7_sorts_by_time_and_never_repeats),
    cmocka_unit_test(uuid_text_has_the_usual_groups),
};

RUN(tests)
