/*
 * A stream that keeps an audit trail on a real server, and its writer, for tests of those who read
 * it. Events are numbered: the n-th written has username "u<n>" and id "id-<n>", from 1 on.
 */
#ifndef TWOFOLD_TESTS_CLIENT_STREAM_H
#define TWOFOLD_TESTS_CLIENT_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <twofold/v1/audit.pb-c.h>

struct stream;

/* Connects to URL and makes the stream TWOFOLD_AUDIT. */
struct stream *stream_make(const char *url);
void stream_free(struct stream *s);

/* Writes N events of ORG and TYPE, waiting for JetStream to have all of them. */
void stream_write(struct stream *s, const char *org, const char *type, unsigned n);

/* Writes EVENT, as it is. */
void stream_write_event(struct stream *s, const Twofold__V1__AuditEvent *event);

/* Writes N bytes to any subject. */
void stream_write_raw(struct stream *s, const char *subject, const void *data, size_t n);

/* Asks JetStream's API below $JS.API; fails the test when the answer is an error. */
void stream_api(struct stream *s, const char *tail, const char *json);

#endif
