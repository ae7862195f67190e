// A requester chooses the subject of the answer. Whatever it chooses, nothing may arrive where it may not
// publish itself, and nothing may be done in the name of somebody else. The witness is the server's trace
// (-V) of everything it takes and delivers.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rigFromArguments } from "./bus_rig.mjs";

const rig = rigFromArguments();
const [trace, serviceLog] = process.argv.slice(5);
const byAccounts = rig.layout === "nats-accounts.conf";
const ADMIN = "twofold.v1.acme.admin.";
const VERIFICATION = "twofold.v1.acme.verification.";
const STATUS = `${VERIFICATION}get_status`;
const STREAM = "TWOFOLD_AUDIT";
const INFO = `$JS.API.STREAM.INFO.${STREAM}`;
const NEXT = `$JS.TWOFOLD.API.CONSUMER.MSG.NEXT.${STREAM}.all`;

const CLAIM = JSON.stringify({ acc: "mallory", user: "root" });
const BLOCKS = {
    nocolon: `X-Nats-Request-Info: a\r\nNats-Request-Info: ${CLAIM}\r\nZZZ\r\n`,
    barefeed: `A: b\nNats-Request-Info: ${CLAIM}\n\r\n`,
};

// A string field of a protobuf message.
const field = (number, value) => Buffer.concat([Buffer.from([(number << 3) | 2, value.length]), Buffer.from(value)]);
const user = (name) => Buffer.concat([field(1, name), field(2, "correct horse")]);

// Lines of the trace in which the server delivers to a subject (->>), or hears somebody publish (<<-), that
// begins with START; of the connection CID or of all.
const traced = (verbs, start, cid = "") => readFileSync(trace, "latin1").split("\n").filter((line) =>
    verbs.some((verb) => line.includes(`${verb} ${start}`)) && line.includes(` cid:${cid}`));
const delivered = (start, cid) => traced(["->> [MSG", "->> [HMSG"], start, cid);
const spoken = (start, cid) => traced(["<<- [PUB", "<<- [HPUB"], start, cid);
const hasRefused = (subject) =>
    readFileSync(serviceLog, "utf8").includes(`reply subject is not an inbox" subject=${subject}`);

async function step(title, body) {
    await body();
    console.log(`${rig.layout}: ${title}`);
}

// A login that can ask, and gets the answer in an inbox of its own.
async function caller(name) {
    const { inbox } = rig.roles.find((role) => role.name === name);
    const client = await rig.login(name);
    let n = 0;
    client.subscribe(`${inbox}.*`);
    assert.deepEqual(await client.settle(), []);
    return Object.assign(client, {
        inbox,
        ask: (subject, data = "", headers = []) => client.request(subject, data, `${inbox}.${++n}`, headers),
        askWithBlock: (subject, lines, data) => {
            const reply = `${inbox}.${++n}`;
            client.publishWithBlock(subject, lines, data, reply);
            return client.message((m) => m.subject === reply, `an answer of ${subject}`);
        },
        asJson: async (subject, body) => JSON.parse((await client.ask(subject, JSON.stringify(body))).data),
    });
}

const admin = await caller("admin"), verifier = await caller("verifier"), provision = await caller("provision");
const reader = await caller("reader"), auditor = await rig.login("auditor");
const eventOf = (name) => auditor.message(({ data }) => data.includes(name), `an event about ${name}`);
const exists = async (name) => (await admin.ask(`${ADMIN}list_users`)).data.includes(name);

auditor.subscribe("twofold.audit.v1.acme.>");
assert.deepEqual(await auditor.settle(), []);
await admin.ask(`${ADMIN}put_policy`);
await admin.ask(`${ADMIN}put_user`, user("lou"));
await eventOf("lou");
// The service's connection is the one that gets requests and answers them.
const service = /cid:(\d+ )/.exec(delivered(`${ADMIN}put_user`)[0])[1];
assert.equal(spoken(byAccounts ? "_R_." : "_INBOX.", service).length, 2);

await step("a reply subject that only the server may use is refused by the server", async () => {
    for (const reply of ["_R_.x", "_GR_.a.b.x", `$JS.ACK.${STREAM}.acme.1.1.1.1.1`]) {
        verifier.publish(STATUS, field(1, "lou"), { reply });
        assert.match((await verifier.settle()).join(), /Publish with Reply of/);
    }
});

// Who sees an event live sees where the stream acknowledges it.
const acknowledged = (await eventOf("lou")).reply;
assert.match(acknowledged, /^_INBOX\.service-audit\..*\.\d+$/);

await step("an answer is never spoken where the caller may not publish", async () => {
    const forged = ["twofold.audit.v1.acme.user.deleted", "twofold.audit.v1.globex.user.deleted",
        "twofold.v1.globex.admin.list_users", `${ADMIN}unlock`, "$SRV.PING", `$JS.API.STREAM.DELETE.${STREAM}`,
        "_INBOX", "_INBOXES.x", "my.own.subject",
        `${acknowledged}999`];
    // With accounts this one crashes nats-server 2.9.10: docker/nats-accounts.conf says so.
    if (!byAccounts) forged.push("_INBOX.acme.admin.>", "_INBOX.*");
    for (const reply of forged) verifier.publish(STATUS, field(1, "lou"), { reply });
    assert.deepEqual(await verifier.settle(), [], "the bus lets them through");
    await verifier.ask(STATUS, field(1, "lou")); // served in order: those before it were dealt with
    await auditor.settle();
    for (const reply of forged) {
        assert.deepEqual(spoken(`${reply} `, service), []);
        assert.deepEqual(delivered(`${reply} `), []);
    }
    assert.equal(hasRefused(STATUS), !byAccounts, "from another account the server has made the reply subject");
    assert.ok(auditor.messages.every(({ subject }) => !subject.endsWith("user.deleted")));
});

if (!byAccounts)
    await step("what is asked with a forged reply subject is not done either", async () => {
        admin.publish(`${ADMIN}delete_user`, field(1, "lou"), { reply: "twofold.audit.v1.acme.x.y" });
        admin.publish(`${ADMIN}delete_user`, field(1, "lou"));
        assert.ok(await exists("lou"));
    });

// The service cannot know whose inbox it is: what protects a caller is a name that nobody guesses.
await step("another caller's inbox gets an answer only where its whole name is known", async () => {
    verifier.publish(STATUS, field(1, "lou"), { reply: `${admin.inbox}.known` });
    await admin.message(({ subject }) => subject === `${admin.inbox}.known`, "the answer");
    if (!byAccounts) return;
    const stranger = await caller("g.admin");
    verifier.publish(STATUS, field(1, "lou"), { reply: `${stranger.inbox}.known` });
    await verifier.ask(STATUS, field(1, "lou"));
    assert.deepEqual([await stranger.settle(), stranger.messages], [[], []], "another tenant's never");
});

await step("a forged identity convinces nobody", async () => {
    const claim = ["Nats-Request-Info", CLAIM];
    for (const [name, headers] of [["once", [claim]], ["twice", [claim, claim]]]) {
        await admin.ask(`${ADMIN}put_user`, user(name), headers);
        if (byAccounts && !(await exists(name))) continue; // refused: one of two identities is smuggled
        const { data } = await eventOf(name);
        assert.ok(!data.includes("mallory"));
        assert.equal(data.includes(`acme/${admin.nkey}`), byAccounts);
    }
    // Blocks that a parser of headers may misread: the server's own header is the last line of each.
    for (const [name, block] of Object.entries(BLOCKS)) {
        await admin.askWithBlock(`${ADMIN}put_user`, block, user(name));
        assert.ok(!(await exists(name)), `${name}: refused`);
    }
    await admin.ask(`${ADMIN}put_user`, user("none"));
    assert.equal((await eventOf("none")).data.includes(`acme/${admin.nkey}`), byAccounts);
});

const subjectsOfStream = async () =>
    (await provision.asJson(INFO, { subjects_filter: ">" })).state?.subjects ?? {};
// The service makes the stream when it finds none, and sends to it when it can: so this waits.
async function grown(check, what) {
    for (let i = 0; i < 400; i++) {
        const subjects = await subjectsOfStream();
        if (check(subjects)) return subjects;
        await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the stream never had ${what}`);
}
const CREATED = "twofold.audit.v1.acme.user.created";

await step("the trail is kept in the stream and read by its reader", async () => {
    await grown((subjects) => subjects[CREATED] > 0, "the users made so far");
    const { config } = await provision.asJson(INFO, {});
    assert.ok(config.deny_delete && config.deny_purge, "the service has made it so that nothing can be taken out");
    const before = (await subjectsOfStream())[CREATED];
    const read = await provision.asJson(`$JS.API.CONSUMER.DURABLE.CREATE.${STREAM}.all`, {
        stream_name: STREAM,
        config: { durable_name: "all", ack_policy: "explicit", deliver_policy: "new", filter_subject: CREATED },
    });
    assert.equal(read.error, undefined);
    await admin.ask(`${ADMIN}put_user`, user("kept"));
    await grown((subjects) => subjects[CREATED] === before + 1, "the user kept");
    reader.publish(NEXT, "", { reply: `${reader.inbox}.next` });
    const next = await reader.message(({ reply }) => reply.startsWith("$JS.ACK."), "an event of the stream");
    assert.ok(next.data.includes("kept"));
    const waiting = async () => (await reader.asJson(NEXT.replace("MSG.NEXT", "INFO"), {})).num_ack_pending;
    assert.equal(await waiting(), 1);
    await reader.ask(next.reply, "+ACK"); // answered once it is taken
    assert.equal(await waiting(), 0);
});

// JetStream sends what it answers wherever it was asked to, whatever the asker may publish: in the account of
// the trail also into the trail. The reader of the trail asks from another account; tenants cannot ask at all.
await step("nobody but the trail's own logins can make the stream speak to the service, or to itself", async () => {
    const targets = ["twofold.audit.v1.acme.user.deleted", "twofold.audit.v1.globex.user.deleted",
        `${ADMIN}put_policy`, "twofold.v1.globex.admin.put_policy", "$SRV.PING", `$JS.API.STREAM.DELETE.${STREAM}`];
    const before = (await subjectsOfStream())[CREATED];
    for (const i of targets.keys()) await admin.ask(`${ADMIN}put_user`, user(`bait${i}`));
    await grown((subjects) => subjects[CREATED] === before + targets.length, "the bait");
    for (const reply of targets) {
        reader.publish(NEXT, "", { reply });
        reader.publish(NEXT, JSON.stringify({ no_wait: true, batch: 1 }), { reply });
        reader.publish(NEXT, "{no json", { reply });
        reader.publish(NEXT.replace("MSG.NEXT", "INFO"), "", { reply });
    }
    assert.deepEqual(await reader.settle(), [], "the bus lets them through");
    auditor.publish(NEXT.replace(".TWOFOLD", ""), "", { reply: targets[0] });
    assert.match((await auditor.settle()).join(), /^Permissions Violation for Publish/);
    await reader.ask(NEXT, "{no json either"); // in order: those before it were dealt with

    // The control: where it is possible the stream does grow, so what comes before it came in vain.
    provision.publish(INFO, "", { reply: "twofold.audit.v1.acme.control.info" });
    const subjects = await grown((all) => all["twofold.audit.v1.acme.control.info"] === 1, "the control");
    assert.equal(subjects[CREATED], before + targets.length);
    assert.deepEqual(Object.keys(subjects).filter((subject) => subject.endsWith(".user.deleted")), []);
    await verifier.ask(STATUS, field(1, "lou"));
    assert.deepEqual(delivered("twofold.audit.", service), []);
    assert.deepEqual(spoken("$JS.", service), []);
});

// The login that publishes the trail may look at its stream and make it: all it gets is JSON, and no answer of
// that kind is a request, or an order, for anybody who hears it.
await step("what the stream tells the trail's login is no order for anybody", async () => {
    const trail = await caller("audit");
    const { config, state } = await provision.asJson(INFO, {});
    const orders = ["DELETE", "PURGE", "UPDATE", "MSG.DELETE", "SNAPSHOT", "RESTORE", "PEER.REMOVE"]
        .map((verb) => `$JS.API.STREAM.${verb}.${STREAM}`);
    orders.push("$JS.API.STREAM.CREATE.OTHER", "$JS.API.STREAM.RESTORE.OTHER", `${ADMIN}put_policy`,
        `$JS.API.CONSUMER.DELETE.${STREAM}.all`, `$JS.API.CONSUMER.CREATE.${STREAM}`, "$SRV.PING");
    const policy = (await admin.ask(`${ADMIN}get_policy`)).data;
    for (const reply of orders) {
        trail.publish(INFO, "", { reply });
        trail.publish(INFO, JSON.stringify({ deleted_details: true, subjects_filter: ">" }), { reply });
        trail.publish(INFO.replace("INFO", "CREATE"), JSON.stringify(config), { reply });
        trail.publish(INFO.replace("INFO", "CREATE"), "{no json", { reply });
        trail.publish(INFO.replace("INFO", "MSG.GET"), JSON.stringify({ seq: 1 }), { reply });
        trail.publish(INFO.replace("INFO", "MSG.GET"), JSON.stringify({ seq: 1e9 }), { reply });
    }
    assert.deepEqual(await trail.settle(), [], "the bus lets them through");
    await trail.ask(INFO, "");
    assert.equal(delivered(`${ADMIN}put_policy`, service).length, 1 + 6, "the service has heard them");
    const now = await provision.asJson(INFO, {});
    assert.deepEqual(now.config, config);
    assert.ok(now.state.messages >= state.messages && now.state.first_seq === 1 && !now.state.num_deleted);
    assert.deepEqual(readdirSync(join(rig.folder, "jetstream", "TWOFOLD", "streams")), [STREAM]);
    assert.ok(!(await reader.asJson(NEXT.replace("MSG.NEXT", "INFO"), {})).error, "its reader is still there");
    assert.deepEqual((await admin.ask(`${ADMIN}get_policy`)).data, policy);
});
process.exit(0);
