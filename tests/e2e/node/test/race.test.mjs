// One code, many requests at once, two instances on one data folder: one of them wins.
import assert from "node:assert/strict";
import { TwofoldError } from "../lib/twofold.mjs";
import { enrol, imported, verify } from "../support/people.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig({ instances: 2 });
const AT_ONCE = 200;

// How often each answer came.
async function tally(requests) {
    const counts = {};
    for (const { status, reason } of await Promise.allSettled(requests)) {
        if (reason && !(reason instanceof TwofoldError)) throw reason;
        const answer = status === "fulfilled" ? "GRANTED" : reason.reason;
        counts[answer] = (counts[answer] ?? 0) + 1;
    }
    return counts;
}

async function verifications() {
    const options = { strategy: "count", maxMessages: 2, maxWait: 10_000 };
    const counts = [];
    for await (const answer of await rig.twofold.bus.requestMany("$SRV.STATS.twofold", "", options))
        counts.push(answer.json().endpoints.find(({ name }) => name === "verification-verify").num_requests);
    return counts;
}

function onlyOne({ GRANTED, CODE_REJECTED, LOCKED = 0, ...others }) {
    assert.equal(GRANTED, 1);
    assert.ok(CODE_REJECTED >= 1);
    assert.equal(CODE_REJECTED + LOCKED, AT_ONCE - 1);
    assert.deepEqual(others, {});
}

rig.test("ten rounds: a code is accepted exactly once", async () => {
    const org = await rig.org();
    for (let round = 0; round < 10; round++) {
        const phone = await imported(org, `max-${round}`);
        const code = phone.code();
        onlyOne(await tally(Array.from({ length: AT_ONCE }, () => verify(org, `max-${round}`, code))));
    }
    const shares = await verifications();
    assert.equal(shares.reduce((a, b) => a + b), 10 * AT_ONCE);
    assert.ok(Math.min(...shares) > 0, `both instances took part: ${shares}`);
});

rig.test("a recovery code is accepted exactly once", async () => {
    const org = await rig.org();
    const { recoveryCodes: [recoveryCode] } = await enrol(org, "max");
    const fields = { username: "max", recoveryCode };
    onlyOne(await tally(Array.from({ length: AT_ONCE }, () => org.call("Verification", "Verify", fields))));
});

rig.test("guesses at once get no more tries than guesses in a row", async () => {
    const org = await rig.org({ maxFailures: 3 });
    const phone = await imported(org, "max");
    const wrong = phone.wrongCode();
    const counts = await tally(Array.from({ length: AT_ONCE }, () => verify(org, "max", wrong)));
    assert.deepEqual(counts, { CODE_REJECTED: 4, LOCKED: AT_ONCE - 4 });
});
