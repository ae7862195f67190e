/* Steps that several commands take: proving the first factor, offering the second. */
#ifndef TWOFOLD_CLI_FACTOR_H
#define TWOFOLD_CLI_FACTOR_H

#include "cli.h"
#include "prompt.h"

/* A step token for the user named by the first operand: for the password, which is asked for, or
 * with --issued from the administration. */
NODISCARD enum exit_code factor_obtain_token(struct cli *cli, struct typed *ret_token);

/* Asks for a code that an app shows: "123 456" is 123456. */
NODISCARD bool factor_prompt_code(const char *label, struct typed *ret_typed);

/* The same, or with --recovery asks for a recovery code. LABEL names the code. */
NODISCARD bool factor_prompt(const struct cli *cli, const char *label, struct typed *ret_typed);

/* Sets the oneof second_factor of REQUEST to it. TYPED must outlive REQUEST. */
void factor_offer(const struct cli *cli, ProtobufCMessage *request, struct typed *typed);

/* Prints recovery codes, unless JSON already has them. */
void factor_print_recovery_codes(const struct cli *cli, char *const *codes, size_t n);

#endif
