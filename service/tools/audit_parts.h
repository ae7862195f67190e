/* Private to audit*.c: the way to the stream, and the command that is a file of its own. */
#ifndef TWOFOLD_TOOLS_AUDIT_PARTS_H
#define TWOFOLD_TOOLS_AUDIT_PARTS_H

#include "tools/tools.h"
#include "transport/stream.h"

enum { AUDIT_ASK_MS = 3000 }; /* for one answer of the bus */

/* Zero is closed. */
struct audit_link {
    struct stream_wish wish; /* name: the settings' */
    struct bus *bus;
    struct stream *stream;
};

/* Connects with the login of the audit trail; INBOX_PREFIX is that login's, NULL: of the service's.
 * Waits a few seconds for a bus that is away. */
NODISCARD enum err audit_link_open(const struct config *c, const char *inbox_prefix,
                                   struct audit_link *ret_link, struct diag *reterr);
void audit_link_close(struct audit_link *l);
#define auto_audit_link CLEANUP(audit_link_close) struct audit_link

/* Looks for the stream; ERR_OK when it is ready. RETERR says what is wrong, and what to do. */
NODISCARD enum err audit_link_look(struct audit_link *l, struct stream_info *ret_info,
                                   struct diag *reterr);

/* What FOUND means: ERR_OK for a stream that is ready, else RETERR as above. */
NODISCARD enum err audit_link_judge(const struct audit_link *l, enum stream_found found,
                                    const struct stream_info *info, struct diag *reterr);

/* Prints the line of JSON with the public keys that K signs checkpoints with. */
NODISCARD enum err audit_print_keys(const struct keyring *k, struct diag *reterr);

/* `twofoldd audit anchor`; the process's exit code. */
int audit_anchor_run(int argc, char **argv);

/* `twofoldd audit resend`; the process's exit code. */
int audit_resend_run(int argc, char **argv);

#endif
