// The audit trail: complete, in order, chained, and without a secret in it.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { PASSWORD, enrol, verify } from "../support/people.mjs";
import { Phone } from "../support/phone.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();
const UUID7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

// A whole life of a user, and every secret that was on the bus in it.
async function live(org, username) {
    const secrets = new Set([PASSWORD]);
    const call = async (service, method, fields) => {
        const reply = await org.call(service, method, fields);
        for (const key of ["code", "recoveryCode"]) if (fields[key]) secrets.add(fields[key]);
        for (const key of ["stepToken", "secret", "otpauthUri"]) if (reply[key]) secrets.add(reply[key]);
        for (const code of reply.recoveryCodes ?? []) secrets.add(code);
        return reply;
    };
    await call("Admin", "PutUser", { username, password: PASSWORD });
    const { stepToken } = await call("Login", "ConfirmPassword", { username, password: PASSWORD });
    const phone = new Phone((await call("Enrollment", "Begin", { stepToken })).otpauthUri);
    const [spent, wrong] = [phone.code(), phone.wrongCode()];
    const confirmed = await call("Enrollment", "Confirm", { stepToken, code: spent });
    await call("Enrollment", "Complete", { stepToken });
    await refused(call("Verification", "Verify", { username, code: spent }), "CODE_REJECTED");
    await refused(call("Verification", "Verify", { username, code: wrong }), "CODE_REJECTED");
    secrets.add(wrong);
    await call("Verification", "Verify", { username, code: phone.code(), purpose: "pay" });
    await call("Verification", "Verify", { username, recoveryCode: confirmed.recoveryCodes[0] });
    const asked = await call("Login", "Login", { username, password: PASSWORD });
    await call("Login", "Login", { username, stepToken: asked.stepToken, code: phone.code() });
    await refused(call("Login", "Login", { username, password: "wrong password" }), "WRONG_CREDENTIALS");
    secrets.add("wrong password");
    const { stepToken: last } = await call("Login", "ConfirmPassword", { username, password: PASSWORD });
    await call("Enrollment", "Disable", { stepToken: last, code: phone.code() });
    await call("Admin", "DeleteUser", { username });
    return secrets;
}

const LIFE = [
    ["user.created", "SUCCESS"],
    ["password.confirmed", "SUCCESS"],
    ["enrollment.begun", "SUCCESS"],
    ["enrollment.confirmed", "SUCCESS"],
    ["enrollment.completed", "SUCCESS"],
    ["verification.failed", "DENIED", "REPLAYED"],
    ["verification.failed", "DENIED", "WRONG_CODE"],
    ["verification.succeeded", "SUCCESS"],
    ["verification.succeeded", "SUCCESS"],
    ["recovery.used", "SUCCESS"],
    ["login.code_required", "CHALLENGED"],
    ["login.succeeded", "SUCCESS"],
    ["login.failed", "DENIED", "WRONG_PASSWORD"],
    ["password.confirmed", "SUCCESS"],
    ["verification.succeeded", "SUCCESS"],
    ["factor.disabled", "SUCCESS"],
    ["user.deleted", "SUCCESS"],
];

// Does TEXT tell SECRET? What is random or a number by design may contain six digits by chance.
function tells(message, secret) {
    const { id, authenticatorId, instance, previousDigest, timeUnixMs, ...told } = message.event;
    const headers = [...message.headers].filter(([name]) => !/^(ce-id|Nats-Msg-Id|ce-source|ce-time)$/.test(name));
    return JSON.stringify([told, headers]).includes(secret);
}

rig.test("every event of a life is there, in order, as a CloudEvent", async () => {
    const org = await rig.org();
    await live(org, "hal é");
    const trail = (await rig.trail.of(org)).filter(({ event }) => event.username);
    assert.deepEqual(trail.map(({ event }) => [event.type, event.outcome, event.reason]),
        LIFE.map(([type, outcome, reason = "REASON_UNSPECIFIED"]) => [type, outcome, reason]));
    for (const { subject, headers, event } of trail) {
        assert.match(event.id, UUID7);
        assert.equal(event.username, "hal é");
        assert.equal(subject, `twofold.audit.v1.${org.org}.${event.type}`);
        assert.equal(headers.get("Nats-Msg-Id"), event.id);
        assert.equal(headers.get("ce-id"), event.id);
        assert.equal(headers.get("ce-specversion"), "1.0");
        assert.equal(headers.get("ce-type"), `twofold.v1.${event.type}`);
        assert.equal(headers.get("ce-source"), `/twofold/${event.instance}`);
        assert.equal(headers.get("ce-subject"), "hal%20%C3%A9");
        assert.equal(headers.get("ce-time"), new Date(event.timeUnixMs).toISOString());
        assert.equal(headers.get("ce-datacontenttype"), "application/protobuf");
    }
    assert.equal(new Set(trail.map(({ event }) => event.id)).size, trail.length);
});

rig.test("each event carries the digest of the user's previous one", async () => {
    const org = await rig.org();
    await Promise.all([live(org, "hal"), live(org, "ida")]);
    const trail = await rig.trail.of(org);
    for (const username of ["hal", "ida"]) {
        const chain = trail.filter(({ event }) => event.username === username);
        assert.equal(chain.length, LIFE.length);
        let digest = Buffer.alloc(0);
        for (const [i, { event, data }] of chain.entries()) {
            assert.equal(event.sequence, i + 1);
            assert.deepEqual(Buffer.from(event.previousDigest), digest);
            digest = createHash("sha256").update(data).digest();
        }
    }
});

rig.test("no event tells a secret", async () => {
    const org = await rig.org();
    const secrets = await live(org, "hal");
    assert.ok(secrets.size > 20);
    for (const message of await rig.trail.of(org))
        for (const secret of secrets) {
            assert.ok(!tells(message, secret), `${message.event.type} tells a secret`);
            if (secret.length > 8) assert.ok(!Buffer.from(message.data).includes(secret));
        }
});

rig.test("who asked, why and within what trace", async () => {
    const org = await rig.org();
    const { phone } = await enrol(org, "hal");
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const fields = { username: "hal", code: phone.code(), purpose: "payout" };
    await org.call("Verification", "Verify", fields, { traceparent, requestId: "order-7" });
    await verify(org, "hal", phone.code(), { traceparent: "00-forged" });
    const [traced, untraced] = (await rig.trail.of(org)).filter(({ event }) => event.type === "verification.succeeded");
    assert.equal(traced.event.traceparent, traceparent);
    assert.equal(traced.headers.get("traceparent"), traceparent);
    assert.equal(traced.event.requestId, "order-7");
    assert.equal(traced.event.purpose, "payout");
    assert.equal(traced.event.method, "TOTP");
    assert.equal(traced.event.actor, "");
    assert.equal(untraced.event.traceparent, "");
    assert.equal(untraced.event.purpose, "twofold:verification.verify");
});

rig.test("the service tells that it has started", async () => {
    const [{ event }] = await rig.trail.of(rig.twofold);
    assert.equal(event.type, "service.started");
    assert.equal(event.username, "");
    assert.ok(rig.daemon.log.includes(`instance=${event.instance} `));
});
