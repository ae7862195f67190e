// SIGTERM in the middle of a crowd: every request that the service took is answered; the bus says of the
// others that nobody is there. Nobody waits in vain.
import assert from "node:assert/strict";
import { imported } from "../support/people.mjs";
import { startRig } from "../support/rig.mjs";

const CROWD = 4000;
// Small batches: there is always a queue when the signal comes.
const rig = await startRig({ settings: { TWOFOLD_BATCH_MAX: "16" } });

rig.test("a service that is told to stop answers everything it took", async () => {
    const org = await rig.org();
    const phone = await imported(org, "ned");
    const payload = org.encode("VerifyRequest", { username: "ned", code: phone.wrongCode() });
    const crowd = Array.from({ length: CROWD }, () =>
        org.send("Verification", "Verify", payload, { timeout: 20_000 }).then(
            () => "answered",
            (error) => (error.message.includes("no responders") ? "nobody" : error.message),
        ),
    );
    const first = await Promise.race(crowd);
    assert.equal(first, "answered");
    assert.equal(await rig.daemon.end("SIGTERM"), 0);
    for (const end of await Promise.all(crowd)) assert.match(end, /^(answered|nobody)$/);
});
