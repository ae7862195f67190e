// Every method of the contract, its yes and its no, with secrets that nobody else has.
import assert from "node:assert/strict";
import { Phone } from "../e2e/node/support/phone.mjs";
import { password, passwordHash, phoneOf, randomCode, wrongCode } from "./leaks_bus.mjs";
import { word } from "./leaks_rig.mjs";

const newRecoveryCode = (slot = "0") => (slot + [...word(24)].map((c) => "23456789ABCDEFGHJKMNPQRSTVWXYZ"[c.charCodeAt(0) % 30]).join(""))
    .match(/.{5}/g).join("-");

async function passwords(org) {
    const ada = await org.register("ada");
    const { username } = ada;
    await org.ask("Admin", "PutUser", { username, password: password().repeat(9) }, "VALIDATION");
    ada.password = password();
    await org.ask("Admin", "PutUser", ada);
    await org.ask("Login", "ConfirmPassword", { username, password: password() }, "WRONG_CREDENTIALS");
    await org.ask("Login", "ConfirmPassword", { username: "nobody", password: password() },
        "WRONG_CREDENTIALS");
    await org.ask("Login", "Login", { username, password: password() }, "WRONG_CREDENTIALS");
    await org.ask("Login", "Login", { username: "nobody", password: password(), code: randomCode() },
        "WRONG_CREDENTIALS");
    await org.ask("Login", "Login", ada); // no factor yet: in
}

async function enrolment(org, plant) {
    const bob = await org.enrol("bob", plant("label"));
    const stepToken = await org.token(bob), offer = () => ({ code: org.fresh(bob.phone) });
    await org.ask("Enrollment", "Begin", { stepToken }, "VALIDATION");
    await org.ask("Enrollment", "Begin", { stepToken, code: wrongCode(bob.phone) }, "CODE_REJECTED");
    await org.ask("Enrollment", "Begin", { stepToken, label: "second", ...offer() });
    const again = await org.ask("Enrollment", "Begin", { stepToken, label: "second", ...offer() });
    const phone = phoneOf(again.otpauthUri);
    await org.ask("Enrollment", "Confirm", { stepToken, code: wrongCode(phone) }, "CODE_REJECTED");
    const echo = { stepToken, code: org.fresh(phone), secret: [...again.secret].reverse().join("") };
    await org.ask("Enrollment", "Confirm", echo, "VALIDATION");
    await org.ask("Enrollment", "Cancel", { stepToken });
    await org.ask("Enrollment", "Cancel", { stepToken }, "INVALID_TOKEN");
    await org.ask("Enrollment", "Complete", { stepToken: await org.token(bob) }, "CONFLICT");
    await org.ask("Verification", "GetStatus", { username: "bob" });
}

async function changes(org) {
    const eve = await org.enrol("eve");
    let stepToken = await org.token(eve);
    await org.ask("Enrollment", "RegenerateRecoveryCodes", { stepToken, code: wrongCode(eve.phone) },
        "CODE_REJECTED");
    const { recoveryCodes } = await org.ask("Enrollment", "RegenerateRecoveryCodes",
        { stepToken, code: org.fresh(eve.phone) }, "OK", { requestId: "regenerate" });
    stepToken = (await org.ask("Admin", "IssueStepToken", { username: "eve" })).stepToken;
    await org.ask("Enrollment", "Disable", { stepToken, code: wrongCode(eve.phone) }, "CODE_REJECTED");
    await org.ask("Enrollment", "Disable", { stepToken, recoveryCode: newRecoveryCode() }, "CODE_REJECTED");
    await org.ask("Enrollment", "Disable", { stepToken, recoveryCode: recoveryCodes[0] });
    await org.ask("Enrollment", "Disable", { stepToken, code: randomCode() }, "INVALID_TOKEN");
}

async function logins(org) {
    const { username, password: right, phone, recoveryCodes } = await org.enrol("flo");
    const { stepToken, outcome } = await org.ask("Login", "Login", { username, password: right });
    assert.equal(outcome, "CODE_REQUIRED");
    await org.ask("Login", "Login", { username, stepToken, code: wrongCode(phone) }, "CODE_REJECTED");
    await org.ask("Login", "Login", { username, stepToken, code: randomCode(6) }, "VALIDATION");
    await org.ask("Login", "Login", { username, password: right, code: randomCode(6) }, "VALIDATION");
    await org.ask("Login", "Login", { username, stepToken, code: org.fresh(phone) });
    await org.ask("Login", "Login", { username, password: right, code: org.fresh(phone) }, "OK",
        { requestId: "login" });
    await org.ask("Login", "Login", { username, password: password(), code: org.fresh(phone) },
        "WRONG_CREDENTIALS");
    await org.ask("Login", "Login", { username, password: right, recoveryCode: recoveryCodes[0] });
    await org.ask("Login", "Login", { username, password: right, recoveryCode: recoveryCodes[0] },
        "CODE_REJECTED");
    await org.ask("Login", "Login", { username, stepToken, code: randomCode() }, "INVALID_TOKEN");
}

async function verifications(org, plant) {
    const { username, phone, recoveryCodes } = await org.enrol("gil");
    const code = org.fresh(phone), requestId = plant("requestId");
    await org.ask("Verification", "Verify", { username, code, purpose: plant("purpose") }, "OK",
        { requestId });
    await org.ask("Verification", "Verify", { username, code }, "CODE_REJECTED");
    await org.ask("Verification", "Verify", { username, code: wrongCode(phone) }, "CODE_REJECTED",
        { requestId: "wrong" });
    await org.ask("Verification", "Verify", { username, code: randomCode() }, "CONFLICT",
        { requestId: "wrong" });
    await org.ask("Verification", "Verify", { username, recoveryCode: recoveryCodes[3] });
    await org.ask("Verification", "Verify", { username, recoveryCode: recoveryCodes[3] }, "CODE_REJECTED");
    await org.ask("Verification", "Verify", { username,
        recoveryCode: recoveryCodes[4].toLowerCase().replaceAll("-", " ") });
    await org.ask("Verification", "Verify", { username, recoveryCode: newRecoveryCode("A") },
        "CODE_REJECTED");
    await org.ask("Verification", "Verify", { username, recoveryCode: `${recoveryCodes[5]}0` },
        "VALIDATION");
    await org.ask("Verification", "Verify", { username: "ada", code: randomCode() }, "NOT_ENROLLED");
    await org.ask("Verification", "Verify", { username: "nobody", code: randomCode() }, "NOT_ENROLLED");
    await org.ask("Verification", "GetStatus", { username });
    await org.ask("Verification", "GetStatus", { username: "" }, "VALIDATION");
}

async function administration(org) {
    const { uri } = (await org.imported("hal")).phone;
    await org.ask("Admin", "ImportAuthenticator", { username: "nobody", otpauthUri: uri }, "NOT_FOUND");
    const broken = (await org.imported("ian")).phone.uri.replace("totp", "hotp");
    await org.ask("Admin", "ImportAuthenticator", { username: "ada", otpauthUri: broken }, "VALIDATION");
    const ivy = { username: "ivy", passwordHash: passwordHash(), otpauthUris: [Phone.ofItsOwn("ivy").uri] };
    await org.ask("Admin", "ImportUser", ivy);
    await org.ask("Admin", "ImportUser", ivy, "CONFLICT");
    const { nextPageToken } = await org.ask("Admin", "ListUsers", { pageSize: 1 });
    await org.ask("Admin", "ListUsers", { pageToken: nextPageToken });
    await org.ask("Admin", "ListUsers", { pageToken: `${nextPageToken}A` }, "VALIDATION");
    for (const method of ["Unlock", "ResetSecondFactor", "IssueStepToken", "DeleteUser"]) {
        await org.ask("Admin", method, { username: "hal" });
        await org.ask("Admin", method, { username: "nobody" }, "NOT_FOUND");
    }
    await org.ask("Admin", "GetPolicy");
    await org.ask("Admin", "PutPolicy", { policy: { digits: 7 } }, "VALIDATION");
}

// Other policies: REQUIRED, DISABLED, and one that makes users wait at once.
async function policies(caller) {
    const strict = caller.at("strict"), off = caller.at("off"), slow = caller.at("slow");
    await strict.ask("Admin", "PutPolicy", { policy: { mode: "REQUIRED", digits: 8, skewSteps: 2 } });
    const joe = await strict.register("joe");
    const { stepToken } = await strict.ask("Login", "Login", joe);
    const { otpauthUri } = await strict.ask("Enrollment", "Begin", { stepToken });
    const phone = phoneOf(otpauthUri);
    await strict.ask("Enrollment", "Confirm", { stepToken, code: strict.fresh(phone), activate: true });
    await strict.ask("Enrollment", "Disable", { stepToken: await strict.token(joe),
        code: strict.fresh(phone) }, "POLICY_FORBIDS");
    await off.ask("Admin", "PutPolicy", { policy: { mode: "DISABLED", digits: 8 } });
    const kay = await off.register("kay");
    await off.ask("Enrollment", "Begin", { stepToken: await off.token(kay) }, "POLICY_FORBIDS");
    await slow.ask("Admin", "PutPolicy", { policy: { digits: 8, maxFailures: 1, lockoutSeconds: 3600 } });
    const lea = await slow.imported("lea");
    for (const reason of ["CODE_REJECTED", "CODE_REJECTED", "LOCKED"])
        await slow.ask("Verification", "Verify", { username: "lea", code: wrongCode(lea.phone) }, reason);
    await slow.ask("Login", "Login", { ...lea, phone: undefined, code: wrongCode(lea.phone) }, "LOCKED");
    for (const reason of ["WRONG_CREDENTIALS", "WRONG_CREDENTIALS", "LOCKED"])
        await slow.ask("Login", "ConfirmPassword", { username: "lea", password: password() }, reason);
    await caller.at("none").ask("Login", "Login", kay, "NOT_FOUND");
}

export async function everyMethod(caller, plant) {
    const org = caller.at("canary");
    await org.ask("Admin", "PutPolicy", { policy: { digits: 8, skewSteps: 2, maxFailures: 10,
        maxAuthenticators: 2 } });
    await passwords(org);
    await enrolment(org, plant);
    await changes(org);
    await logins(org);
    await verifications(org, plant);
    await administration(org);
    await policies(caller);
}

// An answer with secrets that is being kept: asked again, it comes byte by byte.
export async function keptAnswer(caller) {
    const org = caller.at("canary");
    const user = await org.imported("max");
    const question = { stepToken: await org.token(user), code: org.fresh(user.phone) };
    const ask = () => org.ask("Enrollment", "RegenerateRecoveryCodes", question, "OK",
        { requestId: "kept" });
    const first = await ask();
    return async () => assert.deepEqual((await ask()).raw, first.raw);
}
