// Goal (A72): what a caller chose - username, purpose, label, request id, traceparent - stays one value of
// one field everywhere that it is shown: event, header, log line, `audit tail` in text and in JSON.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after } from "node:test";
import { Program } from "../e2e/node/support/program.mjs";
import { register, verify } from "../e2e/node/support/people.mjs";
import { refused } from "../e2e/node/support/refused.mjs";
import { startRig } from "../e2e/node/support/rig.mjs";
import { until } from "../e2e/node/support/wait.mjs";

const TWOFOLD = join(process.env.TEST_BIN ?? "build/bin", "twofold");
const HEADERS = ["ce-datacontenttype", "ce-dataschema", "ce-id", "ce-source", "ce-specversion",
    "ce-subject", "ce-time", "ce-type",
    "content-type", "nats-msg-id"];
// Names that are allowed: no control characters in the sense of ASCII.
const NAMES = [
    "eve outcome=SUCCESS reason=NONE", "eve\",\"outcome\":\"SUCCESS\",\"x\":\"",
        "eve%0d%0aNats-Msg-Id: 1", "eve\\nlevel=info",
    "eve' OR 1=1 --", "${jndi:ldap://x}", "eve\u2028time=now", "=eve", "eve}{", "eve purpose=\"paid\"",
];
// Characters that move the cursor or end a line or a header.
const CONTROLS = ["eve\r\nce-type: x", "eve\nlevel=info msg=forged", "\x1b[2Jeve", "eve\x07",
    "eve\tACTIVE", "eve\x7f", "eve\u009b31m"];

const rig = await startRig({ settings: { TWOFOLD_LOG_LEVEL: "debug" } });
const running = [];
after(() => Promise.all(running.map((each) => each.end())));

async function tail(org, ...args) {
    const program = new Program("twofold", TWOFOLD, [...args, "--org", org.org, "audit", "tail", "--follow"],
        { TWOFOLD_NATS_URL: rig.url });
    running.push(program);
    await program.logged(/watching/);
    return program;
}

const linesOf = (program, n) => until(program, () => {
    const lines = program.log.split("\n").slice(1, -1);
    return lines.length >= n && lines;
}, `${n} lines`);

rig.test("attack_A72 names and purposes that look like fields", async () => {
    const org = await rig.org(), text = await tail(org), json = await tail(org, "--json");
    for (const name of NAMES) {
        await register(org, name);
        const id = name.replace(/[^\x20-\x7e]/g, "?");
        await refused(org.call("Verification", "Verify", { username: name, code: "123456",
            purpose: name }, { requestId: id }), "NOT_ENROLLED");
    }
    const events = (await rig.trail.of(org)).slice(1),
        denied = events.filter(({ event }) => event.type === "verification.failed");
    assert.equal(events.length, 2 * NAMES.length);
    for (const [i, { event }] of denied.entries())
        assert.deepEqual([event.username, event.purpose, event.outcome], [NAMES[i], NAMES[i], "DENIED"]);
    for (const { headers, event } of events) {
        assert.deepEqual([...headers].map(([key]) => key.toLowerCase()).sort(), HEADERS);
        for (const [, values] of headers) assert.match(values.join(""), /^[\x21-\x7e]+$/);
        assert.equal(decodeURIComponent(headers.get("ce-subject")), event.username);
    }
    for (const line of (await linesOf(json, events.length)).slice(0, events.length)) {
        const { subject, data } = JSON.parse(line);
        assert.equal(subject, data.username);
        assert.equal(data.username === data.purpose, data.type === "verification.failed");
    }
    const shown = (await linesOf(text, events.length)).slice(0, events.length);
    for (const line of shown)
        for (const key of ["outcome", "username", "purpose", "request_id"])
            assert.ok(fieldsOf(line).filter((each) => each === key).length <= 1, `${key} twice: ${line}`);
});

// Names of the fields of a line: key=value or key="value", blanks between.
function fieldsOf(line) {
    const rest = line.replace(/"(\\.|[^"\\])*"/g, "\"\"");
    return [...rest.matchAll(/(?:^| )([a-z_]+)=/g)].map(([, key]) => key);
}

rig.test("attack_A72 control characters are refused, or shown escaped", async () => {
    const org = await rig.org(), text = await tail(org), json = await tail(org, "--json");
    await register(org, "ada");
    for (const bad of CONTROLS) {
        await refused(org.call("Admin", "PutUser", { username: bad, password: "correct horse" }),
            "VALIDATION");
        await refused(verify(org, bad, "123456"), "VALIDATION");
        await org.call("Verification", "Verify", { username: "ada", code: "123456",
            purpose: bad }).catch(() => {});
    }
    const events = (await rig.trail.of(org)).slice(1);
    for (const tailed of [text, json]) {
        const lines = await linesOf(tailed, events.length);
        assert.doesNotMatch(lines.join(""), /[\x00-\x1f\x7f-\x9f]/);
        assert.ok(lines.length <= events.length + 1, "a line of its own was made");
    }
});

rig.test("attack_A72 every line of the log is one of the service", () => {
    for (const line of rig.daemon.log.trimEnd().split("\n"))
        assert.match(line, /^time=\S+Z level=(debug|info|warn|error) msg=("(\\.|[^"\\])*"|\S+)( [a-z_]+=("(\\.|[^"\\])*"|\S*))*$/);
});
