// The CygNet Bridge on Twofold: its three modes, tfa-qr, tfa-confirm and tfa-reset.
import assert from "node:assert/strict";
import { PASSWORD, confirmPassword, register } from "../support/people.mjs";
import { Phone, scanPng, scanSvg } from "../support/phone.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();

// As its client does it: the image as it came, and a code that completes the registration.
async function scanAndConfirm(org, stepToken) {
    const begun = await org.call("Enrollment", "Begin", { stepToken });
    assert.equal(await scanPng(begun.qrPng), begun.otpauthUri);
    assert.equal(await scanSvg(begun.qrSvg), begun.otpauthUri);
    const phone = new Phone(await scanPng(begun.qrPng));
    assert.equal(phone.totp.secret.base32, begun.secret);
    const done = await org.call("Enrollment", "Confirm", { stepToken, code: phone.code(), activate: true });
    assert.equal(done.state, "ACTIVE");
    return phone;
}

function login(org, secondFactor = {}) {
    return org.call("Login", "Login", { username: "ada", password: PASSWORD, ...secondFactor });
}

// The tail of every mode that has two factors: login takes the code, and nothing else does.
async function loginNeedsCode(org, phone) {
    const asked = await login(org);
    assert.equal(asked.outcome, "CODE_REQUIRED");
    assert.equal(asked.authType, "authenticator");
    await refused(login(org, { code: phone.wrongCode() }), "CODE_REJECTED");
    const done = await login(org, { code: phone.code() });
    assert.equal(done.outcome, "AUTHENTICATED");
    assert.deepEqual(done.amr, ["pwd", "otp", "mfa"]);
}

rig.test("disabled: the password is enough and nobody enrols", async () => {
    const org = await rig.org({ mode: "DISABLED" });
    await register(org, "ada");
    const done = await login(org);
    assert.equal(done.outcome, "AUTHENTICATED");
    assert.deepEqual(done.amr, ["pwd"]);
    const stepToken = await confirmPassword(org, "ada");
    await refused(org.call("Enrollment", "Begin", { stepToken }), "POLICY_FORBIDS");
});

rig.test("optional: who enrolled is asked for a code", async () => {
    const org = await rig.org({ mode: "OPTIONAL", issuer: "CygNet Bridge" });
    await register(org, "ada");
    assert.equal((await login(org)).outcome, "AUTHENTICATED");
    const phone = await scanAndConfirm(org, await confirmPassword(org, "ada"));
    assert.equal(phone.totp.issuer, "CygNet Bridge");
    assert.equal(phone.totp.label, "ada");
    await loginNeedsCode(org, phone);
});

rig.test("optional: nobody enrols twice, until an administrator resets", async () => {
    const org = await rig.org({ mode: "OPTIONAL" });
    await register(org, "ada");
    await scanAndConfirm(org, await confirmPassword(org, "ada"));
    const stepToken = await confirmPassword(org, "ada");
    await refused(org.call("Enrollment", "Begin", { stepToken }), "ALREADY_ENROLLED");
    const reset = await org.call("Admin", "ResetSecondFactor", { username: "ada" });
    assert.equal(reset.state, "NOT_ENROLLED");
    assert.equal((await login(org)).outcome, "AUTHENTICATED");
    await scanAndConfirm(org, await confirmPassword(org, "ada"));
});

rig.test("required: the first login leads to an enrolment, and out of it goes no way", async () => {
    const org = await rig.org({ mode: "REQUIRED" });
    await register(org, "ada");
    const first = await login(org);
    assert.equal(first.outcome, "ENROLLMENT_REQUIRED");
    assert.deepEqual(first.amr, []);
    const phone = await scanAndConfirm(org, first.stepToken);
    await loginNeedsCode(org, phone);
    const stepToken = await confirmPassword(org, "ada");
    await refused(org.call("Enrollment", "Disable", { stepToken, code: phone.code() }), "POLICY_FORBIDS");
});

rig.test("a wrong code does not complete the registration", async () => {
    const org = await rig.org({ mode: "OPTIONAL" });
    await register(org, "ada");
    const stepToken = await confirmPassword(org, "ada");
    const phone = new Phone((await org.call("Enrollment", "Begin", { stepToken })).otpauthUri);
    const confirm = (code) => org.call("Enrollment", "Confirm", { stepToken, code, activate: true });
    const { attemptsLeft } = await refused(confirm(phone.wrongCode()), "CODE_REJECTED");
    assert.equal(attemptsLeft, 4);
    assert.equal((await login(org)).outcome, "AUTHENTICATED");
    assert.equal((await confirm(phone.code())).state, "ACTIVE");
});

for (const [algorithm, digits, period] of [["SHA256", 8, 60], ["SHA512", 6, 30]]) {
    rig.test(`the QR code carries ${algorithm}, ${digits} digits, ${period} seconds`, async () => {
        const org = await rig.org({ algorithm, digits, period });
        await register(org, "ada");
        const phone = await scanAndConfirm(org, await confirmPassword(org, "ada"));
        assert.equal(phone.totp.algorithm, algorithm);
        assert.equal(phone.totp.digits, digits);
        assert.equal(phone.totp.period, period);
        await loginNeedsCode(org, phone);
    });
}
