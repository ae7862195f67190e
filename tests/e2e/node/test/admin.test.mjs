// What an administrator does.
import assert from "node:assert/strict";
import { randomBytes, scryptSync } from "node:crypto";
import { PASSWORD, confirmPassword, enrol, imported, register, status, verify } from "../support/people.mjs";
import { Phone } from "../support/phone.mjs";
import { refused, violated } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();

rig.test("users come, change their password and go", async () => {
    const org = await rig.org();
    const put = (password) => org.call("Admin", "PutUser", { username: "di", password });
    const login = (password) => org.call("Login", "Login", { username: "di", password });
    assert.equal((await put(PASSWORD)).created, true);
    assert.equal((await put("another password")).created, false);
    await refused(login(PASSWORD), "WRONG_CREDENTIALS");
    assert.equal((await login("another password")).outcome, "AUTHENTICATED");
    await org.call("Admin", "DeleteUser", { username: "di" });
    await refused(login("another password"), "WRONG_CREDENTIALS");
});

rig.test("a new password leaves the second factor on", async () => {
    const org = await rig.org();
    const phone = await imported(org, "di");
    await register(org, "di");
    assert.equal((await status(org, "di")).state, "ACTIVE");
    await verify(org, "di", phone.code());
});

rig.test("250 users in pages, each once and in byte order", async () => {
    const org = await rig.org();
    const names = Array.from({ length: 250 }, (_, i) => `${i % 3 ? "user" : "Usér"}-${i}`);
    for (let i = 0; i < names.length; i += 50)
        await Promise.all(names.slice(i, i + 50).map((name) => register(org, name)));
    const pages = [];
    let pageToken = "";
    do {
        const page = await org.call("Admin", "ListUsers", { pageSize: 100, pageToken });
        pages.push(page.users.map(({ username }) => username));
        pageToken = page.nextPageToken;
    } while (pageToken && pages.length < 10);
    assert.deepEqual(pages.map((page) => page.length), [100, 100, 50]);
    const sorted = names.map((name) => Buffer.from(name)).sort(Buffer.compare).map(String);
    assert.deepEqual(pages.flat(), sorted);
});

rig.test("a page token is good in its own organization alone", async () => {
    const [org, other] = [await rig.org(), await rig.org()];
    await register(org, "di");
    await register(org, "ed");
    const { nextPageToken: pageToken, users } = await org.call("Admin", "ListUsers", { pageSize: 1 });
    assert.deepEqual(users, [{ username: "di", state: "NOT_ENROLLED" }]);
    const next = await org.call("Admin", "ListUsers", { pageSize: 1, pageToken });
    assert.deepEqual(next, { users: [{ username: "ed", state: "NOT_ENROLLED" }], nextPageToken: "" });
    assert.deepEqual(await violated(other.call("Admin", "ListUsers", { pageToken })), ["page_token"]);
    assert.deepEqual(await violated(org.call("Admin", "ListUsers", { pageSize: 1001 })), ["page_size"]);
});

rig.test("a token for who proved the first factor elsewhere", async () => {
    const org = await rig.org();
    const phone = await imported(org, "di");
    const { stepToken } = await org.call("Admin", "IssueStepToken", { username: "di" });
    const done = await org.call("Login", "Login", { username: "di", stepToken, code: phone.code() });
    assert.equal(done.outcome, "AUTHENTICATED");
    assert.deepEqual(done.amr, ["otp"]);
    const again = org.call("Login", "Login", { username: "di", stepToken, code: phone.code() });
    await refused(again, "INVALID_TOKEN");
});

rig.test("an imported authenticator is active at once", async () => {
    const org = await rig.org();
    const phone = Phone.ofItsOwn("di");
    await register(org, "di");
    const bring = (otpauthUri) => org.call("Admin", "ImportAuthenticator", { username: "di", otpauthUri });
    assert.deepEqual(await violated(bring("otpauth://hotp/di?secret=AAAA")), ["otpauth_uri"]);
    assert.equal((await bring(phone.uri)).state, "ACTIVE");
    await verify(org, "di", phone.code());
    await refused(bring(Phone.ofItsOwn("di").uri), "ALREADY_ENROLLED");
});

rig.test("a whole user is imported once, with the password and the authenticators of another system", async () => {
    const org = await rig.org();
    const phone = Phone.ofItsOwn("di"), salt = randomBytes(16);
    const text = (bytes) => bytes.toString("base64").replaceAll("=", "");
    const hash = scryptSync(PASSWORD, salt, 32, { N: 2 ** 10, r: 8, p: 1 });
    const user = { username: "di", passwordHash: `$scrypt$ln=10,r=8,p=1$${text(salt)}$${text(hash)}`,
        otpauthUris: [phone.uri] };
    const bring = (changed) => org.call("Admin", "ImportUser", { ...user, ...changed });
    assert.deepEqual(await violated(bring({ passwordHash: "$2b$10$x" })), ["password_hash"]);
    assert.deepEqual(await violated(bring({ otpauthUris: ["x"] })), ["otpauth_uris[0]"]);
    assert.equal((await bring()).state, "ACTIVE");
    await refused(bring(), "CONFLICT");
    const done = await org.call("Login", "Login", { username: "di", password: PASSWORD, code: phone.code() });
    assert.equal(done.outcome, "AUTHENTICATED");
});

rig.test("a reset removes the factor, its recovery codes and what was begun", async () => {
    const org = await rig.org();
    const { phone, recoveryCodes: [recoveryCode] } = await enrol(org, "di");
    const reset = await org.call("Admin", "ResetSecondFactor", { username: "di" });
    assert.equal(reset.state, "NOT_ENROLLED");
    await refused(verify(org, "di", phone.code()), "NOT_ENROLLED");
    await refused(org.call("Verification", "Verify", { username: "di", recoveryCode }), "NOT_ENROLLED");
    const stepToken = await confirmPassword(org, "di");
    await org.call("Enrollment", "Begin", { stepToken });
    await org.call("Admin", "ResetSecondFactor", { username: "di" });
    assert.equal((await status(org, "di")).state, "NOT_ENROLLED");
});

rig.test("unknown users are not found", async () => {
    const org = await rig.org();
    for (const method of ["DeleteUser", "ResetSecondFactor", "Unlock", "IssueStepToken"])
        await refused(org.call("Admin", method, { username: "nobody" }), "NOT_FOUND");
});

rig.test("a new organization begins with the defaults", async () => {
    const org = rig.twofold.at("plain");
    await org.call("Admin", "PutPolicy", { policy: { issuer: "Plain" } });
    assert.deepEqual((await org.call("Admin", "GetPolicy")).policy, {
        mode: "OPTIONAL", issuer: "Plain", algorithm: "SHA1", digits: 6, period: 30, skewSteps: 1,
        maxFailures: 5, lockoutSeconds: 30, enrollmentTtlSeconds: 600, stepTokenTtlSeconds: 300,
        recoveryCodeCount: 10, maxAuthenticators: 1, disableRequiresCode: true,
    });
});

rig.test("a policy changes as its mask says, or where it is not zero", async () => {
    const org = await rig.org();
    const put = async (policy, updateMask) =>
        (await org.call("Admin", "PutPolicy", { policy, updateMask })).policy;
    const masked = await put({ skewSteps: 0, digits: 8 }, ["skew_steps", "disable_requires_code"]);
    assert.equal(masked.skewSteps, 0);
    assert.equal(masked.disableRequiresCode, false);
    assert.equal(masked.digits, 6);
    const plain = await put({ maxFailures: 7, skewSteps: 0 });
    assert.deepEqual(plain, { ...masked, maxFailures: 7 });
    assert.deepEqual(await violated(put({}, ["skewSteps"])), ["update_mask"]);
    const wrong = put({ digits: 7, period: 31, skewSteps: 3, issuer: "a:b" });
    assert.deepEqual(await violated(wrong), ["digits", "issuer", "period", "skew_steps"]);
    assert.deepEqual((await org.call("Admin", "GetPolicy")).policy, plain);
});
