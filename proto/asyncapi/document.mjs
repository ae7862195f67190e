// The AsyncAPI 3.0 document: what twofoldd takes (requests, with their replies) and sends (audit events).
import { stringify } from "yaml";
import { shortName } from "./contract.mjs";
import { EVENTS } from "./events.mjs";
import { schemaRef, schemas, text } from "./schema.mjs";

const PROTOBUF = "application/protobuf";
const AUDIT_EVENT = "twofold/v1/audit.proto";

const ABOUT = `Two-factor authentication as a service on NATS.

Everything on the bus is protobuf (proto3); the .proto files are the contract, and this document is made from them. Its
schemas tell the messages in protobuf's JSON mapping, with the field names of the .proto files and with numbers as
numbers, as \`twofold --json\` writes them; x-protobuf-number is the number of a field on the wire.

A request goes to \`twofold.v1.<org>.<service>.<method>\` with a reply subject below \`_INBOX.\`, and gets exactly one
reply there: the method's, or an Error with the header Nats-Service-Error-Code. Audit events leave on
\`twofold.audit.v1.<org>.<category>.<event>\`, kept by the JetStream stream TWOFOLD_AUDIT.`;

const ref = (path) => ({ $ref: `#/${path}` });
const snake = (name) => name.replace(/(?!^)[A-Z]/g, "_$&").toLowerCase();
const camel = (text) => text.replace(/(?:^|[._])(\w)/g, (_, letter) => letter.toUpperCase());
const entries = (list, make) => Object.fromEntries(list.map(make));

const methodsOf = ({ services }) => services.flatMap((service) => service.methodsArray);
const methodId = (method) => method.parent.name.toLowerCase() + method.name;
const requestId = (method) => shortName(method.resolvedRequestType);
const replyId = (method) => shortName(method.resolvedResponseType);
const eventId = (type) => `event${camel(type)}`;

function header(description, schema = {}) {
    return { type: "string", ...schema, description };
}

const HEADERS = {
    RequestHeaders: {
        type: "object",
        properties: {
            "Twofold-Request-Id": header("Makes a retry safe: the same request under the same id within 30 s gets the "
                + "first answer again and has no second effect.", { minLength: 1, maxLength: 64, pattern: "^[ -~]+$" }),
            traceparent: header("W3C trace context, copied into the audit event."),
        },
    },
    ReplyHeaders: {
        type: "object",
        properties: { "Twofold-Request-Id": header("That of the request, if it had one.") },
    },
    EventHeaders: {
        type: "object",
        description: "CloudEvents 1.0, NATS binding, binary mode. Values are percent-encoded as the binding says.",
        required: ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time", "ce-datacontenttype", "content-type",
            "ce-dataschema", "Nats-Msg-Id"],
        properties: {
            "ce-specversion": header("Of CloudEvents.", { const: "1.0" }),
            "ce-id": header("AuditEvent.id."),
            "ce-source": header("/twofold/ and AuditEvent.instance.", { pattern: "^/twofold/." }),
            "ce-type": header("twofold.v1. and AuditEvent.type.", { pattern: "^twofold\\.v1\\." }),
            "ce-time": header("AuditEvent.time_unix_ms, RFC 3339.", { format: "date-time" }),
            "ce-subject": header("AuditEvent.username; left out when that is empty."),
            "ce-datacontenttype": header("Of the data.", { const: PROTOBUF }),
            "content-type": header("The same.", { const: PROTOBUF }),
            "ce-dataschema": header("The data is this message.", { const: "proto:twofold.v1.AuditEvent" }),
            "ce-traceparent": header("AuditEvent.traceparent, if there is one."),
            traceparent: header("The same."),
            "Nats-Msg-Id": header("AuditEvent.id: JetStream drops what is sent twice."),
        },
    },
};

function errorHeaders(errors) {
    return {
        type: "object",
        required: ["Nats-Service-Error-Code", "Nats-Service-Error"],
        properties: {
            "Nats-Service-Error-Code": header("Code of Error.reason (ADR-32).",
                { enum: [...new Set(errors.map(({ code }) => String(code)))].sort() }),
            "Nats-Service-Error": header("The same in a sentence.", { enum: errors.map(({ text: said }) => said) }),
            "Twofold-Request-Id": header("That of the request, if it had one."),
        },
    };
}

function plainMessage(type, headers) {
    return {
        name: type.fullName.slice(1),
        title: shortName(type),
        contentType: PROTOBUF,
        headers: schemaRef(headers),
        correlationId: ref("components/correlationIds/request"),
        payload: schemaRef(shortName(type)),
        "x-protobuf-file": type.filename.replace(/.*\/proto\//, ""),
    };
}

function errorMessage({ root, errors }) {
    const lines = errors.map(({ reason, code, text: said }) => `| ${reason} | ${code} | ${said} |`);
    return {
        ...plainMessage(root.lookupType("Error"), "ErrorHeaders"),
        summary: "The refusal of a request.",
        description: ["| reason | code | message |", "|---|---|---|", ...lines].join("\n"),
    };
}

function eventMessage(type) {
    const fixed = (name, value) => ({ properties: { [name]: { const: value } }, required: [name] });
    return {
        name: `twofold.v1.${type}`,
        title: type,
        summary: EVENTS[type],
        contentType: PROTOBUF,
        headers: { allOf: [schemaRef("EventHeaders"), fixed("ce-type", `twofold.v1.${type}`)] },
        payload: { allOf: [schemaRef("AuditEvent"), fixed("type", type)] },
        "x-protobuf-file": AUDIT_EVENT,
    };
}

function messages(contract) {
    const methods = methodsOf(contract);
    return {
        ...entries(methods, (m) => [requestId(m), plainMessage(m.resolvedRequestType, "RequestHeaders")]),
        ...entries(methods, (m) => [replyId(m), plainMessage(m.resolvedResponseType, "ReplyHeaders")]),
        Error: errorMessage(contract),
        ...entries(contract.eventTypes, (type) => [eventId(type), eventMessage(type)]),
    };
}

function channel(address, description, messageIds) {
    return {
        address,
        description,
        ...(address && { parameters: { org: ref("components/parameters/org") } }),
        messages: entries(messageIds, (id) => [id, ref(`components/messages/${id}`)]),
    };
}

function channels(contract) {
    const methods = methodsOf(contract);
    return {
        ...entries(methods, (m) => [methodId(m), channel(
            `twofold.v1.{org}.${snake(m.parent.name)}.${snake(m.name)}`, text(m.comment), [requestId(m)])]),
        inbox: channel(null, "The reply subject of the request, below _INBOX.", [...methods.map(replyId), "Error"]),
        ...entries(contract.eventTypes, (type) => [eventId(type), channel(
            `twofold.audit.v1.{org}.${type}`, EVENTS[type], [eventId(type)])]),
    };
}

function requestOperation(method) {
    return {
        action: "receive",
        channel: ref(`channels/${methodId(method)}`),
        summary: text(method.comment),
        tags: [{ name: method.parent.name }],
        bindings: { nats: { queue: "twofold" } },
        messages: [ref(`channels/${methodId(method)}/messages/${requestId(method)}`)],
        reply: {
            channel: ref("channels/inbox"),
            messages: [replyId(method), "Error"].map((id) => ref(`channels/inbox/messages/${id}`)),
        },
    };
}

function eventOperation(type) {
    return {
        action: "send",
        channel: ref(`channels/${eventId(type)}`),
        summary: EVENTS[type],
        tags: [{ name: "audit" }],
        messages: [ref(`channels/${eventId(type)}/messages/${eventId(type)}`)],
    };
}

function checkEvents(types) {
    const unknown = Object.keys(EVENTS).filter((type) => !types.includes(type));
    const silent = types.filter((type) => !EVENTS[type]);
    if (unknown.length + silent.length > 0)
        throw new Error(`events.mjs: too many: ${unknown.join(", ") || "-"}; missing: ${silent.join(", ") || "-"}`);
}

export function makeDocument(contract) {
    checkEvents(contract.eventTypes);
    return {
        asyncapi: "3.0.0",
        info: { title: "Twofold", version: contract.version, description: ABOUT, license: { name: "Apache-2.0" } },
        defaultContentType: PROTOBUF,
        servers: { bus: { host: "127.0.0.1:4222", protocol: "nats", description: "The default of TWOFOLD_NATS_URL." } },
        channels: channels(contract),
        operations: {
            ...entries(methodsOf(contract), (m) => [methodId(m), requestOperation(m)]),
            ...entries(contract.eventTypes, (type) => [eventId(type), eventOperation(type)]),
        },
        components: {
            parameters: { org: { description: "The organization: 1..64 of A-Z, a-z, 0-9, _ and -.", default: "default" } },
            correlationIds: { request: { location: "$message.header#/Twofold-Request-Id" } },
            messages: messages(contract),
            schemas: { ...schemas(contract), ...HEADERS, ErrorHeaders: errorHeaders(contract.errors) },
        },
    };
}

export function makeYaml(contract) {
    const style = { lineWidth: 120, aliasDuplicateObjects: false, blockQuote: "literal" };
    return `# Made from the .proto files by proto/asyncapi/generate.mjs: change those, and make it anew.\n`
        + stringify(makeDocument(contract), style);
}
