// proto/asyncapi.yaml: made from the contract as it is, good AsyncAPI, and true of the running service.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import Ajv from "ajv";
import addFormats from "ajv-formats";
import protobuf from "protobufjs";
import { parse } from "yaml";
import { readContract, unexplained } from "../../../../proto/asyncapi/contract.mjs";
import { makeYaml } from "../../../../proto/asyncapi/document.mjs";
import { enrol, verify } from "../support/people.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const TOOL = join(process.env.TEST_BIN ?? "build/bin", "twofold");
const CHECKOUT = process.env.TEST_SOURCE ?? "../../..";
const COMMITTED = readFileSync(join(CHECKOUT, "proto/asyncapi.yaml"), "utf8");
const SPECIFICATION = createRequire(import.meta.url).resolve("@asyncapi/specs/schemas/3.0.0.json");
const PLAIN = { enums: String, longs: Number, bytes: String };

const contract = await readContract(CHECKOUT);
const rig = await startRig();

test("every method and field of the contract has a comment", () => {
    assert.deepEqual(unexplained(contract), []);
    const bare = protobuf.parse('syntax = "proto3"; message Bare { string username = 1; }').root.lookupType("Bare");
    assert.deepEqual(unexplained({ services: [], messages: [bare] }), ["Bare.username"]);
});

test("the committed document is the one that the contract gives", () => {
    assert.ok(makeYaml(contract) === COMMITTED,
        "proto/asyncapi.yaml is not what the contract says; make it anew: cmake --build build --target asyncapi");
});

// What is wrong with a document: by the official schema, and $refs that lead nowhere.
function judge(document) {
    // It brings its own copy of JSON Schema.
    const ajv = addFormats(new Ajv({ strict: false, meta: false, validateSchema: false, logger: false }));
    const valid = ajv.compile(JSON.parse(readFileSync(SPECIFICATION, "utf8")));
    const faults = valid(document) ? [] : valid.errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
    const visit = (part) => {
        for (const [key, value] of Object.entries(part ?? {}))
            if (key !== "$ref") typeof value === "object" && visit(value);
            else if (!value.slice(2).split("/").reduce((at, name) => at?.[name], document)) faults.push(`no ${value}`);
    };
    visit(document);
    return faults;
}

test("the official schema of AsyncAPI 3.0 takes it, and finds what is broken", () => {
    assert.deepEqual(judge(parse(COMMITTED)), []);
    const broken = (breakIt) => {
        const document = parse(COMMITTED);
        breakIt(document);
        return judge(document).length;
    };
    assert.ok(broken((d) => delete d.info.version) > 0);
    assert.ok(broken((d) => (d.operations.verificationVerify.action = "answer")) > 0);
    assert.ok(broken((d) => (d.channels.verificationVerify.addres = "typo")) > 0);
    assert.ok(broken((d) => (d.components.schemas.Error.type = "message")) > 0);
    assert.ok(broken((d) => delete d.components.messages.VerifyReply) > 0);
});

const document = parse(COMMITTED);
const ajv = addFormats(new Ajv({ strict: false, logger: false, allErrors: true })).addSchema(document, "twofold");

// VALUE against the part of the document at PATH.
function conforms(path, value) {
    const valid = ajv.getSchema(`twofold#/${path}`);
    assert.ok(valid(value), `${path}: ${ajv.errorsText(valid.errors)}: ${JSON.stringify(value)}`);
}

function decoded(type, data) {
    const message = contract.root.lookupType(type);
    return message.toObject(message.decode(data), PLAIN);
}

function channelAt(address) {
    const found = Object.values(document.channels).find((channel) => channel.address === address);
    assert.ok(found, `no channel has the address ${address}`);
    return found;
}

rig.test("each endpoint of the service is a channel of requests, and the other way round", async () => {
    const { endpoints } = (await rig.twofold.bus.request("$SRV.INFO.twofold")).json();
    const served = endpoints.map(({ subject }) => subject.replace(".*.", ".{org}.")).sort();
    const requests = Object.values(document.operations).filter(({ action }) => action === "receive");
    const at = ({ $ref }) => document.channels[$ref.replace("#/channels/", "")];
    assert.deepEqual(requests.map(({ channel }) => at(channel).address).sort(), served);
    for (const { subject, metadata } of endpoints) {
        const address = subject.replace(".*.", ".{org}.");
        const { messages, reply } = requests.find(({ channel }) => at(channel).address === address);
        const nameOf = ({ $ref }) => document.components.messages[$ref.split("/").at(-1)].name;
        assert.deepEqual(messages.map(nameOf), [metadata.request]);
        assert.deepEqual(reply.messages.map(nameOf), [metadata.response, "twofold.v1.Error"]);
    }
});

rig.test("replies, refusals and events are as it says", async () => {
    const org = await rig.org();
    const { phone, recoveryCodes } = await enrol(org, "hal é");
    const send = (service, method, fields) =>
        org.send(service, method, org.encode(`${method}Request`, fields), { requestId: `as-${method}` });
    for (const [service, method] of [["Verification", "GetStatus"], ["Admin", "GetPolicy"], ["Admin", "ListUsers"]]) {
        const reply = await send(service, method, method === "GetStatus" ? { username: "hal é" } : {});
        conforms(`components/schemas/${method}Reply`, decoded(`${method}Reply`, reply.data));
        assert.equal(reply.headers.get("Nats-Service-Error-Code"), "");
    }
    const refusal = await send("Verification", "Verify", { username: "hal é", code: phone.wrongCode() });
    conforms("components/schemas/Error", decoded("Error", refusal.data));
    conforms("components/schemas/ErrorHeaders", headersOf(refusal.headers));
    await verify(org, "hal é", phone.code());
    await org.call("Verification", "Verify", { username: "hal é", recoveryCode: recoveryCodes[0] });
    await refused(org.call("Verification", "Verify", { username: "nobody", code: "123456" }), "NOT_ENROLLED");
    await org.call("Admin", "DeleteUser", { username: "hal é" });
    const trail = await rig.trail.of(org);
    assert.ok(trail.length >= 8);
    for (const { subject, headers, data } of trail) {
        const [id] = Object.keys(channelAt(subject.replace(`.${org.org}.`, ".{org}.")).messages);
        conforms(`components/messages/${id}/headers`, headersOf(headers));
        conforms(`components/messages/${id}/payload`, decoded("AuditEvent", data));
    }
});

rig.test("the command line tool writes events in the same form", async () => {
    const org = await rig.org();
    const tail = rig.run("twofold", TOOL, ["--json", "--org", org.org, "audit", "tail", "--follow"],
        { TWOFOLD_NATS_URL: rig.url });
    await tail.logged(/watching/);
    await enrol(org, "hal é");
    await rig.trail.of(org);
    const [, line] = await tail.logged(/^(\{.*"enrollment\.confirmed".*)\n/m);
    const { type, data } = JSON.parse(line);
    conforms("components/messages/eventEnrollmentConfirmed/payload", data);
    assert.equal(type, "twofold.v1.enrollment.confirmed");
    const told = Object.keys(document.components.schemas.AuditEvent.properties);
    assert.deepEqual(Object.keys(data).filter((name) => !told.includes(name)), []);
    await tail.end();
});

function headersOf(headers) {
    return Object.fromEntries([...headers].map(([name, [value]]) => [name, value]));
}

test("the schemas refuse what is no message", () => {
    const refuses = (path, value) => assert.ok(!ajv.getSchema(`twofold#/${path}`)(value), path);
    refuses("components/schemas/VerifyRequest", { code: "123456", recovery_code: "X" });
    refuses("components/schemas/AuditEvent", { reason: "WRONG" });
    refuses("components/messages/eventAccountSuspended/payload", { type: "account.locked" });
    refuses("components/schemas/EventHeaders", { "ce-id": "1" });
});
