// The README's example, run as the README says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { imported } from "../support/people.mjs";
import { startRig } from "../support/rig.mjs";

const rig = await startRig();
const EXAMPLE = fileURLToPath(new URL("../example.mjs", import.meta.url));

function runExample(...words) {
    return new Promise((resolve) => {
        const child = execFile(process.execPath, [EXAMPLE], { timeout: 30_000 }, (error, stdout, stderr) =>
            resolve({ exit: error ? error.code : 0, stdout, stderr }));
        child.stdin.end(`${words.join(" ")}\n`);
    });
}

rig.test("the example tells an accepted code from a refused one", async () => {
    const org = await rig.org();
    const code = (await imported(org, "oli")).code();
    assert.deepEqual(await runExample(rig.url, org.org, "oli", code), {
        exit: 0, stdout: "accepted: TOTP, 0 recovery codes left\n", stderr: "",
    });
    assert.deepEqual(await runExample(rig.url, org.org, "oli", code), {
        exit: 1, stdout: "refused: CODE_REJECTED (403) The code was not accepted.\n", stderr: "",
    });
});

rig.test("a fault is no refusal", async () => {
    const { exit, stdout, stderr } = await runExample("nats://127.0.0.1:1", "default", "oli", "123456");
    assert.notEqual(exit, 0);
    assert.equal(stdout, "");
    assert.match(stderr, /^no answer: .*(ECONNREFUSED|CONNECTION_REFUSED|connection refused)/i);
    assert.doesNotMatch(stderr, /\n./); // one line for people, no stack
});
