// Service discovery (ADR-32), held to the schemas that the nats CLI checks answers against.
import assert from "node:assert/strict";
import { hostname } from "node:os";
import { imported, verify } from "../support/people.mjs";
import { refused } from "../support/refused.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig({ instances: 2 });
const RPCS = 21;
const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;
const NAME = /^[A-Za-z0-9_-]+$/;

// The answers of COUNT instances.
async function gather(subject, count) {
    const options = { strategy: "count", maxMessages: count, maxWait: 10_000 };
    const answers = [];
    for await (const answer of await rig.twofold.bus.requestMany(subject, "", options))
        answers.push(answer.json());
    assert.equal(answers.length, count, subject);
    return answers;
}

function checkMetadata(metadata) {
    for (const value of Object.values(metadata ?? {})) assert.equal(typeof value, "string");
}

function checkIdentity(answer, type) {
    assert.equal(answer.type, `io.nats.micro.v1.${type}_response`);
    assert.equal(answer.name, "twofold");
    assert.match(answer.name, NAME);
    assert.match(answer.version, SEMVER);
    assert.ok(answer.id.length > 0);
    checkMetadata(answer.metadata);
}

function checkEndpoints(endpoints) {
    assert.equal(endpoints.length, RPCS);
    for (const { name, subject, queue_group: queue } of endpoints) {
        assert.match(name, NAME);
        assert.equal(subject, `twofold.v1.*.${name.replace("-", ".")}`);
        assert.equal(queue, "twofold");
    }
}

function checkCounts(endpoint) {
    for (const key of ["num_requests", "num_errors", "processing_time", "average_processing_time"])
        assert.ok(Number.isSafeInteger(endpoint[key]) && endpoint[key] >= 0, `${key}: ${endpoint[key]}`);
    assert.equal(typeof endpoint.last_error, "string");
    const { num_requests: requests, processing_time: time } = endpoint;
    assert.equal(endpoint.average_processing_time, requests ? Math.floor(time / requests) : 0);
}

rig.test("everybody, the service and an instance are asked alike", async () => {
    for (const [verb, type] of [["PING", "ping"], ["INFO", "info"], ["STATS", "stats"]]) {
        const ids = [];
        for (const answer of await gather(`$SRV.${verb}`, 2)) {
            checkIdentity(answer, type);
            ids.push(answer.id);
        }
        assert.equal(new Set(ids).size, 2);
        assert.deepEqual((await gather(`$SRV.${verb}.twofold`, 2)).map(({ id }) => id).sort(), ids.sort());
        for (const id of ids) assert.equal((await gather(`$SRV.${verb}.twofold.${id}`, 1))[0].id, id);
    }
});

rig.test("info lists every method with its messages", async () => {
    for (const info of await gather("$SRV.INFO.twofold", 2)) {
        assert.ok(info.description.length > 0);
        checkEndpoints(info.endpoints);
        for (const { metadata } of info.endpoints) {
            checkMetadata(metadata);
            for (const type of [metadata.request, metadata.response]) rig.twofold.root.lookupType(type);
        }
    }
});

rig.test("stats are integers, and complete before the first request", async () => {
    for (const stats of await gather("$SRV.STATS.twofold", 2)) {
        assert.match(stats.started, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
        assert.ok(Date.parse(stats.started) <= Date.now());
        checkEndpoints(stats.endpoints);
        stats.endpoints.forEach(checkCounts);
    }
});

// What `twofoldd health` reads.
rig.test("stats tell how the instance is", async () => {
    for (const { data: { health } } of await gather("$SRV.STATS.twofold", 2)) {
        const { store_proof_age_ms: proof, turn_age_ms: turn, ...texts } = health;
        assert.deepEqual(texts, { host: hostname(), state: "serving", store: "ok", requests: "ok" });
        for (const age of [proof, turn]) assert.ok(Number.isSafeInteger(age) && age >= 0, `${age}`);
    }
});

// What both instances have counted for one endpoint.
async function counted(name) {
    const sum = { requests: 0, errors: 0, lastErrors: [] };
    for (const { endpoints } of await gather("$SRV.STATS.twofold", 2)) {
        const endpoint = endpoints.find((one) => one.name === name);
        checkCounts(endpoint);
        sum.requests += endpoint.num_requests;
        sum.errors += endpoint.num_errors;
        if (endpoint.last_error) sum.lastErrors.push(endpoint.last_error);
    }
    return sum;
}

rig.test("requests and errors are counted truly", async () => {
    const org = await rig.org();
    const phone = await imported(org, "kit");
    assert.deepEqual(await counted("verification-verify"), { requests: 0, errors: 0, lastErrors: [] });
    await verify(org, "kit", phone.code());
    await verify(org, "kit", phone.code());
    await refused(verify(org, "kit", phone.wrongCode()), "CODE_REJECTED");
    await refused(verify(org, "kit", ""), "VALIDATION");
    await refused(verify(org.at("nowhere"), "kit", "123456"), "NOT_FOUND");
    const { requests, errors, lastErrors } = await counted("verification-verify");
    assert.deepEqual([requests, errors], [5, 3]);
    for (const text of lastErrors) assert.match(text, /^(403:CODE_REJECTED|422:VALIDATION|404:NOT_FOUND)$/);
    assert.ok(lastErrors.length > 0);
    assert.equal((await counted("admin-put_user")).requests, 1);
    assert.equal((await counted("admin-put_user")).errors, 0);
});
