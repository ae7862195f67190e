/* Lines of files and pipes, however they are cut into pieces. */
#include "lines.h"

#include "support/runner.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct pipe_ends {
    int in;
    char path[32];
    struct lines *lines;
};

static int set_up(void **state)
{
    struct pipe_ends *p = calloc(1, sizeof *p);
    int ends[2];

    assert_non_null(p);
    assert_int_equal(pipe(ends), 0);
    p->in = ends[1];
    snprintf(p->path, sizeof p->path, "/dev/fd/%d", ends[0]);
    p->lines = lines_open(p->path);
    close(ends[0]);
    assert_non_null(p->lines);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pipe_ends *p = *state;

    if (p->in >= 0)
        close(p->in);
    lines_close(p->lines);
    free(p);
    return 0;
}

static void put(struct pipe_ends *p, const char *text)
{
    assert_int_equal(write(p->in, text, strlen(text)), strlen(text));
}

static void put_many(struct pipe_ends *p, char c, size_t n)
{
    char block[1024];

    memset(block, c, sizeof block);
    for (; n > 0; n -= n < sizeof block ? n : sizeof block)
        assert_true(write(p->in, block, n < sizeof block ? n : sizeof block) > 0);
}

static void gives(struct pipe_ends *p, const char *text, uint64_t number)
{
    struct line line;

    assert_int_equal(lines_next(p->lines, 0, &line), LINES_ONE);
    assert_int_equal(line.n, strlen(text));
    assert_memory_equal(line.text, text, line.n);
    assert_int_equal(line.number, number);
}

static void a_line_is_given_when_it_is_whole(void **state)
{
    struct pipe_ends *p = *state;
    struct line line;

    assert_int_equal(lines_next(p->lines, 0, &line), LINES_LATER);
    put(p, "one\n\ntw");
    gives(p, "one", 1);
    gives(p, "", 2);
    assert_int_equal(lines_next(p->lines, 1, &line), LINES_LATER);
    put(p, "o\nthree");
    gives(p, "two", 3);
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_LATER);
    close(p->in);
    p->in = -1;
    gives(p, "three", 4); /* the last newline may be missing */
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_END);
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_END);
    assert_int_equal(lines_taken(p->lines), strlen("one\n\ntwo\nthree"));
    assert_int_equal(lines_size(p->lines), 0);
}

/* Reads PIECES of a kilobyte of one line that has no end yet. */
static void a_long_line_comes(struct pipe_ends *p, size_t pieces)
{
    struct line line;

    for (size_t i = 0; i < pieces; i++) {
        put_many(p, 'x', 1024);
        assert_int_equal(lines_next(p->lines, 0, &line), LINES_LATER);
    }
}

static void a_line_that_is_too_long_is_passed_over(void **state)
{
    struct pipe_ends *p = *state;
    struct line line;

    a_long_line_comes(p, 1024); /* four times what the memory holds */
    put(p, "\nnext\n");
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_TOO_LONG);
    assert_int_equal(line.number, 1);
    assert_null(line.text);
    gives(p, "next", 2);
    assert_int_equal(lines_taken(p->lines), 1024 * 1024 + 6);
}

static void the_longest_line_is_64_kilobytes(void **state)
{
    struct pipe_ends *p = *state;
    struct line line;

    a_long_line_comes(p, 64);
    put(p, "\n");
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_ONE);
    assert_int_equal(line.n, LINE_MAX_BYTES);
    a_long_line_comes(p, 64);
    put(p, "x\n");
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_TOO_LONG);
    a_long_line_comes(p, 65);
    close(p->in);
    p->in = -1;
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_TOO_LONG);
    assert_int_equal(lines_next(p->lines, 0, &line), LINES_END);
}

static void what_cannot_be_read_is_said(void **state)
{
    struct line line;
    struct lines *folder = lines_open("/");

    (void)state;
    assert_null(lines_open("/nowhere/at/all"));
    assert_non_null(folder);
    assert_int_equal(lines_next(folder, 0, &line), LINES_BROKEN);
    lines_close(folder);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test_setup_teardown(a_line_is_given_when_it_is_whole, set_up, tear_down),
    cmocka_unit_test_setup_teardown(a_line_that_is_too_long_is_passed_over, set_up, tear_down),
    cmocka_unit_test_setup_teardown(the_longest_line_is_64_kilobytes, set_up, tear_down),
    cmocka_unit_test(what_cannot_be_read_is_said),
};
RUN(tests)
