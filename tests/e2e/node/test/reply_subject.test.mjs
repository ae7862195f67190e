// Whoever asks chooses where the answer goes; the service must not be made to speak for itself.
import assert from "node:assert/strict";
import { register, verify } from "../support/people.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();
const bus = rig.twofold.bus;

// What arrives on SUBJECTS from now on.
function listen(subjects) {
    const seen = [];
    for (const subject of subjects)
        bus.subscribe(subject, { callback: () => seen.push(subject) });
    return seen;
}

rig.test("a reply subject outside the inboxes is neither answered nor obeyed", async () => {
    const org = await rig.org();
    const other = await rig.org();
    await register(org, "lou");
    const forged = [
        "twofold.audit.v1.x.y.z",
        `twofold.audit.v1.${other.org}.user.deleted`,
        `twofold.v1.${other.org}.admin.list_users`,
        "$SRV.PING",
        "$JS.API.STREAM.NAMES",
        "_INBOX",
        "_INBOXES.1",
        "my.own.subject",
    ];
    const seen = listen(forged);
    const remove = org.encode("DeleteUserRequest", { username: "lou" });
    for (const reply of [...forged, undefined]) {
        bus.publish(`twofold.v1.${org.org}.admin.delete_user`, remove, { reply });
        bus.publish(`twofold.v1.${org.org}.admin.list_users`, "", { reply });
        bus.publish(`twofold.v1.${org.org}.verification.guess`, "", { reply });
        bus.publish("$SRV.STATS.twofold", "", { reply });
    }
    // Served in order: what is answered after them proves that they were dealt with.
    await refused(verify(org, "lou", "123456"), "NOT_ENROLLED");
    await bus.request("$SRV.PING.twofold");
    await bus.flush();
    assert.deepEqual(seen, []);
    const { users } = await org.call("Admin", "ListUsers");
    assert.deepEqual(users.map(({ username }) => username), ["lou"]);
    assert.match(rig.daemon.log, /level=warn .*reply subject is not an inbox/);
});

rig.test("a longer inbox of the caller's own is answered", async () => {
    const org = await rig.org();
    const reply = "_INBOX.app.acme.1";
    const answer = new Promise((resolve) => bus.subscribe(reply, { max: 1, callback: (_, m) => resolve(m) }));
    bus.publish(`twofold.v1.${org.org}.admin.list_users`, "", { reply });
    assert.deepEqual(org.decode("ListUsersReply", (await answer).data).users, []);
});
