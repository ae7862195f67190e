// Refusals, as a foreign client sees them on the bus.
import assert from "node:assert/strict";
import { PASSWORD, imported, register, verify } from "../support/people.mjs";
import { CODES, refused, violated } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();

rig.test("headers and body of a refusal tell the same", async () => {
    const org = await rig.org();
    const payload = org.encode("VerifyRequest", { username: "flo", code: "123456" });
    const reply = await org.send("Verification", "Verify", payload);
    const body = org.decode("Error", reply.data);
    assert.equal(body.reason, "NOT_ENROLLED");
    assert.equal(reply.headers.get("Nats-Service-Error-Code"), String(CODES[body.reason]));
    assert.equal(reply.headers.get("Nats-Service-Error"), body.message);
});

rig.test("a granted request has no error headers", async () => {
    const org = await rig.org();
    const payload = org.encode("GetStatusRequest", { username: "flo" });
    const { headers } = await org.send("Verification", "GetStatus", payload);
    assert.ok(!headers || [...headers].length === 0);
});

rig.test("every wrong field is named at once", async () => {
    const org = await rig.org();
    const table = [
        [["Admin", "PutUser", {}], ["password", "username"]],
        [["Admin", "PutUser", { username: "a\nb", password: "short" }], ["password", "username"]],
        [["Admin", "PutUser", { username: "x".repeat(255), password: "x".repeat(257) }],
            ["password", "username"]],
        [["Login", "Login", {}], ["first_factor", "username"]],
        [["Login", "Login", { username: "flo", code: "12345a" }], ["code", "first_factor"]],
        [["Enrollment", "Begin", { label: "x".repeat(65), code: "1" }], ["code", "label", "step_token"]],
        [["Enrollment", "Confirm", { secret: "1" }], ["code", "secret", "step_token"]],
        [["Verification", "Verify", {}], ["second_factor", "username"]],
        [["Verification", "Verify", { username: "flo", code: "١٢٣٤٥٦" }], ["code"]],
        [["Verification", "Verify", { recoveryCode: "U", purpose: "\u0000" }], ["purpose"]],
    ];
    for (const [request, fields] of table)
        assert.deepEqual(await violated(org.call(...request)), fields, JSON.stringify(request));
});

rig.test("a malformed request counts nothing", async () => {
    const org = await rig.org({ maxFailures: 1 });
    const phone = await imported(org, "flo");
    for (let i = 0; i < 5; i++) await violated(verify(org, "flo", "12345"));
    await verify(org, "flo", phone.code());
});

rig.test("bytes that are no protobuf are refused", async () => {
    const org = await rig.org();
    const username = [0x0a, 1, 0x61];
    const table = {
        "a cut field": [0x0a, 0x05, 0x61],
        "a group": [0x0b],
        "field zero": [0x02, 0x00],
        "a number for a text": [0x08, 0x01],
        "a text that is no UTF-8": [0x0a, 1, 0xff],
        "the same field twice": [...username, ...username],
        "a flood of unknown fields": Array(17).fill([0x78, 0x01]).flat(),
    };
    for (const [what, bytes] of Object.entries(table)) {
        const reply = await org.send("Verification", "GetStatus", Uint8Array.from(bytes));
        assert.equal(org.decode("Error", reply.data).reason, "VALIDATION", what);
    }
    await org.call("Verification", "GetStatus", { username: "flo" });
});

rig.test("an unknown method is not implemented", async () => {
    const org = await rig.org();
    const unknown = [["Verification", "Guess"], ["Oracle", "Verify"], ["verification.verify", "more"]];
    for (const [service, method] of unknown) {
        const reply = await org.send(service, method, new Uint8Array());
        assert.equal(reply.headers.get("Nats-Service-Error-Code"), "501");
        assert.equal(org.decode("Error", reply.data).reason, "UNIMPLEMENTED");
    }
});

rig.test("an unknown organization is not found", async () => {
    const org = rig.twofold.at("nowhere");
    await refused(org.call("Admin", "ListUsers"), "NOT_FOUND");
    await refused(org.call("Login", "Login", { username: "flo", password: PASSWORD }), "NOT_FOUND");
    await refused(verify(org, "flo", "123456"), "NOT_FOUND");
});

rig.test("a wildcard is no organization", async () => {
    for (const org of ["*", ">", "ä", "a$b", "x".repeat(65)]) {
        const put = rig.twofold.call("Admin", "PutPolicy", { policy: { mode: "DISABLED" } }, { org });
        assert.deepEqual(await violated(put), ["org"], org);
    }
});

rig.test("what is too large is refused before it is read", async () => {
    const org = await rig.org();
    const size = async (service, method, bytes) => {
        const reply = await org.send(service, method, new Uint8Array(bytes));
        return org.decode("Error", reply.data).reason;
    };
    assert.equal(await size("Verification", "Verify", 1024), "VALIDATION");
    assert.equal(await size("Verification", "Verify", 1025), "TOO_LARGE");
    assert.equal(await size("Admin", "PutUser", 8192), "VALIDATION");
    assert.equal(await size("Admin", "PutUser", 8193), "TOO_LARGE");
    assert.equal(await size("Admin", "PutUser", 1_000_000), "TOO_LARGE");
});

rig.test("a wrong password and an unknown user get one answer", async () => {
    const org = await rig.org();
    await register(org, "flo");
    const [known, unknown] = await Promise.all(["flo", "nobody"].map(async (username) => {
        const payload = org.encode("LoginRequest", { username, password: "wrong password" });
        return org.send("Login", "Login", payload);
    }));
    assert.deepEqual(known.data, unknown.data);
    assert.equal(org.decode("Error", known.data).reason, "WRONG_CREDENTIALS");
});

rig.test("no refusal repeats what was sent", async () => {
    const org = await rig.org();
    const marker = "Xyzzy";
    const requests = [
        ["Admin", "PutUser", { username: `${marker}\n`, password: marker }],
        ["Enrollment", "Begin", { stepToken: marker, label: marker.repeat(20) }],
        ["Admin", "ImportAuthenticator", { username: marker, otpauthUri: marker }],
        ["Admin", "ImportUser", { username: marker, passwordHash: marker, otpauthUris: [marker] }],
    ];
    for (const request of requests)
        await assert.rejects(org.call(...request), (error) => !JSON.stringify(error).includes(marker));
});
