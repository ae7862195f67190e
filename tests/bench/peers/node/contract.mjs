// What goes over the bus and into the audit trail, as proto/ declares it.
import { headers } from "@nats-io/transport-node";
import { fileURLToPath } from "node:url";
import protobuf from "protobufjs";

export const ORG = "default";

const PROTO = new URL("../../../../proto/", import.meta.url);
const root = new protobuf.Root();
root.resolvePath = (_, file) => fileURLToPath(new URL(file, PROTO));
root.loadSync(["audit", "error", "verification"].map((name) => `twofold/v1/${name}.proto`));

const type = (name) => root.lookupType(`twofold.v1.${name}`);
const values = (name) => root.lookupEnum(`twofold.v1.${name}`).values;
export const AuditEvent = type("AuditEvent");
export const VerifyRequest = type("VerifyRequest");
export const VerifyReply = type("VerifyReply");
const Refusal = type("Error");
export const METHODS = values("AuditEvent.Method");
export const OUTCOMES = values("AuditEvent.Outcome");
export const WHY = values("AuditEvent.Reason");
const REASONS = values("Error.Reason");

const REFUSALS = {
    VALIDATION: ["422", "The request has missing or malformed fields."],
    CODE_REJECTED: ["403", "The code was not accepted."],
    LOCKED: ["429", "Too many failures; wait before the next try."],
    SUSPENDED: ["403", "Suspended after too many failures; an administrator must unlock it."],
    NOT_ENROLLED: ["409", "The user has no active authenticator."],
    TOO_LARGE: ["413", "The request is too large."],
    UNIMPLEMENTED: ["501", "There is no such method."],
    INTERNAL: ["500", "The service failed; this is a bug."],
};

// Body and headers of a reply that says no. DETAILS: other fields of Error.
export function refusal(name, details) {
    const [code, message] = REFUSALS[name];
    const attached = headers();
    attached.set("Nats-Service-Error-Code", code);
    attached.set("Nats-Service-Error", message);
    return { body: Refusal.encode({ reason: REASONS[name], message, ...details }).finish(), headers: attached };
}
