// What an authenticator app shows (RFC 6238), with nothing but Node (18 or newer).
//
//   echo GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ | node totp.mjs
//
// A line of standard input is SECRET,ALGORITHM,DIGITS,PERIOD,TIME; all but the secret may be left out. Without a
// time it is the next code that was not shown yet, so the same line again gives another code.
import { createHmac } from "node:crypto";
import { realpathSync } from "node:fs";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export function totp(secret, time, { algorithm = "SHA1", digits = 6, period = 30 } = {}) {
    const step = Buffer.alloc(8);
    step.writeBigUInt64BE(BigInt(Math.floor(time / period)));
    const mac = createHmac(algorithm, base32(secret)).update(step).digest();
    const number = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
    return String(number % 10 ** digits).padStart(digits, "0");
}

// As people write it: small or capital letters, with or without spaces, dashes and the "=" at the end.
function base32(text) {
    const letters = text.toUpperCase().replace(/[\s-]|=+\s*$/g, "");
    if (!/^[A-Z2-7]+$/.test(letters)) throw new Error("the secret is not base32");
    const bytes = [];
    let bits = 0, held = 0;
    for (const letter of letters) {
        held = (held << 5 | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(letter)) & 0xfff;
        bits += 5;
        if (bits >= 8) bytes.push(held >> (bits -= 8) & 255);
    }
    return Buffer.from(bytes);
}

// One user's app. A code is good once, so each is shown once: that of now, then that of the next step, which
// the service takes as well (skew_steps 1); for a third one it waits, for a step at most.
export class Authenticator {
    constructor(secret, options = {}) {
        Object.assign(this, { secret, options, period: options.period ?? 30, last: -1 });
    }

    async code() {
        const now = () => Math.floor(Date.now() / 1000 / this.period);
        const step = this.last = Math.max(this.last + 1, now());
        while (step > now() + 1) await sleep(100);
        return totp(this.secret, step * this.period, this.options);
    }
}

async function main() {
    const apps = new Map();
    for await (const line of createInterface({ input: process.stdin })) {
        const [secret, algorithm, digits, period, time] = line.split(",");
        const options = { algorithm: algorithm || "SHA1", digits: Number(digits || 6), period: Number(period || 30) };
        if (!apps.has(line)) apps.set(line, new Authenticator(secret, options));
        console.log(time ? totp(secret, Number(time), options) : await apps.get(line).code());
    }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
