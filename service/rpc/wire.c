#include "rpc/wire.h"

#include "base/limits.h"

enum wire_type { WIRE_VARINT = 0, WIRE_64BIT = 1, WIRE_BYTES = 2, WIRE_32BIT = 5 };
enum { NESTING_MAX = 2, SEEN_FIELDS_MAX = 32 };

struct walk {
    unsigned fields, unknown; /* over all levels */
    struct fault *fault;
};

static const char malformed[] = "must be a well-formed protobuf message of the method's type";

static bool refuse(struct walk *w, const char *field, const char *rule)
{
    fault_add(w->fault, field, rule);
    return false;
}

static bool take_varint(struct bytes *in, uint64_t *ret)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 10 && i < in->n; i++) {
        value |= (uint64_t)(in->p[i] & 0x7f) << (7 * i);
        if (in->p[i] & 0x80)
            continue;
        if (i == 9 && in->p[i] > 1)
            return false;
        *in = (struct bytes){.p = in->p + i + 1, .n = in->n - i - 1};
        *ret = value;
        return true;
    }
    return false;
}

static bool take(struct bytes *in, uint64_t n, struct bytes *ret)
{
    if (n > in->n)
        return false;
    *ret = (struct bytes){.p = in->p, .n = (size_t)n};
    *in = (struct bytes){.p = in->p + n, .n = in->n - (size_t)n};
    return true;
}

/* Takes one field's value; RET_CONTENT is what a length-delimited one holds. */
static bool take_value(struct bytes *in, unsigned type, struct bytes *ret_content)
{
    uint64_t n = 0;

    switch (type) {
    case WIRE_VARINT:
        return take_varint(in, &n);
    case WIRE_64BIT:
        return take(in, 8, ret_content);
    case WIRE_32BIT:
        return take(in, 4, ret_content);
    case WIRE_BYTES:
        return take_varint(in, &n) && take(in, n, ret_content);
    default:
        return false;
    }
}

static enum wire_type wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_64BIT;
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_32BIT;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        return WIRE_VARINT;
    }
    return WIRE_VARINT;
}

/* Was this field, or another member of its oneof, here before in the same message? */
static bool is_first(const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *type,
                     uint32_t *seen)
{
    uint32_t mark = 0;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return true;
    for (unsigned i = 0; i < type->n_fields && i < SEEN_FIELDS_MAX; i++) {
        const ProtobufCFieldDescriptor *other = &type->fields[i];
        bool same_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
                          (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
                          other->quantifier_offset == field->quantifier_offset;

        if (other == field || same_oneof)
            mark |= (uint32_t)1 << i;
    }
    if (*seen & mark)
        return false;
    *seen |= mark;
    return true;
}

static bool walk_message(struct walk *w, const ProtobufCMessageDescriptor *type, struct bytes in,
                         unsigned depth);

static bool walk_known(struct walk *w, const ProtobufCFieldDescriptor *field, struct bytes content,
                       unsigned depth)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return walk_message(w, field->descriptor, content, depth + 1);
    if (field->type == PROTOBUF_C_TYPE_STRING && !utf8_valid((const char *)content.p, content.n))
        return refuse(w, field->name, "must be UTF-8 without NUL");
    return true;
}

static bool walk_field(struct walk *w, const ProtobufCMessageDescriptor *type, struct bytes *in,
                       uint32_t *seen, unsigned depth)
{
    const ProtobufCFieldDescriptor *field;
    struct bytes content = {.p = in->p, .n = 0};
    uint64_t key = 0;

    if (!take_varint(in, &key) || key >> 3 == 0 || key >> 3 > 0x1fffffff ||
        !take_value(in, key & 7, &content))
        return refuse(w, "request", malformed);
    if (++w->fields > REQUEST_FIELDS_MAX)
        return refuse(w, "request", "must have at most 64 fields");
    field = protobuf_c_message_descriptor_get_field(type, (unsigned)(key >> 3));
    if (!field)
        return ++w->unknown <= REQUEST_UNKNOWN_FIELDS_MAX ||
               refuse(w, "request", "must have at most 16 unknown fields");
    if (wire_type_of(field->type) != (key & 7))
        return refuse(w, field->name, "must have the type of the contract");
    if (!is_first(field, type, seen))
        return refuse(w, field->name, "must occur once, and alone in its oneof");
    return walk_known(w, field, content, depth);
}

static bool walk_message(struct walk *w, const ProtobufCMessageDescriptor *type, struct bytes in,
                         unsigned depth)
{
    uint32_t seen = 0;

    if (depth > NESTING_MAX)
        return refuse(w, "request", malformed);
    while (in.n > 0)
        if (!walk_field(w, type, &in, &seen, depth))
            return false;
    return true;
}

static void *allocate(void *arena, size_t n)
{
    return arena_alloc(arena, n);
}

/* The arena frees everything at once. */
static void release(void *arena, void *p)
{
    (void)arena;
    (void)p;
}

enum err wire_decode(const ProtobufCMessageDescriptor *type, struct bytes data, struct arena *arena,
                     ProtobufCMessage **ret, struct fault *fault)
{
    ProtobufCAllocator in_arena = {.alloc = allocate, .free = release, .allocator_data = arena};
    struct walk w = {.fault = fault};
    ProtobufCMessage *message;

    if (!walk_message(&w, type, data, 0))
        return ERR_VALIDATION;
    message = protobuf_c_message_unpack(type, &in_arena, data.n, data.n ? data.p : NULL);
    if (!message) {
        refuse(&w, "request", malformed);
        return ERR_VALIDATION;
    }
    *ret = message;
    return ERR_OK;
}

enum err wire_encode(const ProtobufCMessage *message, struct arena *arena, struct bytes *ret)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t *out = arena_alloc(arena, n ? n : 1);

    if (!out)
        return ERR_EXHAUSTED;
    *ret = (struct bytes){.p = out, .n = protobuf_c_message_pack(message, out)};
    return ERR_OK;
}

char *wire_borrow(const char *text)
{
    union {
        const char *in;
        char *out;
    } u = {.in = text ? text : ""};

    return u.out;
}

ProtobufCBinaryData wire_borrow_bytes(struct bytes b)
{
    return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)b.p, .len = b.n};
}

ProtobufCMessage *wire_new(const ProtobufCMessageDescriptor *type, struct arena *arena)
{
    ProtobufCMessage *m = arena_alloc(arena, type->sizeof_message);

    if (m)
        type->message_init(m);
    return m;
}
