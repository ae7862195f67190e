// node ... LAYOUT FOLDER PORT N: a verifier sends N requests with 260 kB of one and the same header, says
// "sent" when the server has them, and at the end how many the service has refused.
import { rigFromArguments } from "./bus_rig.mjs";

const n = Number(process.argv[5]);
const verifier = await rigFromArguments().login("verifier");
verifier.subscribe("_INBOX.acme.verifier.*");
for (let i = 0; i < n; i++)
    verifier.publishWithBlock("twofold.v1.acme.verification.get_status", "a:b\r\n".repeat(52_000), "",
        `_INBOX.acme.verifier.${i}`);
const complaints = await verifier.settle();
if (complaints.length > 0) throw new Error(complaints.join());
console.log("sent");
let refused = 0;
for (let i = 0; i < n; i++) {
    const { headers } = await verifier.message(({ subject }) => subject === `_INBOX.acme.verifier.${i}`, `answer ${i}`);
    if (headers["Nats-Service-Error"]) refused++;
}
console.log(`${refused} refused`);
verifier.close();
