// Users and outbox in SQLite: a write-ahead log that is synced at every commit. This process is the only one that
// uses the database, so it keeps the locks.
import Database from "better-sqlite3";
import { join } from "node:path";
import { KEPT, TRIMMED_AT_ONCE } from "./outbox.mjs";

const SCHEMA = `
    CREATE TABLE IF NOT EXISTS users (
        username TEXT PRIMARY KEY, last_step INTEGER NOT NULL, failures INTEGER NOT NULL, until INTEGER NOT NULL,
        sequence INTEGER NOT NULL, digest BLOB NOT NULL, codes_left INTEGER NOT NULL, id TEXT NOT NULL,
        sealed BLOB NOT NULL, created_s INTEGER NOT NULL, password TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS outbox (position INTEGER PRIMARY KEY, event BLOB NOT NULL) STRICT;`;

class SqliteStore {
    #transact;

    constructor(folder) {
        this.db = new Database(join(folder, "peer.sqlite"));
        for (const pragma of ["locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL",
            "cache_size = -65536"]) this.db.pragma(pragma);
        this.db.exec(SCHEMA);
        const prepare = (sql) => this.db.prepare(sql);
        this.select = prepare(`SELECT last_step, failures, until, sequence, digest, codes_left, id, sealed
            FROM users WHERE username = ?`).raw();
        this.update = prepare(`UPDATE users SET last_step = ?, failures = ?, until = ?, sequence = ?, digest = ?
            WHERE username = ?`);
        this.insert = prepare("INSERT INTO outbox VALUES (?, ?)");
        this.trim = prepare("DELETE FROM outbox WHERE position < ?");
        const { first, last } = prepare("SELECT min(position) AS first, max(position) AS last FROM outbox").get();
        this.next = (last ?? 0) + 1;
        this.first = first ?? 1;
        this.#transact = this.db.transaction((decide) => {
            decide();
            if (this.next - this.first < KEPT + TRIMMED_AT_ONCE) return;
            this.first += TRIMMED_AT_ONCE;
            this.trim.run(this.first);
        }).immediate;
    }

    get empty() {
        return !this.db.prepare("SELECT 1 FROM users LIMIT 1").get();
    }

    fill(people) {
        const insert = this.db.prepare("INSERT INTO users VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        this.db.transaction(() => {
            for (const [username, u] of people)
                insert.run(username, u.lastStep, u.failures, u.until, u.sequence, u.digest, u.codesLeft, u.id,
                    u.sealed, u.createdS, u.password);
        }).immediate();
        this.db.pragma("wal_checkpoint(TRUNCATE)");
    }

    load(username) {
        const row = this.select.get(username);
        if (!row) return null;
        const [lastStep, failures, until, sequence, digest, codesLeft, id, sealed] = row;
        return { lastStep, failures, until, sequence, digest, codesLeft, id, sealed };
    }

    save(username, u) {
        this.update.run(u.lastStep, u.failures, u.until, u.sequence, u.digest, username);
    }

    append(bytes) {
        this.insert.run(this.next++, bytes);
    }

    // Returns when it is on disk.
    transact(decide) {
        this.#transact(decide);
    }

    events() {
        return this.db.prepare("SELECT event FROM outbox ORDER BY position").pluck().all();
    }

    close() {
        this.db.close();
    }
}

export function openStore(folder) {
    return new SqliteStore(folder);
}
