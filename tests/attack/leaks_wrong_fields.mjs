// Secrets where they do not belong. What a field makes public (a username, a label, a purpose, a request
// id) it makes public whatever was typed there: such a canary may be in the places that show the field,
// and nowhere else. Everywhere else a secret must not come back, nor stay.
import { password, randomCode, wrongCode } from "./leaks_bus.mjs";
import { word } from "./leaks_rig.mjs";

const EVENTS = "audit events", TAIL = "the command line's output", DATABASE = "database",
    REPLIES = "replies";
const text = (value) => Buffer.from(value);
// Field NUMBER with these bytes, as protobuf has it.
const field = (number, bytes) => Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);

async function inPublicFields(org, mia) {
    const may = (value, ...places) => {
        org.canaries.add("password", value).public = new Set(places);
        return value;
    };
    const asName = may(password(), EVENTS, TAIL, DATABASE);
    await org.ask("Login", "Login", { username: asName, password: mia.password }, "WRONG_CREDENTIALS");
    await org.ask("Verification", "Verify", { username: asName, code: randomCode() }, "NOT_ENROLLED");
    const asUser = may(password(), EVENTS, TAIL, DATABASE, REPLIES);
    await org.ask("Admin", "PutUser", { username: asUser, password: password() });
    const asPurpose = may(password(), EVENTS, TAIL, DATABASE);
    await org.ask("Verification", "Verify", { username: "mia", code: wrongCode(mia.phone),
        purpose: asPurpose }, "CODE_REJECTED");
    const asId = may(word(32), EVENTS, TAIL, DATABASE, REPLIES);
    await org.ask("Verification", "Verify", { username: "mia", code: wrongCode(mia.phone) },
        "CODE_REJECTED", { requestId: asId });
    const asLabel = may(password(), DATABASE, REPLIES);
    const stepToken = await org.token(await org.register("ned"));
    await org.ask("Enrollment", "Begin", { stepToken, label: asLabel });
}

async function inSecretFields(org, mia) {
    const stepToken = await org.token(mia), { username } = mia;
    for (const wrong of [mia.password, stepToken.slice(0, 40), password()]) {
        org.canaries.add("password", wrong);
        await org.ask("Verification", "Verify", { username, code: wrong }, "VALIDATION");
        await org.ask("Verification", "Verify", { username, recoveryCode: wrong }, "VALIDATION");
        await org.ask("Enrollment", "Begin", { stepToken: wrong }, "INVALID_TOKEN");
        await org.ask("Admin", "ListUsers", { pageToken: wrong }, "VALIDATION");
        await org.ask("Admin", "ImportAuthenticator", { username, otpauthUri: wrong }, "VALIDATION");
        await org.ask("Admin", "ImportUser", { username: "ivan", passwordHash: wrong }, "VALIDATION");
        await org.ask("Admin", "ImportUser", { username: "ivan", otpauthUris: [wrong] }, "VALIDATION");
        await org.ask("Admin", "PutPolicy", { policy: {}, updateMask: [wrong] }, "VALIDATION");
        await org.ask("Login", "Login", { username: `${wrong}\n`, password: wrong }, "VALIDATION");
        await org.ask("Verification", "Verify", { username, code: randomCode(),
            purpose: wrong.repeat(3) }, "VALIDATION");
        await org.ask("Verification", "Verify", { username, code: randomCode(),
            purpose: `twofold:${wrong}`.slice(0, 64) }, "VALIDATION");
    }
    await org.ask("Verification", "Verify", { username,
        code: org.fresh(mia.phone).split("").join(" ") }, "VALIDATION");
    await org.ask("Login", "Login", { username, password: randomCode() }, "WRONG_CREDENTIALS");
}

async function aroundTheMessage(org) {
    const secret = password(), letters = word(30), code = randomCode();
    for (const value of [secret, letters]) org.canaries.add("password", value);
    org.canaries.add("code", code);
    const ask = { username: "mia", code };
    await org.ask("Verification", "Verify", ask, "VALIDATION", { requestId: `${letters} `.repeat(4) });
    await org.ask("Verification", "Verify", { ...ask, code: randomCode() }, "CODE_REJECTED",
        { traceparent: letters });
    await org.ask("Verification", "Verify", { ...ask, code: randomCode() }, "CODE_REJECTED",
        { traceparent: `00-${letters}-01` });
    await org.at(letters).ask("Verification", "Verify", ask, "NOT_FOUND");
    await org.send("Login", letters, Buffer.alloc(0));
    await org.send(letters, "Verify", Buffer.alloc(0));
}

async function inBrokenMessages(org) {
    const secret = text(password()), code = text(randomCode());
    org.canaries.add("password", secret.toString());
    org.canaries.add("code", code.toString());
    const name = field(1, text("mia"));
    const broken = {
        "an unknown field and nothing else": field(15, secret),
        "a flood of unknown fields": Buffer.concat([name, ...Array(20).fill(field(15, secret))]),
        "a wrong wire type": Buffer.concat([name, Buffer.from([(2 << 3) | 0]), secret]),
        "a cut field": Buffer.concat([name, field(2, secret).subarray(0, -3)]),
        "a NUL": Buffer.concat([name, field(2, Buffer.concat([code, Buffer.from([0])]))]),
        "bytes that are no UTF-8": Buffer.concat([name, field(2, Buffer.concat([secret,
            Buffer.from([0xff])]))]),
        "repeated fields": Buffer.concat([name, ...Array(40).fill(field(2, code))]),
        "too much": Buffer.concat(Array(200).fill(secret)),
        "JSON": text(JSON.stringify({ username: "mia", password: secret.toString() })),
    };
    for (const [service, method] of [["Verification", "Verify"], ["Login", "Login"], ["Login",
        "ConfirmPassword"], ["Enrollment", "Confirm"]])
        for (const payload of Object.values(broken)) await org.send(service, method, payload);
}

export async function wrongFields(caller) {
    const org = caller.at("canary");
    const mia = await org.imported("mia");
    await inPublicFields(org, mia);
    await inSecretFields(org, mia);
    await org.ask("Admin", "Unlock", { username: "mia" });
    await aroundTheMessage(org);
    await inBrokenMessages(org);
}
