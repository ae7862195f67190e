/* A line of an import file: {"username":"ada","password_hash":"$scrypt$...","otpauth_uris":[...]}.
 */
#ifndef TWOFOLD_CLI_IMPORT_LINE_H
#define TWOFOLD_CLI_IMPORT_LINE_H

#include "base/attr.h"

#include <stddef.h>
#include <twofold/v1/admin.pb-c.h>

/*
 * Reads N bytes of TEXT. NULL: *RET is the request, for twofold_reply_free(). Else why it cannot be
 * one: static, and nothing of the line in it. Only username must be there; null stands for
 * nothing; a member that nobody knows is refused, or a misspelt one would lose a second factor.
 * Whether hash and URIs are good in every detail is left to the service.
 */
NODISCARD const char *import_line_read(const char *text, size_t n,
                                       Twofold__V1__ImportUserRequest **ret);

#endif
