// Goal: a peer of the bench does the work that it is measured for. Each property is seen on a real bus, from
// outside, with a foreign client: accepted once, counted, locked, durable over kill -9, one sync for many replies.
//
//     node peer.test.mjs NEEDED PEER [ARGUMENT...]
//
// NEEDED: the file without which the peer cannot be had here; then this exits with 77.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { HOTP, Secret } from "otpauth";
import { connect } from "../../../e2e/node/lib/twofold.mjs";
import { Program } from "../../../e2e/node/support/program.mjs";
import { refused } from "../../../e2e/node/support/refused.mjs";

const [needed, program, ...options] = process.argv.slice(2);
if (!existsSync(needed)) {
    console.log(`skipped: there is no ${needed}`);
    process.exit(77);
}
const USERS = 1000, BURST = 400, PERIOD = 30;
const folder = mkdtempSync(join(tmpdir(), "twofold-peer-"));
const data = join(folder, "data");
let bus, url, twofold, peer;
let fresh = 0;

// A user that no test has seen, as tests/attack/rotate_load.c makes it.
function somebody() {
    const i = fresh++;
    const key = Uint8Array.from({ length: 20 }, (_, j) => (i >>> ((j % 4) * 8)) ^ (j * 37));
    return { name: `user${String(i).padStart(7, "0")}`, secret: new Secret({ buffer: key.buffer }) };
}

const now = () => Math.floor(Date.now() / 1000 / PERIOD);
// Good for the next steps too, whenever it arrives: of the step to come when that is near.
const codeOf = ({ secret }, step = now()) => HOTP.generate({ secret, counter: step });
const verify = ({ name }, code) => twofold.call("Verification", "Verify", { username: name, code });

function wrongCodeOf(user) {
    const near = new Set([-3, -2, -1, 0, 1, 2, 3].map((k) => codeOf(user, now() + k)));
    for (let n = 0; ; n++) {
        const code = String(n).padStart(6, "0");
        if (!near.has(code)) return code;
    }
}

async function start(before = []) {
    const [file, ...rest] = [...before, program, ...options, url, data, String(USERS)];
    peer = new Program("peer", file, rest);
    await peer.logged(/serving/);
}

// What the outbox holds.
function events() {
    const lines = execFileSync(program, [...options, "--events", data], { encoding: "utf8", maxBuffer: 2 ** 26 });
    return lines.split("\n").filter(Boolean).map((line) => {
        const bytes = Buffer.from(line, "base64");
        return { bytes, ...twofold.decode("AuditEvent", bytes) };
    });
}

before(async () => {
    bus = new Program("nats-server", "nats-server", ["-a", "127.0.0.1", "-p", "-1"]);
    const [, port] = await bus.logged(/client connections on 127\.0\.0\.1:(\d+)/);
    await bus.logged(/Server is ready/);
    url = `nats://127.0.0.1:${port}`;
    twofold = await connect({ servers: url });
    await start();
});

after(async () => {
    await peer?.end("SIGKILL");
    await twofold?.close();
    await bus?.end();
    rmSync(folder, { recursive: true });
});

test("a right code is accepted", async () => {
    const user = somebody();
    const reply = await verify(user, codeOf(user));
    assert.equal(reply.method, "TOTP");
    assert.deepEqual(reply.amr, ["otp"]);
    assert.ok(Math.abs(reply.verifiedAt - Date.now() / 1000) < 5);
});

test("the codes of the steps around now are accepted, each once and none that is older", async () => {
    const user = somebody();
    const step = now();
    await verify(user, codeOf(user, step));
    await verify(user, codeOf(user, step + 1));
    for (const old of [step + 1, step, step - 1]) await refused(verify(user, codeOf(user, old)), "CODE_REJECTED");
});

test("of one code that is sent many times at once, one is accepted", async () => {
    const user = somebody();
    const code = codeOf(user);
    const answers = await Promise.allSettled(Array.from({ length: 5 }, () => verify(user, code)));
    assert.equal(answers.filter(({ status }) => status === "fulfilled").length, 1);
});

test("wrong codes are counted, and then nothing is looked at", async () => {
    const user = somebody();
    for (let left = 4; left >= 0; left--) {
        const error = await refused(verify(user, wrongCodeOf(user)), "CODE_REJECTED");
        assert.equal(error.attemptsLeft, left);
    }
    const last = await refused(verify(user, wrongCodeOf(user)), "CODE_REJECTED");
    assert.equal(last.retryAfterSeconds, 30);
    const locked = await refused(verify(user, codeOf(user)), "LOCKED");
    assert.ok(locked.retryAfterSeconds >= 25 && locked.retryAfterSeconds <= 30);
});

test("a success ends the run of failures", async () => {
    const user = somebody();
    for (let i = 0; i < 3; i++) await refused(verify(user, wrongCodeOf(user)), "CODE_REJECTED");
    await verify(user, codeOf(user));
    const error = await refused(verify(user, wrongCodeOf(user)), "CODE_REJECTED");
    assert.equal(error.attemptsLeft, 4);
});

test("a stranger, and what is no code, are refused", async () => {
    await refused(verify({ name: "nobody" }, "123456"), "NOT_ENROLLED");
    for (const code of ["12345", "1234567", "12345a", ""]) await refused(verify(somebody(), code), "VALIDATION");
});

test("kill -9 right after the answers takes nothing back", async () => {
    const users = Array.from({ length: BURST }, somebody);
    const step = now();
    const locked = users.splice(0, 1)[0];
    for (let i = 0; i < 6; i++) await refused(verify(locked, wrongCodeOf(locked)), "CODE_REJECTED");
    const spent = [];
    await new Promise((killed, failed) => {
        setTimeout(() => failed(new Error(`${spent.length} were accepted`)), 15_000).unref();
        for (const user of users)
            verify(user, codeOf(user, step + 1)).then(() => {
                spent.push(user);
                if (spent.length === BURST / 2) killed(peer.end("SIGKILL"));
            }, () => {});
    });
    await start();
    for (const user of spent) await refused(verify(user, codeOf(user, step + 1)), "CODE_REJECTED");
    await refused(verify(locked, codeOf(locked)), "LOCKED");
});

test("every answer has its event, in the chain of its user", async () => {
    const user = somebody();
    await verify(user, codeOf(user));
    await refused(verify(user, codeOf(user)), "CODE_REJECTED");
    await refused(verify(user, wrongCodeOf(user)), "CODE_REJECTED");
    assert.equal(await peer.end(), 0);
    const all = events();
    const his = all.filter(({ username }) => username === user.name);
    assert.deepEqual(his.map(({ type, reason }) => [type, reason]), [
        ["verification.succeeded", "REASON_UNSPECIFIED"],
        ["verification.failed", "REPLAYED"],
        ["verification.failed", "WRONG_CODE"],
    ]);
    assert.match(his[0].id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const chains = new Map();
    for (const { username, sequence, previousDigest, bytes } of all.filter((event) => event.sequence > 0)) {
        const before = chains.get(username) ?? { sequence: 0, digest: "" };
        assert.equal(sequence, before.sequence + 1);
        assert.equal(Buffer.from(previousDigest).toString("hex"), before.digest);
        chains.set(username, { sequence, digest: createHash("sha256").update(bytes).digest("hex") });
    }
    assert.ok(chains.size >= BURST / 2);
    await start();
});

// Replies and completed syncs in the order in which the kernel saw them: "R" and "S". A reply's call counts when it
// begins, a sync when it has returned.
function traced(file) {
    const calls = [];
    for (const line of readFileSync(file, "utf8").split("\n")) {
        if (/"H?PUB _INBOX/.test(line) && !/resumed/.test(line)) calls.push("R");
        if (/(fsync|fdatasync|msync)/.test(line) && /= 0$/.test(line)) calls.push("S");
    }
    return calls.join("");
}

// With -D the child is the peer and not strace, as the signals need it.
const STRACE = ["strace", "-D", "-f", "-s", "24", "-e", "trace=write,writev,sendto,sendmsg,fsync,fdatasync,msync"];
const traces = spawnSync("strace", ["-o", "/dev/null", "true"]).status === 0;

test("no reply leaves before a sync, and many share one", { skip: !traces && "there is no strace here" }, async () => {
    await peer.end();
    const file = join(folder, "trace");
    await start([...STRACE, "-o", file]);
    const users = Array.from({ length: 10 }, somebody);
    const begin = traced(file).length;
    for (const user of users) await verify(user, codeOf(user));
    const single = traced(file).slice(begin);
    assert.match(single, /^(S+R){10}$/);
    const many = Array.from({ length: BURST - 10 }, somebody);
    await Promise.all(many.map((user) => verify(user, codeOf(user))));
    const syncs = [...traced(file).slice(begin + single.length)].filter((c) => c === "S").length;
    console.log(`${single.length - 10} syncs for 10 single requests, ${syncs} for ${many.length} at once`);
    assert.ok(syncs >= 1 && syncs < many.length / 4, `${syncs} syncs for ${many.length} requests`);
});
