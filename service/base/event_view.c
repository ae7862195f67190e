/*
 * The outbox is read over and over: for sending, for checkpoints, for what is too old. Each time
 * two or three fields are wanted, and protobuf-c would allocate all twenty of them. So this walks
 * the bytes once. A test holds it against protobuf-c, byte by byte of damage.
 */
#include "base/event_view.h"

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

enum { TAG_BYTES = 5, VARINT_BYTES = 10, LAST_FIELD = 22 };

/* Where a field goes, and which wire type it must have; field numbers are those of audit.proto. */
enum goes { NOWHERE, TO_ID, TO_TIME, TO_ORG, TO_USERNAME, TO_TYPE, TO_TRACE, TO_INSTANCE, TO_SEQ };

static const struct {
    uint8_t wire, goes;
} fields[LAST_FIELD + 1] = {
    [1] = {LENGTH, TO_ID},       [2] = {VARINT, TO_TIME},  [3] = {LENGTH, TO_ORG},
    [4] = {LENGTH, TO_USERNAME}, [5] = {LENGTH, TO_TYPE},  [6] = {VARINT, NOWHERE},
    [7] = {VARINT, NOWHERE},     [8] = {VARINT, NOWHERE},  [9] = {LENGTH, NOWHERE},
    [10] = {LENGTH, NOWHERE},    [11] = {LENGTH, NOWHERE}, [12] = {LENGTH, NOWHERE},
    [13] = {LENGTH, TO_TRACE},   [14] = {LENGTH, NOWHERE}, [15] = {LENGTH, TO_INSTANCE},
    [16] = {VARINT, TO_SEQ},     [17] = {LENGTH, NOWHERE}, [18] = {VARINT, NOWHERE},
    [19] = {VARINT, NOWHERE},    [20] = {VARINT, NOWHERE}, [21] = {LENGTH, NOWHERE},
    [22] = {LENGTH, NOWHERE},
};

struct walk {
    const uint8_t *at, *end;
};

static bool read_varint(struct walk *w, unsigned bytes_max, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes_max && w->at < w->end; i++) {
        uint8_t byte = *w->at++;

        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte < 0x80) {
            *ret = value;
            return true;
        }
    }
    return false;
}

static bool read_bytes(struct walk *w, uint64_t n, struct bytes *ret)
{
    if (n > (uint64_t)(w->end - w->at))
        return false;
    *ret = (struct bytes){.p = w->at, .n = (size_t)n};
    w->at += n;
    return true;
}

/* The content of a field of type WIRE: a number, or bytes. */
static bool read_content(struct walk *w, unsigned wire, uint64_t *ret_number, struct bytes *ret)
{
    uint64_t n;

    switch (wire) {
    case VARINT:
        return read_varint(w, VARINT_BYTES, ret_number);
    case FIXED64:
        return read_bytes(w, 8, ret);
    case FIXED32:
        return read_bytes(w, 4, ret);
    case LENGTH:
        return read_varint(w, TAG_BYTES, &n) && read_bytes(w, n, ret);
    default:
        return false;
    }
}

static struct bytes text_of(struct bytes b)
{
    const uint8_t *nul = b.n ? memchr(b.p, 0, b.n) : NULL;

    if (nul)
        b.n = (size_t)(nul - b.p);
    return b;
}

static void put(struct event_view *v, enum goes goes, uint64_t number, struct bytes b)
{
    switch (goes) {
    case NOWHERE:
        return;
    case TO_TIME:
        v->time_unix_ms = (int64_t)number;
        return;
    case TO_SEQ:
        v->sequence = number;
        return;
    case TO_ID:
        v->id = text_of(b);
        return;
    case TO_ORG:
        v->org = text_of(b);
        return;
    case TO_USERNAME:
        v->username = text_of(b);
        return;
    case TO_TYPE:
        v->type = text_of(b);
        return;
    case TO_TRACE:
        v->traceparent = text_of(b);
        return;
    case TO_INSTANCE:
        v->instance = text_of(b);
        return;
    }
}

static bool read_field(struct walk *w, struct event_view *v)
{
    uint64_t tag, number = 0;
    struct bytes content = {0};
    unsigned wire;

    if (!read_varint(w, TAG_BYTES, &tag))
        return false;
    wire = tag & 7;
    tag = (uint32_t)tag >> 3;
    if (tag >= 1 && tag <= LAST_FIELD && wire != fields[tag].wire)
        return false;
    if (!read_content(w, wire, &number, &content))
        return false;
    if (tag >= 1 && tag <= LAST_FIELD)
        put(v, (enum goes)fields[tag].goes, number, content);
    return true;
}

bool event_view_read(struct bytes event, struct event_view *ret)
{
    struct walk w = {.at = event.p, .end = event.p + event.n};
    struct event_view v = {0};

    while (w.at < w.end)
        if (!read_field(&w, &v))
            return false;
    *ret = v;
    return true;
}

int64_t event_view_time(struct bytes event)
{
    struct event_view v;

    return event_view_read(event, &v) ? v.time_unix_ms : 0;
}
