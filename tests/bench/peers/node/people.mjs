// The users that tests/attack/rotate_load.c makes: the same names and keys.
import { randomUUID } from "node:crypto";

const KEY_BYTES = 20;
const PASSWORD = "$scrypt$ln=14,r=8,p=5$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

function keyOf(i) {
    const key = Buffer.alloc(KEY_BYTES);
    for (let j = 0; j < KEY_BYTES; j++) key[j] = (i >>> ((j % 4) * 8)) ^ (j * 37);
    return key;
}

// Pairs of a username and a user, in the order of their names.
export function* people(count, seal) {
    for (let i = 0; i < count; i++) {
        const username = `user${String(i).padStart(7, "0")}`;
        const id = randomUUID();
        yield [username, {
            id,
            sealed: seal.seal(keyOf(i), username, id),
            lastStep: 0,
            failures: 0,
            until: 0,
            sequence: 0,
            digest: Buffer.alloc(32),
            codesLeft: 0,
            createdS: Math.floor(Date.now() / 1000),
            password: PASSWORD,
        }];
    }
}
