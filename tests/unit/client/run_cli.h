/* Runs the command-line tool as a shell would, and keeps what it said. */
#ifndef TWOFOLD_TESTS_CLIENT_RUN_CLI_H
#define TWOFOLD_TESTS_CLIENT_RUN_CLI_H

struct cli_run {
    unsigned short rows, columns; /* given: of the terminal; 0: it does not tell */
    int code; /* exit code; 128 and the signal that ended it; -1: it had to be killed */
    char out[64 * 1024], err[16 * 1024];
};

/* ARGS: words parted by single blanks. INPUT is its standard input, NULL: empty. */
void run_cli(const char *url, const char *args, const char *input, struct cli_run *ret);

/* The same on a terminal of its own; OUT is what the terminal showed. INPUT is typed line by line,
 * each after something ending in ": " was shown; a line that is one control character is a key
 * alone, Ctrl-D. */
void run_cli_on_terminal(const char *url, const char *args, const char *input, struct cli_run *ret);

#endif
