// A peer of twofoldd that answers Verification.Verify, as one would write it with Node.js for speed:
//
//     node peer.mjs --store lmdb|sqlite URL DATA_DIR USERS
//
// The same work with the same durability: every request that waits is decided in one transaction with one durable
// commit, and the replies leave after it. Fills an empty DATA_DIR with USERS users, says "serving", ends on SIGTERM.
// With "--events DATA_DIR" it prints the events of the outbox instead, in base64.
import { connect, headers as empty } from "@nats-io/transport-node";
import { mkdirSync } from "node:fs";
import { parseArgs } from "node:util";
import { ORG } from "./contract.mjs";
import { people } from "./people.mjs";
import { Seal } from "./secrets.mjs";
import { Verifier } from "./verify.mjs";

const BATCH_MAX = 1024;

class Loop {
    #waiting = [];
    #awake = false;

    constructor(store, verifier) {
        Object.assign(this, { store, verifier });
    }

    // What came in one turn of the event loop is decided after it.
    take(msg) {
        this.#waiting.push(msg);
        this.#wake();
    }

    #wake() {
        if (this.#awake || this.#waiting.length === 0) return;
        this.#awake = true;
        setImmediate(() => this.#run());
    }

    #run() {
        const batch = this.#waiting.splice(0, BATCH_MAX);
        let replies;
        this.store.transact(() => {
            replies = batch.map((msg) => this.verifier.answer(msg));
        });
        batch.forEach((msg, i) => respond(msg, replies[i]));
        this.#awake = false;
        this.#wake();
    }
}

function respond(msg, { body, headers }) {
    const id = msg.headers?.get("Twofold-Request-Id");
    if (id) {
        headers ??= empty();
        headers.set("Twofold-Request-Id", id);
    }
    msg.respond(body, headers && { headers });
}

const { values, positionals } = parseArgs({
    options: { store: { type: "string" }, events: { type: "string" } }, allowPositionals: true,
});
const [url, folder, users] = positionals;
const { openStore } = await import(`./store_${values.store}.mjs`);
if (values.events) {
    const lines = [...openStore(values.events).events()].map((bytes) => `${bytes.toString("base64")}\n`);
    await new Promise((written) => process.stdout.write(lines.join(""), written));
    process.exit(0);
}
mkdirSync(folder, { recursive: true, mode: 0o700 });
const seal = new Seal(folder);
const store = openStore(folder);
if (store.empty) await store.fill(people(Number(users), seal));
const loop = new Loop(store, new Verifier(store, seal));

const bus = await connect({ servers: url });
bus.subscribe(`twofold.v1.${ORG}.verification.verify`, {
    queue: "twofold",
    callback: (error, msg) => {
        if (error) throw error;
        loop.take(msg);
    },
});
await bus.flush();
console.log("serving");
process.on("SIGTERM", async () => {
    await bus.close();
    await store.close();
    process.exit(0);
});
