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

/* cmd_audit_verify_anchor.c */

/* Takes what the file at PATH says into the check. */
NODISCARD enum exit_code anchor_read(struct verify *v, const char *path);

/* Takes what the service answered for ORG into the check. */
NODISCARD bool anchor_of_service(struct verify *v, const char *org,
                                 const Twofold__V1__CheckpointAuditReply *reply);

/* Asks the service of CLI's organization to sign its trail. Free the reply. */
NODISCARD enum twofold_status anchor_ask(struct cli *cli,
                                         Twofold__V1__CheckpointAuditReply **ret_reply);

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
