// Keys at rest, and codes.
import { createCipheriv, createDecipheriv, randomBytes, randomFillSync, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { HOTP, Secret } from "otpauth";
import { ORG } from "./contract.mjs";

const NONCE = 12, TAG = 16;
const PERIOD = 30, DIGITS = 6, SKEW = 1;

// AES-256-GCM under the key of FOLDER, which is made when it is not there.
export class Seal {
    constructor(folder) {
        const file = join(folder, "key");
        if (!existsSync(file)) writeFileSync(file, randomBytes(32), { mode: 0o600 });
        this.key = readFileSync(file);
    }

    seal(plain, username, id) {
        const nonce = randomBytes(NONCE);
        const cipher = createCipheriv("aes-256-gcm", this.key, nonce);
        cipher.setAAD(Buffer.from(`${ORG}/${username}/${id}`));
        const sealed = [nonce, cipher.update(plain), cipher.final()];
        return Buffer.concat([...sealed, cipher.getAuthTag()]);
    }

    // Throws when it is not what was sealed for this user and authenticator.
    open(sealed, username, id) {
        const cut = sealed.length - TAG;
        const cipher = createDecipheriv("aes-256-gcm", this.key, sealed.subarray(0, NONCE), { authTagLength: TAG });
        cipher.setAAD(Buffer.from(`${ORG}/${username}/${id}`));
        cipher.setAuthTag(sealed.subarray(cut));
        const plain = cipher.update(sealed.subarray(NONCE, cut));
        cipher.final();
        return plain;
    }
}

// The step within the window whose code this is: the first after LAST; one that is not after LAST when there is no
// other; 0: none. Every step is computed and compared, whichever matches.
export function matchingStep(key, code, nowS, last) {
    const now = Math.floor(nowS / PERIOD);
    const offered = Buffer.from(code, "latin1");
    const secret = new Secret({ buffer: key.buffer.slice(key.byteOffset, key.byteOffset + key.length) });
    let found = 0;
    for (let step = now - SKEW; step <= now + SKEW; step++) {
        const right = HOTP.generate({ secret, digits: DIGITS, counter: step });
        if (timingSafeEqual(Buffer.from(right, "latin1"), offered) && found <= last) found = step;
    }
    key.fill(0);
    return { found, offset: found ? found - now : 0 };
}

const UUID = 16, POOL = 256;
const random = Buffer.alloc(UUID * POOL);
let used = POOL;

// RFC 9562, version 7.
export function uuid7(nowMs) {
    if (used === POOL) {
        randomFillSync(random);
        used = 0;
    }
    const id = random.subarray(used * UUID, ++used * UUID);
    id.writeUIntBE(nowMs, 0, 6);
    id[6] = 0x70 | (id[6] & 0x0f);
    id[8] = 0x80 | (id[8] & 0x3f);
    const hex = id.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
