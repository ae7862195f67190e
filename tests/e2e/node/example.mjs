// Is this code this user's, now, and never used before?
// echo "nats://127.0.0.1:4222 default alice 123456" | node example.mjs
import { text } from "node:stream/consumers";
import { connect, TwofoldError } from "./lib/twofold.mjs";

const [servers, org, username, code] = (await text(process.stdin)).trim().split(/\s+/);
const twofold = await connect({ servers, org });
try {
    const verdict = await twofold.call("Verification", "Verify", { username, code });
    console.log(`accepted: ${verdict.method}, ${verdict.recoveryCodesLeft} recovery codes left`);
} catch (error) {
    if (!(error instanceof TwofoldError)) throw error;
    console.log(`refused: ${error.reason} (${error.code}) ${error.message}`);
    process.exitCode = 1;
} finally {
    await twofold.close();
}
