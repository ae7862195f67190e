// What arrives of the audit trail, in order.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { until } from "./wait.mjs";

export class Trail extends EventEmitter {
    #messages = [];

    constructor(twofold) {
        super();
        twofold.bus.subscribe("twofold.audit.v1.>", {
            callback: (_, { subject, headers, data }) => {
                const event = decoded(twofold, data);
                if (event) this.#messages.push({ subject, headers, data, event });
                this.emit("change");
            },
        });
    }

    // All that has happened in ORG: events come in order, so what comes before a last one is complete.
    async of(org) {
        const requestId = randomUUID();
        const isLast = ({ event }) => event.requestId === requestId;
        await org.call("Admin", "PutPolicy", {}, { requestId });
        await until(this, () => this.#messages.some(isLast), `the events of ${org.org}`);
        return this.#messages.filter((message) => message.event.org === org.org && !isLast(message));
    }
}

// Null for what a test has put there that is no event.
function decoded(twofold, data) {
    try {
        return twofold.decode("AuditEvent", data);
    } catch {
        return null;
    }
}
