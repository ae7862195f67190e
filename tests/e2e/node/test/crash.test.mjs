// kill -9 right after a reply: what was answered has happened, and still has after the restart.
import assert from "node:assert/strict";
import { PASSWORD, enrol, imported, register, status, verify } from "../support/people.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();

async function crash() {
    assert.equal(await rig.daemon.end("SIGKILL"), "SIGKILL");
    await rig.startDaemon();
}

rig.test("a spent code stays spent", async () => {
    const org = await rig.org();
    const phone = await imported(org, "ned");
    const code = phone.code();
    await verify(org, "ned", code);
    await crash();
    await refused(verify(org, "ned", code), "CODE_REJECTED");
    await verify(org, "ned", phone.code());
});

rig.test("a spent recovery code stays spent, the others are good", async () => {
    const org = await rig.org();
    const { recoveryCodes } = await enrol(org, "ned");
    const recover = (recoveryCode) => org.call("Verification", "Verify", { username: "ned", recoveryCode });
    await recover(recoveryCodes[0]);
    await crash();
    await refused(recover(recoveryCodes[0]), "CODE_REJECTED");
    assert.equal((await recover(recoveryCodes[1])).recoveryCodesLeft, 8);
});

rig.test("failures stay counted, and a wait goes on", async () => {
    const org = await rig.org({ maxFailures: 2, lockoutSeconds: 600 });
    const phone = await imported(org, "ned");
    for (const left of [1, 0]) {
        const failure = await refused(verify(org, "ned", phone.wrongCode()), "CODE_REJECTED");
        assert.equal(failure.attemptsLeft, left);
        await crash();
    }
    await refused(verify(org, "ned", phone.wrongCode()), "CODE_REJECTED");
    await crash();
    const { retryAfterSeconds } = await refused(verify(org, "ned", phone.code()), "LOCKED");
    assert.ok(retryAfterSeconds > 500 && retryAfterSeconds <= 600);
});

rig.test("users, passwords and policies stay", async () => {
    const org = await rig.org({ mode: "REQUIRED", issuer: "Stays" });
    const names = Array.from({ length: 20 }, (_, i) => `user-${i + 10}`);
    await Promise.all(names.map((name) => register(org, name)));
    await crash();
    const { users } = await org.call("Admin", "ListUsers");
    assert.deepEqual(users.map(({ username }) => username), names);
    assert.equal((await org.call("Admin", "GetPolicy")).policy.issuer, "Stays");
    const login = await org.call("Login", "Login", { username: names[7], password: PASSWORD });
    assert.equal(login.outcome, "ENROLLMENT_REQUIRED");
});

rig.test("an enrolment goes on where it was", async () => {
    const org = await rig.org();
    await register(org, "ned");
    const { stepToken } = await org.call("Login", "ConfirmPassword", { username: "ned", password: PASSWORD });
    await crash();
    await org.call("Enrollment", "Begin", { stepToken });
    await crash();
    assert.equal((await status(org, "ned")).state, "PENDING");
});

rig.test("a retry after the crash gets the first answer", async () => {
    const org = await rig.org();
    const phone = await imported(org, "ned");
    const [code, options] = [phone.code(), { requestId: "before-and-after" }];
    const first = await verify(org, "ned", code, options);
    await crash();
    assert.deepEqual(await verify(org, "ned", code, options), first);
});

rig.test("no event is lost; what is sent again has the same id", async () => {
    const org = await rig.org();
    const phone = await imported(org, "ned");
    await verify(org, "ned", phone.code());
    await crash();
    await verify(org, "ned", phone.code());
    await crash();
    await org.call("Admin", "DeleteUser", { username: "ned" });
    const events = (await rig.trail.of(org)).map(({ event }) => event).filter(({ username }) => username);
    const chain = new Map(events.map((event) => [event.id, event]));
    assert.deepEqual([...chain.values()].map(({ sequence, type }) => [sequence, type]), [
        [1, "user.created"], [2, "factor.imported"], [3, "verification.succeeded"],
        [4, "verification.succeeded"], [5, "user.deleted"],
    ]);
});

rig.test("killed in the middle of many: what is done is told, what is told is done", async () => {
    const org = await rig.org();
    const requests = Array.from({ length: 60 }, (_, i) => register(org, `user-${i}`));
    await Promise.any(requests);
    await crash();
    const { users } = await org.call("Admin", "ListUsers");
    const done = users.map(({ username }) => username).sort();
    const told = (await rig.trail.of(org)).filter(({ event }) => event.type === "user.created");
    assert.ok(done.length > 0);
    assert.deepEqual([...new Set(told.map(({ event }) => event.username))].sort(), done);
});
