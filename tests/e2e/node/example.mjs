// Is this code this user's, now, and never used before?
// echo "nats://127.0.0.1:4222 default alice 123456" | node example.mjs
import { text } from "node:stream/consumers";
import { connect, TwofoldError } from "./lib/twofold.mjs";

const [servers, org, username, code] = (await text(process.stdin)).trim().split(/\s+/);
let twofold;
try {
    twofold = await connect({ servers, org });
    const verdict = await twofold.call("Verification", "Verify", { username, code });
    console.log(`accepted: ${verdict.method}, ${verdict.recoveryCodesLeft} recovery codes left`);
} catch (error) {
    if (error instanceof TwofoldError) {
        console.log(`refused: ${error.reason} (${error.code}) ${error.message}`);
        process.exitCode = 1;
    } else { // no bus, no service, or no answer in time: that is no yes either
        console.error(`no answer: ${error.message}`);
        process.exitCode = 3;
    }
} finally {
    await twofold?.close();
}
