// A whole client of Twofold: NATS carries the messages, proto/ says what they are.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connect as connectBus, headers } from "@nats-io/transport-node";
import protobuf from "protobufjs";

const PROTO = fileURLToPath(new URL("../../../../proto", import.meta.url));
const FILES = ["admin", "audit", "enrollment", "error", "login", "verification"];
const PLAIN = { enums: String, longs: Number, defaults: true };

// A refusal, in the words of twofold.v1.Error.
export class TwofoldError extends Error {
    constructor(code, body) {
        super(body.message);
        this.name = "TwofoldError";
        this.code = code;
        this.reason = body.reason;
        this.violations = body.violations;
        this.retryAfterSeconds = body.retryAfterSeconds;
        this.attemptsLeft = body.attemptsLeft;
    }
}

// OPTIONS are those of NATS (servers, user, pass, ...), the organization, and the folder of proto/.
export async function connect({ org = "default", proto = PROTO, ...options }) {
    const root = new protobuf.Root();
    root.resolvePath = (_, file) => join(proto, file);
    await root.load(FILES.map((name) => `twofold/v1/${name}.proto`));
    return new Twofold(await connectBus(options), root, org);
}

export class Twofold {
    constructor(bus, root, org) {
        Object.assign(this, { bus, root, org });
    }

    // The same connection, for another organization.
    at(org) {
        return new Twofold(this.bus, this.root, org);
    }

    // The reply as an object; throws TwofoldError when the service refuses.
    async call(service, method, fields = {}, options = {}) {
        const rpc = this.root.lookupService(`twofold.v1.${service}`).methods[method];
        const reply = await this.send(service, method, this.encode(rpc.requestType, fields), options);
        const code = reply.headers?.get("Nats-Service-Error-Code");
        if (code) throw new TwofoldError(Number(code), this.decode("Error", reply.data));
        return this.decode(rpc.responseType, reply.data);
    }

    // The request and the reply as they are on the bus.
    send(service, method, payload, { org = this.org, requestId, traceparent, timeout = 10_000 } = {}) {
        const subject = `twofold.v1.${org}.${snakeCase(service)}.${snakeCase(method)}`;
        const attached = headers();
        if (requestId) attached.set("Twofold-Request-Id", requestId);
        if (traceparent) attached.set("traceparent", traceparent);
        return this.bus.request(subject, payload, { timeout, headers: attached });
    }

    encode(type, fields) {
        const message = this.root.lookupType(`twofold.v1.${type}`);
        return message.encode(message.fromObject(fields)).finish();
    }

    decode(type, data) {
        const message = this.root.lookupType(`twofold.v1.${type}`);
        return message.toObject(message.decode(data), PLAIN);
    }

    close() {
        return this.bus.close();
    }
}

function snakeCase(name) {
    return name.replace(/(?!^)[A-Z]/g, "_$&").toLowerCase();
}
