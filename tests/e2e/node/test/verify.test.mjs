// Verdicts for other services: once, counted, and told apart by nobody.
import assert from "node:assert/strict";
import { enrol, imported, register, status, verify } from "../support/people.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();

function recover(org, username, recoveryCode) {
    return org.call("Verification", "Verify", { username, recoveryCode });
}

rig.test("a code is accepted once", async () => {
    const org = await rig.org();
    const phone = await imported(org, "cy");
    const code = phone.code();
    const before = Math.floor(Date.now() / 1000);
    const verdict = await verify(org, "cy", code);
    assert.equal(verdict.method, "TOTP");
    assert.deepEqual(verdict.amr, ["otp"]);
    assert.ok(verdict.verifiedAt >= before && verdict.verifiedAt <= Math.floor(Date.now() / 1000));
    await refused(verify(org, "cy", code), "CODE_REJECTED");
    await verify(org, "cy", phone.code());
});

rig.test("an older code is refused after a newer one", async () => {
    const org = await rig.org();
    const phone = await imported(org, "cy");
    const [older, newer] = [phone.code(), phone.code()];
    await verify(org, "cy", newer);
    await refused(verify(org, "cy", older), "CODE_REJECTED");
});

rig.test("the code that confirmed the enrolment is spent", async () => {
    const org = await rig.org();
    const { phone } = await enrol(org, "cy");
    await refused(verify(org, "cy", phone.at(phone.last)), "CODE_REJECTED");
});

rig.test("a recovery code is spent once, however it is written", async () => {
    const org = await rig.org();
    const { recoveryCodes } = await enrol(org, "cy");
    const sloppy = recoveryCodes[0].replaceAll("-", "").toLowerCase();
    const verdict = await recover(org, "cy", sloppy);
    assert.equal(verdict.method, "RECOVERY_CODE");
    assert.deepEqual(verdict.amr, []);
    assert.equal(verdict.recoveryCodesLeft, 9);
    await refused(recover(org, "cy", recoveryCodes[0]), "CODE_REJECTED");
    assert.equal((await recover(org, "cy", recoveryCodes[9])).recoveryCodesLeft, 8);
});

rig.test("failures are counted, then waited for; recovery codes are counted apart", async () => {
    const org = await rig.org({ maxFailures: 3, lockoutSeconds: 60 });
    const { phone, recoveryCodes } = await enrol(org, "cy");
    for (const left of [2, 1, 0]) {
        const failure = await refused(verify(org, "cy", phone.wrongCode()), "CODE_REJECTED");
        assert.equal(failure.attemptsLeft, left);
        assert.equal(failure.retryAfterSeconds, 0);
    }
    const last = await refused(verify(org, "cy", phone.wrongCode()), "CODE_REJECTED");
    const locked = await refused(verify(org, "cy", phone.code()), "LOCKED");
    for (const { retryAfterSeconds: wait } of [last, locked, await status(org, "cy")])
        assert.ok(wait > 50 && wait <= 60, `${wait} s`);
    assert.equal((await recover(org, "cy", recoveryCodes[0])).method, "RECOVERY_CODE");
    await org.call("Admin", "Unlock", { username: "cy" });
    await verify(org, "cy", phone.code());
});

rig.test("a success forgives failures", async () => {
    const org = await rig.org();
    const phone = await imported(org, "cy");
    await refused(verify(org, "cy", phone.wrongCode()), "CODE_REJECTED");
    await verify(org, "cy", phone.code());
    const { attemptsLeft } = await refused(verify(org, "cy", phone.wrongCode()), "CODE_REJECTED");
    assert.equal(attemptsLeft, 4);
});

rig.test("an unknown user looks like one without a factor", async () => {
    const org = await rig.org();
    await register(org, "cy");
    const [known, unknown] = await Promise.all(["cy", "nobody"].map((name) =>
        refused(verify(org, name, "123456"), "NOT_ENROLLED")));
    assert.equal(known.message, unknown.message);
    assert.deepEqual(await status(org, "cy"), await status(org, "nobody"));
});

rig.test("the status tells what is set up, and when it was used", async () => {
    const org = await rig.org({ mode: "REQUIRED" });
    const { phone } = await enrol(org, "cy");
    const { verifiedAt } = await verify(org, "cy", phone.code());
    const { authenticators: [authenticator, ...others], ...rest } = await status(org, "cy");
    assert.deepEqual(rest, {
        state: "ACTIVE", mode: "REQUIRED", retryAfterSeconds: 0, recoveryCodesLeft: 10,
    });
    assert.deepEqual(others, []);
    assert.match(authenticator.id, /^[0-9a-f-]{36}$/);
    assert.equal(authenticator.lastUsedAt, verifiedAt);
    assert.ok(authenticator.createdAt <= verifiedAt);
});

rig.test("users of the same name in two organizations are two users", async () => {
    const [org, other] = [await rig.org(), await rig.org()];
    const phone = await imported(org, "cy");
    await imported(other, "cy");
    await refused(verify(other, "cy", phone.code()), "CODE_REJECTED");
    await verify(org, "cy", phone.at(phone.last));
});
