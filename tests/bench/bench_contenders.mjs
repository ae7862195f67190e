// Who is measured: the echo, the service in the ways that it can be run, and the peers.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { say } from "./bench_lab.mjs";

export const LEVELS = [1, 16, 64, 256, 1024]; // requests in flight
export const PEERS = ["node-lmdb", "node-sqlite", "go"];

// What becomes of audit events, in each way that there is.
const AUDIT = {
    plain: { TWOFOLD_AUDIT_STREAM: "off" },
    held: { TWOFOLD_AUDIT_NATS_URL: "nats://127.0.0.1:1" },
    stream: {},
};

// twofoldd on its own database. FIRST: its start is timed. UNSHIPPED: twofoldd_lab, which does what ENV says.
function service(lab, users, { audit = lab.settings.audit, env = () => ({}), first, unshipped } = {}) {
    const program = unshipped ? lab.tool("twofoldd_lab") : lab.service;
    return {
        users, filled: () => lab.users(users), stream: audit === "stream",
        ready: first ? /"ms":([\d.]+)/ : /msg=serving/,
        program: (it) => first ? [lab.tool("first"), it.url, program] : [program],
        env: (it) => ({
            PATH: process.env.PATH, TWOFOLD_NATS_URL: it.url, TWOFOLD_DATA_DIR: it.folder,
            TWOFOLD_KEYRING_FILE: lab.keyring, TWOFOLD_DB_SIZE_MB: "16384", TWOFOLD_AUDIT_BACKLOG: "100000000",
            ...AUDIT[audit], ...env(it),
        }),
    };
}

// A thousand users have 33 new codes a second: the clock runs as much faster as it takes to ask them at RATE. All
// sizes get the same clock.
const speedFor = (users, rate) => Math.max(1, Math.ceil(rate * 1.3 * 30 / users));

export function contenders(lab) {
    const { users, growth } = lab.settings;
    const all = {
        echo: { users, program: (it) => [lab.tool("bench_echo"), it.url], ready: /^serving/m },
        twofoldd: service(lab, users),
        wrong: service(lab, users),
        nosync: service(lab, users, { unshipped: true, env: () => ({ LAB_NO_SYNC: "1" }) }),
        stream: service(lab, users, { audit: "stream" }),
        held: service(lab, users, { audit: "held" }),
        scrypt: service(lab, users),
        enroll: service(lab, users),
        million: service(lab, growth["1e6"], { first: true }),
    };
    const env = (it) => {
        it.speed = speedFor(growth["1e3"], lab.rate);
        return { LAB_SPEED: String(it.speed), LAB_EPOCH: String(it.epoch) };
    };
    for (const [size, n] of Object.entries(growth)) all[`growth-${size}`] = service(lab, n, { unshipped: true, env });
    return all;
}

const run = (command, ...args) =>
    execFileSync(command, args, { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });

// How each peer is made ready, and started.
function ways({ source, build, short }) {
    const folder = join(source, "tests/bench/peers"), copy = join(build, "bench/node"), go = join(build, "bench/go");
    const install = (...options) => run("cmake", `-DSOURCE=${source}`, `-DCOPY=${copy}`, ...options,
        "-P", join(folder, "node/install.cmake"));
    const node = (store) => [process.execPath, join(copy, "tests/bench/peers/node/peer.mjs"), "--store", store];
    const compiled = join(copy, "node_modules/better-sqlite3/build/Release/better_sqlite3.node");
    return {
        "node-lmdb": { command: node("lmdb"), prepare: () => install() },
        "node-sqlite": { command: node("sqlite"), prepare: () => {
            if (short && !existsSync(compiled)) throw new Error("better-sqlite3 is compiled for the long form only");
            install("-DSQLITE=ON");
        } },
        go: { command: [join(go, "peer")], prepare: () => run(join(folder, "go/build.sh"), source, go) },
    };
}

export const lastLine = (error) => String(error.stderr || error.message).trim().split("\n").at(-1);

// A peer that cannot be had leaves its rows unmeasured, and says why.
export async function addPeers(lab, all, wanted) {
    const { users } = lab.settings;
    for (const name of wanted) {
        const { command, prepare } = ways(lab.settings)[name];
        say(`${name}: building, and filling a database with ${users} users`);
        try {
            prepare();
            const filled = await lab.fill(name, [...command], users);
            all[name] = {
                users, ready: /^serving/m, filled: () => filled,
                program: (it) => [...command, it.url, it.folder, String(users)],
            };
        } catch (error) {
            lab.missing[name] = lastLine(error);
            say(`${name}: not measured: ${lab.missing[name]}`);
        }
    }
}
