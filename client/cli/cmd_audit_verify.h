/* What the files of `twofold audit verify` share. */
#ifndef TWOFOLD_CLI_CMD_AUDIT_VERIFY_H
#define TWOFOLD_CLI_CMD_AUDIT_VERIFY_H

#include "audit_check.h"
#include "cli.h"
#include "progress.h"

#include <twofold/v1/admin.pb-c.h>

struct verify {
    struct cli *cli;
    struct audit_check *check;
    const char *place; /* what numbers in findings are: "message", "line" */
    bool has_keys;     /* from the anchor file: keys that come over the bus are not believed */
    bool misses;       /* a finding says that something is missing */
    uint64_t unsent;   /* events that the bus had not taken when the service was asked */
    struct progress progress;
};

/* cmd_audit_verify_report.c: standard output has the findings and the summary, standard error what
 * goes on meanwhile. */

/* An audit_teller's function; CTX is the struct verify. */
void report_finding(const struct audit_finding *finding, void *ctx);

/* The summary. */
enum exit_code report_end(const struct verify *v);

/* Says on standard error what is no finding, but good to know. */
void report_note(struct verify *v, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* cmd_audit_verify.c: is ORG among what is read? On the bus it is one organization, unless it is
 * all. */
bool verify_reads(const struct verify *v, const char *org);

/* cmd_audit_verify_anchor.c */

/* Takes what the file at PATH says into the check. */
NODISCARD enum exit_code anchor_read(struct verify *v, const char *path);

enum { NONCE_BYTES = 16 };

/* What the service was asked, and says. */
struct answer {
    uint8_t nonce[NONCE_BYTES];
    Twofold__V1__CheckpointAuditReply *reply; /* free it */
};

/* Asks the service of CLI's organization to sign its trail. */
NODISCARD enum twofold_status anchor_ask(struct cli *cli, struct answer *ret);

/* Takes what the service answered for ORG into the check. *RET_FAULT is why none of it is believed,
 * static; NULL: it is. False: memory is short. */
NODISCARD bool anchor_of_service(struct verify *v, const char *org, const struct answer *answer,
                                 const char **ret_fault);

/* cmd_audit_verify_claim.c */

/* Where a trail ends, as somebody says, and an AuditAnchor that signs it. Borrowed. */
struct claim {
    const char *org;
    uint64_t sequence;
    ProtobufCBinaryData digest;
    const uint8_t *nonce; /* that must be in the body; NULL: any */
    uint32_t key_id;
    ProtobufCBinaryData body, signature;
    uint32_t source; /* as in struct audit_signed */
};

enum trust claim_trust(const struct audit_check *check, const struct claim *claim);

/* In what the claim differs from its signed body: static. NULL: they agree. */
const char *claim_contradiction(const struct claim *claim);

/* cmd_audit_verify_file.c: reads the lines of audit export; PATH "-" is standard input. */
NODISCARD enum exit_code verify_file(struct verify *v, const char *path);

/* cmd_audit_verify_lines.c */

enum { EVENT_LINE_MAX = 1024 * 1024 };

/* Reads a line of audit export, without its newline. *RET_DATA is the event's exact bytes: free it.
 * NULL, or what is wrong with the line: static. */
const char *line_read(const char *line, size_t n, uint8_t **ret_data, size_t *ret_n);

/* Decodes base64 with padding. Free what it returns; NULL: it is none, or memory is short. */
uint8_t *base64_read(const char *text, size_t *ret_n);

#endif
