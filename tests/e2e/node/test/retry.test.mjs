// The same request id: the same answer again, and nothing done twice.
import assert from "node:assert/strict";
import { PASSWORD, imported, register, verify } from "../support/people.mjs";
import { refused, violated } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();

function errorCode(reply) {
    return reply.headers?.get("Nats-Service-Error-Code") ?? "";
}

rig.test("a retry gets the same bytes and spends nothing", async () => {
    const org = await rig.org();
    const phone = await imported(org, "gus");
    const payload = org.encode("VerifyRequest", { username: "gus", code: phone.code() });
    const ask = (requestId) => org.send("Verification", "Verify", payload, { requestId });
    const [first, again] = [await ask("checkout-1"), await ask("checkout-1")];
    assert.equal(errorCode(first), "");
    assert.deepEqual(again.data, first.data);
    assert.deepEqual([...again.headers], [...first.headers]);
    const other = await ask("checkout-2");
    assert.equal(org.decode("Error", other.data).reason, "CODE_REJECTED");
    const verdicts = (await rig.trail.of(org)).filter(({ event }) => event.type.startsWith("verification."));
    assert.deepEqual(verdicts.map(({ event }) => [event.type, event.requestId]), [
        ["verification.succeeded", "checkout-1"], ["verification.failed", "checkout-2"],
    ]);
});

rig.test("retries at the same time are one request", async () => {
    const org = await rig.org();
    const phone = await imported(org, "gus");
    const payload = org.encode("VerifyRequest", { username: "gus", code: phone.code() });
    const replies = await Promise.all(Array.from({ length: 50 }, () =>
        org.send("Verification", "Verify", payload, { requestId: "together" })));
    for (const reply of replies) assert.deepEqual(reply.data, replies[0].data);
    assert.equal(errorCode(replies[0]), "");
});

rig.test("a retried failure is counted once", async () => {
    const org = await rig.org();
    const phone = await imported(org, "gus");
    const wrong = phone.wrongCode();
    for (let i = 0; i < 8; i++) {
        const failure = await refused(verify(org, "gus", wrong, { requestId: "typo" }), "CODE_REJECTED");
        assert.equal(failure.attemptsLeft, 4);
    }
});

rig.test("other content under the same id is a conflict", async () => {
    const org = await rig.org();
    const phone = await imported(org, "gus");
    const options = { requestId: "used" };
    await verify(org, "gus", phone.code(), options);
    const fresh = phone.code();
    await refused(verify(org, "gus", fresh, options), "CONFLICT");
    await refused(org.call("Admin", "Unlock", { username: "gus" }, options), "CONFLICT");
    await verify(org, "gus", fresh);
});

rig.test("a retried enrolment shows the same secret", async () => {
    const org = await rig.org();
    await register(org, "gus");
    const call = (service, method, fields) => org.call(service, method, fields, { requestId: method });
    const confirmed = () => call("Login", "ConfirmPassword", { username: "gus", password: PASSWORD });
    const { stepToken } = await confirmed();
    assert.equal((await confirmed()).stepToken, stepToken);
    const begun = () => call("Enrollment", "Begin", { stepToken });
    assert.deepEqual(await begun(), await begun());
});

rig.test("the id comes back with every reply", async () => {
    const org = await rig.org();
    const table = [
        ["Admin", "PutUser", "PutUserRequest", { username: "gus", password: PASSWORD }],
        ["Verification", "GetStatus", "GetStatusRequest", { username: "gus" }],
        ["Verification", "Verify", "VerifyRequest", {}],
        ["Verification", "Guess", "VerifyRequest", {}],
    ];
    for (const [service, method, type, fields] of table) {
        const requestId = `${method} 1/2`;
        const reply = await org.send(service, method, org.encode(type, fields), { requestId });
        assert.equal(reply.headers.get("Twofold-Request-Id"), requestId);
    }
});

rig.test("an id of 65 characters is refused, one of 64 is not", async () => {
    const org = await rig.org();
    const status = (requestId) =>
        org.call("Verification", "GetStatus", { username: "gus" }, { requestId });
    await status("x".repeat(64));
    assert.deepEqual(await violated(status("x".repeat(65))), ["Twofold-Request-Id"]);
});
