// Messages as JSON Schemas of protobuf's JSON mapping, under the names of the .proto files. What is on the bus is
// protobuf: each field has its number in x-protobuf-number.
import protobuf from "protobufjs";
import { shortName } from "./contract.mjs";

const SCALARS = {
    string: { type: "string" },
    bytes: { type: "string", contentEncoding: "base64" },
    bool: { type: "boolean" },
    double: { type: "number", format: "double" },
    int32: { type: "integer", format: "int32" },
    sint32: { type: "integer", format: "int32" },
    uint32: { type: "integer", minimum: 0, maximum: 2 ** 32 - 1 },
    int64: { type: "integer", format: "int64" },
    uint64: { type: "integer", minimum: 0 },
};

export function schemaRef(name) {
    return { $ref: `#/components/schemas/${name}` };
}

// The lines of a comment, as one.
export function text(comment) {
    return (comment ?? "").replace(/\s*\n\s*/g, " ");
}

function typeSchema(field) {
    if (field.resolvedType) return { allOf: [schemaRef(shortName(field.resolvedType))] };
    if (!SCALARS[field.type]) throw new Error(`${field.fullName}: no schema for ${field.type}`);
    return SCALARS[field.type];
}

function fieldSchema(field) {
    const schema = field.repeated ? { type: "array", items: typeSchema(field) } : typeSchema(field);
    return {
        ...schema,
        description: text(field.comment),
        "x-protobuf-number": field.id,
        ...(field.partOf && { "x-protobuf-oneof": field.partOf.name }),
    };
}

// At most one field of each oneof.
function exclusions(message) {
    const pairs = message.oneofsArray.flatMap(({ oneof }) =>
        oneof.flatMap((name, i) => oneof.slice(i + 1).map((other) => [name, other])));
    return pairs.map((required) => ({ not: { required } }));
}

function messageSchema(message) {
    const rules = exclusions(message);
    return {
        type: "object",
        ...(message.comment && { description: text(message.comment) }),
        properties: Object.fromEntries(message.fieldsArray.map((field) => [field.name, fieldSchema(field)])),
        ...(rules.length > 0 && { allOf: rules }),
    };
}

function enumSchema(list) {
    const names = Object.keys(list.values);
    const explained = names.filter((name) => list.comments[name]);
    const lines = explained.map((name) => `- ${name}: ${text(list.comments[name])}`);
    return {
        type: "string",
        enum: names,
        ...(lines.length > 0 && { description: lines.join("\n") }),
        "x-protobuf-numbers": list.values,
    };
}

export function schemas({ messages, enums }) {
    return Object.fromEntries([...messages, ...enums].map((type) =>
        [shortName(type), type instanceof protobuf.Enum ? enumSchema(type) : messageSchema(type)]));
}
