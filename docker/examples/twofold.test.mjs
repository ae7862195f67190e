// Tests against a running rig, as you would write them for a service of yours (Node 18 or newer):
//
//   node twofold.test.mjs           needs @nats-io/transport-node and protobufjs
//
// NATS_URL says where the bus is.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { connect } from "../../tests/e2e/node/lib/twofold.mjs";
import { Authenticator, totp } from "./totp.mjs";

// An organization of its own: `twofold seed` refuses one that has other users than its file.
const tests = await connect({ servers: process.env.NATS_URL ?? "nats://127.0.0.1:4222", org: "tests" });
await tests.call("Admin", "PutPolicy", { policy: { mode: "OPTIONAL" } });
after(() => tests.close());

// A user that no other test knows: nobody else spends its codes, or locks it out.
async function newUser(org = tests) {
    const username = `user-${randomUUID()}`;
    const secret = Array.from(randomBytes(32), (byte) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[byte & 31]).join("");
    const otpauthUri = `otpauth://totp/Tests:${username}?secret=${secret}&issuer=Tests`;
    await org.call("Admin", "PutUser", { username, password: "correct horse battery staple" });
    await org.call("Admin", "ImportAuthenticator", { username, otpauthUri });
    return { username, secret, app: new Authenticator(secret) };
}

const verify = (org, username, factor) => org.call("Verification", "Verify", { username, ...factor });

test("a code is good once", { timeout: 20_000 }, async () => {
    const { username, app } = await newUser();
    const code = await app.code();
    assert.equal((await verify(tests, username, { code })).method, "TOTP");
    await assert.rejects(verify(tests, username, { code }), { reason: "CODE_REJECTED" });
    await verify(tests, username, { code: await app.code() });
});

test("a code of another time is none", { timeout: 20_000 }, async () => {
    const { username, secret } = await newUser();
    const now = Date.now() / 1000;
    for (const time of [now - 3600, now + 3600]) {
        const code = totp(secret, time);
        await assert.rejects(verify(tests, username, { code }), { reason: "CODE_REJECTED" });
    }
});

test("who guesses must wait", { timeout: 20_000 }, async () => {
    const strict = tests.at("strict");
    await strict.call("Admin", "PutPolicy", { policy: { maxFailures: 2, lockoutSeconds: 60 } });
    const { username, secret, app } = await newUser(strict);
    const wrong = { code: totp(secret, 0) };
    for (let tries = 0; tries < 3; tries++) {
        await assert.rejects(verify(strict, username, wrong), { reason: "CODE_REJECTED" });
    }
    await assert.rejects(verify(strict, username, { code: await app.code() }),
        ({ reason, retryAfterSeconds }) => reason === "LOCKED" && retryAfterSeconds > 0);
    await strict.call("Admin", "Unlock", { username });
    await verify(strict, username, { code: await app.code() });
});

test("a recovery code stands in once", { timeout: 20_000 }, async () => {
    const { username, app } = await newUser();
    const { stepToken } = await tests.call("Login", "ConfirmPassword",
        { username, password: "correct horse battery staple" });
    const { recoveryCodes: [recoveryCode] } = await tests.call("Enrollment", "RegenerateRecoveryCodes",
        { stepToken, code: await app.code() });
    assert.equal((await verify(tests, username, { recoveryCode })).method, "RECOVERY_CODE");
    await assert.rejects(verify(tests, username, { recoveryCode }), { reason: "CODE_REJECTED" });
});

test("the audit trail tells of it", { timeout: 20_000 }, async () => {
    const { username, app } = await newUser();
    const events = tests.bus.subscribe("twofold.audit.v1.tests.verification.*", { timeout: 10_000 });
    await tests.bus.flush();
    await verify(tests, username, { code: await app.code(), purpose: "payment" });
    for await (const { data } of events) {
        const event = tests.decode("AuditEvent", data);
        if (event.username !== username) continue; // of another test
        assert.equal(event.type, "verification.succeeded");
        assert.equal(event.purpose, "payment");
        break;
    }
});
