// Raises an alarm when a user is suspended, and when somebody offers a recovery code that was used before.
//
//     npm install && node alarm.mjs [nats://127.0.0.1:4222 [alarm.ids]]
//
// Copied elsewhere, it wants Twofold's audit.proto: its path in the variable AUDIT_PROTO.
//
// An alarm is a line of JSON on standard output. Nothing is missed: the stream keeps the events, and this reader has a
// name there, under which it goes on after a restart. An event is acknowledged when its alarm is out; who is killed in
// between gets it again, and JetStream too may deliver one twice. So the ids of raised alarms are kept in a file, and
// an id that is there raises no second alarm. (Killed between line and file, the line comes twice: with the same id.)
//
// Exit status: 0 after SIGTERM or SIGINT, 1 when there is no bus or no such stream, or an alarm cannot be written.
import { appendFileSync, existsSync, readFileSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";

function complain(what, next) {
    console.error(`alarm: ${what}\n  ${next}`);
    process.exit(1);
}

const packages = ["@nats-io/jetstream", "@nats-io/transport-node", "protobufjs"].map((name) => import(name));
const loaded = await Promise.all(packages).catch((error) => complain(error.message, "run: npm install"));
const [{ AckPolicy, jetstream, jetstreamManager }, { connect, nanos }, { default: protobuf }] = loaded;

const [servers = "nats://127.0.0.1:4222", idsFile = "alarm.ids"] = process.argv.slice(2);
const STREAM = "TWOFOLD_AUDIT";
const READER = { durable_name: "alarm-js", ack_policy: AckPolicy.Explicit, ack_wait: nanos(5_000) };
const { AUDIT_PROTO = fileURLToPath(new URL("../../proto/twofold/v1/audit.proto", import.meta.url)) } = process.env;

const proto = await protobuf
    .load(AUDIT_PROTO)
    .catch((error) => complain(error.message, "set AUDIT_PROTO to the path of Twofold's audit.proto"));
const AuditEvent = proto.lookupType("twofold.v1.AuditEvent");
const raised = new Set(existsSync(idsFile) ? readFileSync(idsFile, "utf8").split("\n") : []);

// The event of a message; null for what is none of Twofold's.
function eventOf({ subject, data }) {
    try {
        const event = AuditEvent.toObject(AuditEvent.decode(data), { enums: String, longs: Number, defaults: true });
        return subject === `twofold.audit.v1.${event.org}.${event.type}` ? event : null;
    } catch {
        return null;
    }
}

// What is alarming about an event, or null.
function alarmOf({ type, reason }) {
    if (type === "account.suspended") return "account suspended";
    if (type.endsWith(".failed") && reason === "USED_RECOVERY_CODE") return "used recovery code";
    return null;
}

function handle(message) {
    const event = eventOf(message);
    if (!event) return console.error(`skipped: message ${message.seq} is no audit event`);
    const alarm = alarmOf(event);
    if (!alarm || raised.has(event.id)) return;
    const { id, timeUnixMs: time_unix_ms, org, username, span } = event;
    writeSync(1, `${JSON.stringify({ alarm, id, time_unix_ms, org, username, count: span?.count ?? 1 })}\n`);
    appendFileSync(idsFile, `${id}\n`);
    raised.add(id);
}

// What stands before "@" in the address may be a password.
function explain({ message }) {
    const next = `is NATS there, with JetStream, and does the stream ${STREAM} exist (twofoldd makes it)?`;
    return `alarm: ${servers.replace(/\/\/.*@/, "//")}: ${message}\n  ${next}`;
}

let bus;
try {
    bus = await connect({ servers, maxReconnectAttempts: -1 });
    await (await jetstreamManager(bus)).consumers.add(STREAM, READER);
    const messages = await (await jetstream(bus).consumers.get(STREAM, READER.durable_name)).consume();
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => messages.stop());
    for await (const message of messages) {
        handle(message);
        message.ack();
    }
} catch (error) {
    console.error(["open", "write"].includes(error.syscall) ? `alarm: cannot write: ${error.message}` : explain(error));
    process.exitCode = 1;
} finally {
    await bus?.drain();
}
