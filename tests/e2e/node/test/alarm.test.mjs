// client/examples: both alarms, on the stream of a real service. They tell exactly what is alarming, miss nothing
// while they are gone, and tell nothing twice.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { jetstreamManager } from "@nats-io/jetstream";
import { TwofoldError } from "../lib/twofold.mjs";
import { Clock } from "../support/clock.mjs";
import { enrol, register, verify } from "../support/people.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";
import { until } from "../support/wait.mjs";

const EXAMPLES = fileURLToPath(new URL("../../../../client/examples", import.meta.url));
const BUILT = join(process.env.TEST_BIN ?? "build/bin", "../examples/alarm");
const SUBJECT = "twofold.audit.v1";
const FAILURES_MAX = 100;

const clock = new Clock();
const rig = await startRig({ jetstream: true, settings: (folder) => clock.settings(folder) });
const manager = await jetstreamManager(rig.twofold.bus);
await rig.daemon.logged(/level=info .*stream=TWOFOLD_AUDIT/); // the service has made it

// One of the two examples, with the file that it keeps.
class Alarm {
    constructor(name, ...command) {
        this.name = name;
        this.command = command;
        this.ids = join(rig.folder, `${name}.ids`);
        this.told = "";
    }

    start(url = rig.url) {
        const [file, ...args] = this.command;
        this.program = rig.run(this.name, file, [...args, url, this.ids]);
    }

    // It cannot say anything.
    startMute() {
        this.program = rig.run(this.name, "sh", ["-c", 'exec "$@" >/dev/full', "sh", ...this.command, rig.url, this.ids]);
    }

    // Until it ends on its own account: the exit code.
    async ended() {
        const { program } = this;
        return (await until(program, () => program.ended, `the end of ${this.name}`)).how;
    }

    async end(signal) {
        const how = await this.program.end(signal);
        this.told += this.program.log;
        this.program = null;
        return how;
    }

    get idsKept() {
        return readFileSync(this.ids, "utf8").trim().split("\n").length;
    }

    // Until what was told is in the file too: who is killed before that tells it again.
    async settled() {
        for (let tries = 0; this.idsKept !== this.alarms.length; tries++) {
            assert.ok(tries < 500, `${this.name}: ${this.idsKept} ids of ${this.alarms.length} alarms`);
            await setTimeout(20);
        }
    }

    get alarms() {
        return this.lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    }

    get lines() {
        return (this.told + (this.program?.log ?? "")).split("\n");
    }

    // What was told of ORG so far.
    of(org) {
        return this.alarms.filter((alarm) => alarm.org === org.org);
    }
}

const ALARMS = [new Alarm("alarm.mjs", process.execPath, join(EXAMPLES, "alarm.mjs")), new Alarm("alarm", BUILT)];

// Until every example has told as much of ORG as is EXPECTED, [alarm, username] each; and no more than that.
async function alarmed(org, expected) {
    for (const alarm of ALARMS) {
        const { program } = alarm;
        await until(program, () => alarm.of(org).length >= expected.length || program.ended,
            `${expected.length} alarms of ${alarm.name}`, 30_000);
        assert.deepEqual(alarm.of(org).map((one) => [one.alarm, one.username]), expected, alarm.name);
    }
}

// A user with a recovery code that is used, and what offers it again.
async function spender(org, username) {
    const { phone, recoveryCodes: [recoveryCode] } = await enrol(org, username);
    const recover = () => org.call("Verification", "Verify", { username, recoveryCode });
    await recover();
    return { username, phone, reuse: () => refused(recover(), "CODE_REJECTED") };
}

const used = (...users) => users.map(({ username }) => ["used recovery code", username]);

// Asks until the bus is there for the service, and for us.
async function reconnected(ask) {
    for (let tries = 1; ; tries++)
        try {
            return await ask();
        } catch (error) {
            if (error instanceof TwofoldError || tries === 50) throw error;
            await setTimeout(200);
        }
}

// The event of a suspension: for real, waiting hours after each failure; by hand where the clock stands still.
async function suspend(org, username) {
    await register(org, username);
    const login = () => refused(org.call("Login", "Login", { username, password: "a wrong one" }), "WRONG_CREDENTIALS");
    if (!Clock.works) {
        await rig.trail.of(org);
        const event = { id: "by-hand", org: org.org, type: "account.suspended", username, reason: "WRONG_PASSWORD" };
        rig.twofold.bus.publish(`${SUBJECT}.${org.org}.${event.type}`, org.encode("AuditEvent", event));
        return;
    }
    for (let i = 0; i < FAILURES_MAX; i++) {
        await login();
        clock.forward(3601);
    }
    clock.setTo(0);
}

ALARMS.forEach((alarm) => alarm.start());

rig.test("a used recovery code and a suspension raise an alarm, other failures none", async () => {
    const org = await rig.org({ maxFailures: 10 });
    const [ann, last] = [await spender(org, "ann \"é\\"), await spender(org, "last")];
    await refused(verify(org, ann.username, ann.phone.wrongCode()), "CODE_REJECTED");
    await ann.reuse();
    await suspend(org, "bob");
    await last.reuse();
    await alarmed(org, [...used(ann), ["account suspended", "bob"], ...used(last)]);
    const events = (await rig.trail.of(org)).map(({ event }) => event);
    for (const alarm of ALARMS)
        for (const { id, time_unix_ms: time, username, count } of alarm.of(org)) {
            const event = events.find((one) => one.id === id);
            assert.deepEqual([event.timeUnixMs, event.username, 1], [time, username, count]);
        }
});

rig.test("what stands for many failures is one alarm, a lock on top of a used code none", async () => {
    const org = await rig.org({ maxFailures: 1, lockoutSeconds: 600 });
    const [ann, last] = [await spender(org, "ann"), await spender(org, "last")];
    await ann.reuse();
    await ann.reuse();
    await rig.trail.of(org); // so that what is published by hand comes after it
    const span = { count: 7, firstUnixMs: 1, lastUnixMs: 2 };
    const many = { id: "many", org: org.org, username: "bob", type: "login.failed", reason: "USED_RECOVERY_CODE", span };
    rig.twofold.bus.publish(`${SUBJECT}.${org.org}.login.failed`, org.encode("AuditEvent", many));
    await rig.trail.of(org);
    await last.reuse();
    await alarmed(org, used(ann, ann, { username: "bob" }, last));
    for (const alarm of ALARMS) assert.deepEqual(alarm.of(org).map(({ count }) => count), [1, 1, 7, 1]);
    const locks = (await rig.trail.of(org)).filter(({ event }) => event.type === "account.locked");
    assert.deepEqual(locks.map(({ event }) => event.reason), ["USED_RECOVERY_CODE"]);
});

for (const signal of ["SIGTERM", "SIGKILL"])
    rig.test(`what happens while they are gone (${signal}) is told afterwards, and nothing again`, async () => {
        const org = await rig.org({ maxFailures: 10 });
        const [cid, last] = [await spender(org, "cid"), await spender(org, "last")];
        await cid.reuse();
        await alarmed(org, used(cid));
        for (const alarm of ALARMS) {
            await alarm.settled();
            assert.equal(await alarm.end(signal), signal === "SIGKILL" ? signal : 0);
        }
        await cid.reuse();
        await cid.reuse();
        await rig.trail.of(org);
        ALARMS.forEach((alarm) => alarm.start());
        await alarmed(org, used(cid, cid, cid));
        await last.reuse();
        await alarmed(org, used(cid, cid, cid, last));
        for (const alarm of ALARMS) assert.equal(new Set(alarm.of(org).map(({ id }) => id)).size, 4);
    });

rig.test("an event that is delivered twice is told once; what is no event is skipped", async () => {
    const org = await rig.org({ maxFailures: 10 });
    const [dan, last] = [await spender(org, "dan"), await spender(org, "last")];
    await dan.reuse();
    const { subject, data } = (await rig.trail.of(org)).find(({ event }) => event.reason === "USED_RECOVERY_CODE");
    const misplaced = org.encode("AuditEvent", { id: "x", org: org.org, type: "account.suspended", username: "dan" });
    rig.twofold.bus.publish(subject, data);
    rig.twofold.bus.publish(subject, "no event");
    rig.twofold.bus.publish(subject, misplaced);
    await rig.twofold.bus.flush();
    await last.reuse();
    await alarmed(org, used(dan, last));
    for (const alarm of ALARMS) assert.equal(alarm.lines.filter((line) => line.startsWith("skipped: ")).length, 2);
});

rig.test("they outlive the bus: kill -9, and back", async () => {
    const org = await rig.org({ maxFailures: 10 });
    const [gus, last] = [await spender(org, "gus"), await spender(org, "last")];
    await gus.reuse();
    await alarmed(org, used(gus));
    await rig.killAndRestartBus();
    await reconnected(last.reuse);
    await alarmed(org, used(gus, last));
});

rig.test("an alarm that could not be written is raised by the next run", async () => {
    const org = await rig.org({ maxFailures: 10 });
    const fay = await spender(org, "fay");
    for (const alarm of ALARMS) {
        assert.equal(await alarm.end(), 0);
        alarm.startMute();
    }
    await fay.reuse();
    for (const alarm of ALARMS) {
        assert.equal(await alarm.ended(), 1);
        alarm.start();
    }
    await alarmed(org, used(fay));
});

rig.test("the file knows what was told, even when the reader's place in the stream is lost", async () => {
    const org = await rig.org({ maxFailures: 10 });
    const [eve, last] = [await spender(org, "eve"), await spender(org, "last")];
    await eve.reuse();
    await alarmed(org, used(eve));
    for (const alarm of ALARMS) assert.equal(await alarm.end(), 0);
    for await (const { name } of manager.consumers.list("TWOFOLD_AUDIT"))
        await manager.consumers.delete("TWOFOLD_AUDIT", name);
    ALARMS.forEach((alarm) => alarm.start());
    await last.reuse();
    await alarmed(org, used(eve, last));
    for (const alarm of ALARMS) {
        assert.equal(await alarm.end(), 0);
        assert.equal(alarm.idsKept, alarm.alarms.length);
    }
});

rig.test("copied without its packages or without audit.proto it says what to do", async () => {
    const copy = join(rig.folder, "alarm.mjs");
    copyFileSync(join(EXAMPLES, "alarm.mjs"), copy);
    const node = [process.execPath, join(EXAMPLES, "alarm.mjs")];
    for (const [words, file, ...args] of [
        [/^alarm: Cannot find package .+\n {2}run: npm install\n$/, process.execPath, copy],
        [/^alarm: .+\n {2}set AUDIT_PROTO to the path of Twofold's audit.proto\n$/, "env", "AUDIT_PROTO=/none", ...node],
    ]) {
        const program = rig.run("copied", file, args);
        assert.equal((await until(program, () => program.ended, "its end")).how, 1);
        assert.match(program.log, words);
    }
});

rig.test("without a bus, JetStream or the stream they end with a word", async () => {
    for (const url of ["nats://127.0.0.1:1", await rig.startBus(false), await rig.startBus(true)])
        for (const alarm of ALARMS) {
            alarm.start(url);
            assert.equal(await alarm.ended(), 1);
            const [said, next, ...more] = alarm.program.log.split("\n");
            assert.ok(said.startsWith("alarm: ") && said.includes(`${new URL(url).host}: `), said);
            assert.match(next, /^ {2}is NATS there, with JetStream, and does the stream TWOFOLD_AUDIT exist/);
            assert.deepEqual(more, [""]);
        }
});
