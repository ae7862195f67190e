/* Checkpoints in the trail, as a consumer would read them. */
#ifndef TWOFOLD_TESTS_SUPPORT_CHECKPOINTS_H
#define TWOFOLD_TESTS_SUPPORT_CHECKPOINTS_H

#include "support/trail.h"

/* How many checkpoints of ORG the outbox holds. */
unsigned checkpoints_written(struct service *s, const char *org);

/* The last checkpoint of ORG, and what is in it, to be freed with the pb-c function. */
const Twofold__V1__AuditEvent *checkpoint_last(const struct trail *t, const char *org,
                                               Twofold__V1__CheckpointBody **ret_body);

/* The head that BODY has of this event, or NULL. */
const Twofold__V1__CheckpointBody__Head *checkpoint_head(const Twofold__V1__CheckpointBody *body,
                                                         const char *username, uint64_t sequence);

/* Place in T of the newest event of ORG and USERNAME ("": the organization itself). */
size_t checkpoint_newest(const struct trail *t, const char *org, const char *username);

/* Fails unless BODY's head of USERNAME is the newest event of T. */
void checkpoint_assert_head(const struct trail *t, const Twofold__V1__CheckpointBody *body,
                            const char *username);

/* With OpenSSL itself: what the service signs, others must be able to check. */
bool signature_good(const char *prefix, const ProtobufCBinaryData *body,
                    const ProtobufCBinaryData *signature, const uint8_t *public_key);

#endif
