// The Radio Bridge console on Twofold: a token that every step carries, recovery codes, an end.
import assert from "node:assert/strict";
import { PASSWORD, confirmPassword, register, status } from "../support/people.mjs";
import { Phone, scanPng, scanSvg } from "../support/phone.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();
const username = "bo@example.org";

function login(org, fields) {
    return org.call("Login", "Login", { username, ...fields });
}

// confirm-password-access, generate-qr-image, verify-two-factor-authentication, complete-verification
async function enrolStepByStep(org) {
    const stepToken = await confirmPassword(org, username);
    const begun = await org.call("Enrollment", "Begin", { stepToken, label: "Bo's phone" });
    const phone = new Phone(await scanSvg(begun.qrSvg));
    assert.equal(phone.totp.secret.base32, begun.secret);
    assert.equal(await scanPng(begun.qrPng), phone.uri);
    assert.equal((await status(org, username)).state, "PENDING");

    const echo = { stepToken, code: phone.code(), secret: begun.secret };
    const confirmed = await org.call("Enrollment", "Confirm", echo);
    assert.equal(confirmed.state, "CONFIRMED");
    assert.equal((await login(org, { password: PASSWORD })).outcome, "AUTHENTICATED");

    assert.equal((await org.call("Enrollment", "Complete", { stepToken })).state, "ACTIVE");
    return { phone, recoveryCodes: confirmed.recoveryCodes };
}

rig.test("enrol, log in with a code, disable", async () => {
    const org = await rig.org();
    await register(org, username);
    const { phone, recoveryCodes } = await enrolStepByStep(org);
    assert.equal(new Set(recoveryCodes).size, 10);
    const { state, authenticators } = await status(org, username);
    assert.equal(state, "ACTIVE");
    assert.deepEqual(authenticators.map(({ label }) => label), ["Bo's phone"]);

    const asked = await login(org, { password: PASSWORD });
    assert.equal(asked.outcome, "CODE_REQUIRED");
    assert.equal(asked.authType, "authenticator");
    const done = await login(org, { stepToken: asked.stepToken, code: phone.code() });
    assert.equal(done.outcome, "AUTHENTICATED");
    assert.deepEqual(done.amr, ["pwd", "otp", "mfa"]);

    const stepToken = await confirmPassword(org, username);
    const off = await org.call("Enrollment", "Disable", { stepToken, code: phone.code() });
    assert.equal(off.state, "NOT_ENROLLED");
    assert.equal((await login(org, { password: PASSWORD })).outcome, "AUTHENTICATED");
});

rig.test("a recovery code stands in for the authenticator", async () => {
    const org = await rig.org();
    await register(org, username);
    const { recoveryCodes } = await enrolStepByStep(org);
    const done = await login(org, { password: PASSWORD, recoveryCode: recoveryCodes[3] });
    assert.equal(done.outcome, "AUTHENTICATED");
    assert.equal(done.recoveryCodesLeft, 9);
    await refused(login(org, { password: PASSWORD, recoveryCode: recoveryCodes[3] }), "CODE_REJECTED");
    const stepToken = await confirmPassword(org, username);
    const off = await org.call("Enrollment", "Disable", { stepToken, recoveryCode: recoveryCodes[7] });
    assert.equal(off.state, "NOT_ENROLLED");
});

rig.test("new recovery codes replace the old ones", async () => {
    const org = await rig.org();
    await register(org, username);
    const { phone, recoveryCodes: old } = await enrolStepByStep(org);
    const stepToken = await confirmPassword(org, username);
    const fresh = await org.call("Enrollment", "RegenerateRecoveryCodes", { stepToken, code: phone.code() });
    assert.equal(fresh.recoveryCodes.length, 10);
    await refused(login(org, { password: PASSWORD, recoveryCode: old[0] }), "CODE_REJECTED");
    const done = await login(org, { password: PASSWORD, recoveryCode: fresh.recoveryCodes[0] });
    assert.equal(done.outcome, "AUTHENTICATED");
});

rig.test("a step token is good for its user, its organization and its step alone", async () => {
    const [org, other] = [await rig.org(), await rig.org()];
    await register(org, username);
    await register(org, "eve");
    await register(other, username);
    const stepToken = await confirmPassword(org, username);
    await refused(other.call("Enrollment", "Begin", { stepToken }), "INVALID_TOKEN");
    await refused(org.call("Login", "Login", { username: "eve", stepToken }), "INVALID_TOKEN");
    await refused(org.call("Enrollment", "Begin", { stepToken: `${stepToken}x` }), "INVALID_TOKEN");
    await refused(org.call("Enrollment", "Complete", { stepToken }), "CONFLICT");
    await register(org, username);
    await refused(org.call("Enrollment", "Begin", { stepToken }), "INVALID_TOKEN");
});

rig.test("a cancelled enrolment leaves nothing behind", async () => {
    const org = await rig.org();
    await register(org, username);
    const stepToken = await confirmPassword(org, username);
    const { otpauthUri } = await org.call("Enrollment", "Begin", { stepToken });
    assert.equal((await org.call("Enrollment", "Cancel", { stepToken })).state, "NOT_ENROLLED");
    const code = new Phone(otpauthUri).code();
    await assert.rejects(org.call("Enrollment", "Confirm", { stepToken, code }));
    assert.equal((await status(org, username)).state, "NOT_ENROLLED");
});
