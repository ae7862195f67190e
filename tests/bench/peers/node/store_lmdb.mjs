// Users and outbox in LMDB, written in LMDB's own transactions, with its own syncs: overlappingSync would tell of a
// commit before it is on disk.
import { open } from "lmdb";
import { join } from "node:path";
import { KEPT, TRIMMED_AT_ONCE } from "./outbox.mjs";

// Layout of a user; what stands after `sealed` is only kept here.
const STEP = 0, FAILURES = 6, UNTIL = 8, SEQUENCE = 14, LEFT = 20, DIGEST = 22, ID = 54, SEALED = 90, CREATED = 138;
const PASSWORD = 144;

function decode(row) {
    return {
        row,
        lastStep: row.readUIntBE(STEP, 6),
        failures: row.readUInt16BE(FAILURES),
        until: row.readUIntBE(UNTIL, 6),
        sequence: row.readUIntBE(SEQUENCE, 6),
        codesLeft: row.readUInt16BE(LEFT),
        digest: row.subarray(DIGEST, ID),
        id: row.latin1Slice(ID, SEALED),
        sealed: row.subarray(SEALED, CREATED),
    };
}

// Into the row that it came from.
function encode(user) {
    const { row } = user;
    row.writeUIntBE(user.lastStep, STEP, 6);
    row.writeUInt16BE(user.failures, FAILURES);
    row.writeUIntBE(user.until, UNTIL, 6);
    row.writeUIntBE(user.sequence, SEQUENCE, 6);
    row.set(user.digest, DIGEST);
    return row;
}

function encodeNew(user) {
    const row = Buffer.alloc(PASSWORD + user.password.length);
    row.write(user.id, ID, "latin1");
    row.set(user.sealed, SEALED);
    row.writeUIntBE(user.createdS, CREATED, 6);
    row.write(user.password, PASSWORD, "latin1");
    return encode({ ...user, row });
}

class LmdbStore {
    #saved = new Map();

    constructor(folder) {
        this.root = open({
            path: join(folder, "lmdb"), noSubdir: false, mapSize: 8 * 2 ** 30, maxDbs: 2, overlappingSync: false,
        });
        this.users = this.root.openDB("users", { encoding: "binary" });
        this.outbox = this.root.openDB("outbox", { encoding: "binary", keyEncoding: "uint32" });
        const [last] = this.outbox.getKeys({ reverse: true, limit: 1 });
        const [first] = this.outbox.getKeys({ limit: 1 });
        this.next = (last ?? 0) + 1;
        this.first = first ?? 1;
    }

    get empty() {
        return this.users.getKeys({ limit: 1 }).asArray.length === 0;
    }

    async fill(people) {
        let done, n = 0;
        for (const [username, user] of people) {
            done = this.users.put(username, encodeNew(user));
            if (++n % 10000 === 0) await done;
        }
        await done;
        await this.root.flushed;
    }

    load(username) {
        const row = this.#saved.get(username) ?? this.users.getBinary(username);
        return row ? decode(row) : null;
    }

    // Written once for each user, however many requests of the batch are his.
    save(username, user) {
        this.#saved.set(username, encode(user));
    }

    append(bytes) {
        this.outbox.putSync(this.next++, bytes, { append: true });
    }

    // Returns when it is on disk.
    transact(decide) {
        this.root.transactionSync(() => {
            decide();
            for (const [username, row] of this.#saved) this.users.putSync(username, row);
            this.#trim();
        });
        this.#saved.clear();
    }

    #trim() {
        if (this.next - this.first < KEPT + TRIMMED_AT_ONCE) return;
        for (let i = 0; i < TRIMMED_AT_ONCE; i++) this.outbox.removeSync(this.first++);
    }

    *events() {
        for (const { value } of this.outbox.getRange()) yield value;
    }

    close() {
        return this.root.close();
    }
}

export function openStore(folder) {
    return new LmdbStore(folder);
}
