/* What the commands of the command-line tool share. */
#ifndef TWOFOLD_CLI_H
#define TWOFOLD_CLI_H

#include "args.h"
#include "base/attr.h"

#include <stdio.h>
#include <twofold/client.h>

/* What scripts can tell apart. */
enum exit_code {
    EXIT_YES = 0,
    EXIT_DENIED = 1,      /* the service answered no */
    EXIT_WRONG_USAGE = 2, /* the command line or the input is wrong */
    EXIT_UNREACHABLE = 3, /* no answer that could be read */
};

struct cli {
    struct args args; /* operands: those after the command's own words */
    struct twofold_client *client;
    struct twofold_error error; /* of the last call */
    bool offered_recovery_code; /* with it */
};

struct command {
    const char *name;     /* one word or two: "status", "user put" */
    const char *operands; /* for the usage line */
    const char *summary, *help;
    unsigned options;  /* OPTION_ bits */
    bool asks;         /* for a password or a code */
    bool may_stay_off; /* calls session_open() itself, when it needs the bus */
    size_t min_operands, max_operands;
    enum exit_code (*run)(struct cli *cli);
};

extern const struct command command_table[];
extern const size_t command_table_n;

/* Parses, connects, runs, ends: all that main() does. ARGV is that of main(). */
enum exit_code cli_main(char *const *argv);

/* help.c */

/* What stands between a command's name and its operands: a blank, or nothing before none. */
const char *help_gap(const struct command *command);

void help_print(FILE *out);
void help_print_command(FILE *out, const struct command *command);

/* Prints the commands whose first word is GROUP: "user". False: there is none. */
bool help_print_group(FILE *out, const char *group);

/* session.c: reaching the service. Sets CLI->client; run() closes it. */
enum exit_code session_open(struct cli *cli);

struct ask {
    const ProtobufCServiceDescriptor *service;
    const char *method;
    const ProtobufCMessage *request;
};

/* Calls; with --json it prints the reply. Failure is left in CLI->error for the caller to report.
 * Free the reply with twofold_reply_free(). */
NODISCARD enum twofold_status session_try(struct cli *cli, const struct ask *ask,
                                          ProtobufCMessage **ret_reply);

/* The same, with failure reported. */
NODISCARD enum exit_code session_call(struct cli *cli, const struct ask *ask,
                                      ProtobufCMessage **ret_reply);

/* The same, and prints the reply's fields. */
enum exit_code session_show(struct cli *cli, const struct ask *ask);

/* output.c: people read the text form, scripts the JSON form. */

/* Prints CLI->error: what happened and what to do next, on standard error or as JSON on standard
 * output. */
enum exit_code output_error(const struct cli *cli);

/* Says on standard error what is wrong with the command line or the input. */
enum exit_code output_usage(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* Prints a message field by field, "name: value" a line. */
void output_fields(FILE *out, const ProtobufCMessage *message);

/* Prints, on standard error, what to do about CLI->error: the lines below its sentence. */
void output_hints(const struct cli *cli);

/* Prints TEXT with control characters, and what is not UTF-8, made harmless ("\x9b", "\u202e"): the
 * terminal shall not obey it. */
void output_text(FILE *out, const char *text);

/* The same, in quotes when it is empty or has one of MARKS (among them '"' and '\\'): it cannot
 * look like what stands around it. */
void output_quoted(FILE *out, const char *text, const char *marks);

/* Unix seconds as "2026-11-22T04:21:50Z"; "never" for 0. */
enum { TIME_TEXT_SIZE = 40 };
void output_time(int64_t unix_s, char ret_text[TIME_TEXT_SIZE]);

/* The commands. */
enum exit_code cmd_ping(struct cli *cli);
enum exit_code cmd_status(struct cli *cli);
enum exit_code cmd_enroll(struct cli *cli);
enum exit_code cmd_verify(struct cli *cli);
enum exit_code cmd_login(struct cli *cli);
enum exit_code cmd_disable(struct cli *cli);
enum exit_code cmd_recovery(struct cli *cli);
enum exit_code cmd_user_put(struct cli *cli);
enum exit_code cmd_user_delete(struct cli *cli);
enum exit_code cmd_user_list(struct cli *cli);
enum exit_code cmd_policy_show(struct cli *cli);
enum exit_code cmd_policy_set(struct cli *cli);
enum exit_code cmd_unlock(struct cli *cli);
enum exit_code cmd_reset(struct cli *cli);
enum exit_code cmd_import(struct cli *cli);
enum exit_code cmd_seed(struct cli *cli);
enum exit_code cmd_token(struct cli *cli);
enum exit_code cmd_audit_tail(struct cli *cli);
enum exit_code cmd_audit_export(struct cli *cli);
enum exit_code cmd_audit_verify(struct cli *cli);
enum exit_code cmd_audit_checkpoint(struct cli *cli);

#endif
