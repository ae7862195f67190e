// The bench's laboratory: servers, services and peers, each on a bus of its own, each with a fresh copy of a
// database that was filled once. All of it is ended and removed at the end.
import { execFileSync, spawn } from "node:child_process";
import {
    closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";

const READY_MS = 60_000, FILL_MS = 600_000, END_MS = 20_000;
const children = new Set();
process.on("exit", () => children.forEach((child) => child.kill("SIGKILL")));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

export const say = (text) => console.error(text);
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// A process in the background; what it says goes to a file.
export class Process {
    constructor(command, { log, env = {} }) {
        const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith("TWOFOLD_"));
        const out = openSync(log, "a");
        this.log = log;
        this.child = spawn(command[0], command.slice(1),
            { stdio: ["ignore", out, out], env: { ...Object.fromEntries(inherited), ...env } });
        closeSync(out);
        children.add(this.child);
        this.ended = new Promise((resolve) => {
            this.child.on("error", resolve);
            this.child.on("exit", resolve);
        }).then(() => { children.delete(this.child); this.over = true; });
    }

    get pid() {
        return this.child.pid;
    }

    async says(pattern, atMost = READY_MS) {
        for (const until = Date.now() + atMost; Date.now() < until; await pause(10)) {
            const match = readFileSync(this.log, "utf8").match(pattern);
            if (match) return match;
            if (this.over) break;
        }
        const text = readFileSync(this.log, "utf8").slice(-2000);
        throw new Error(`${text}\n${this.child.spawnfile} did not say ${pattern}`);
    }

    async end() {
        this.child.kill("SIGTERM");
        const killer = setTimeout(() => this.child.kill("SIGKILL"), END_MS);
        await this.ended;
        clearTimeout(killer);
    }
}

// What a command prints as JSON.
export function ask(command) {
    return new Promise((resolve, reject) => {
        const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "pipe", "pipe"], timeout: FILL_MS });
        const said = { stdout: "", stderr: "" };
        children.add(child);
        for (const name of ["stdout", "stderr"]) child[name].on("data", (data) => { said[name] += data; });
        child.on("error", reject);
        child.on("close", (code) => {
            children.delete(child);
            if (code !== 0) return reject(new Error(`${command.join(" ")}: ${code}\n${said.stderr}`));
            try {
                resolve({ ...JSON.parse(said.stdout), said: said.stderr });
            } catch (error) {
                reject(new Error(`${command.join(" ")} printed ${said.stdout}`, { cause: error }));
            }
        });
    });
}

const bytesOf = (folder) => readdirSync(folder, { recursive: true, withFileTypes: true })
    .reduce((sum, entry) => sum + (entry.isFile()
        ? statSync(join(entry.parentPath ?? entry.path, entry.name)).blocks * 512 : 0), 0);

export class Lab {
    running = new Map(); // name -> { server, program, url, folder, place, epoch, said }
    missing = {}; // peer -> why it is not there
    rates = new Map(); // measurement -> answers a second, the last time
    rate = 0; // what to expect of a measurement that was never made
    capacity = 0; // of the service, for overloads

    static async open(settings) {
        const lab = new Lab();
        for (const folder of [settings.folder, settings.results]) mkdirSync(folder, { recursive: true });
        Object.assign(lab, { settings, folder: mkdtempSync(join(settings.folder, "twofold-bench-")) });
        process.on("exit", () => rmSync(lab.folder, { recursive: true, force: true }));
        lab.repeats = settings.rounds * 8;
        lab.keyring = join(lab.folder, "ring");
        lab.service = join(settings.build, "bin/twofoldd");
        execFileSync(lab.service, ["keys", "init"], { stdio: "ignore", env: {
            PATH: process.env.PATH, TWOFOLD_KEYRING_FILE: lab.keyring, TWOFOLD_DATA_DIR: join(lab.folder, "none") } });
        return lab;
    }

    async close() {
        for (const name of [...this.running.keys()]) await this.stop(name);
    }

    tool(name) {
        return join(this.settings.build, "bench", name);
    }

    // A database of twofoldd with that many users, filled once, nothing of it in the journal any more.
    users(n) {
        const folder = join(this.folder, `filled-${n}`), raw = join(this.folder, "raw");
        if (existsSync(folder)) return folder;
        execFileSync(join(this.settings.build, "tests/rotate_load"), ["fill", raw, this.keyring, String(n)]);
        execFileSync(this.tool("settle"), [raw, folder]);
        rmSync(raw, { recursive: true, force: true });
        return folder;
    }

    bytes(n) {
        return bytesOf(this.users(n));
    }

    // A bus of its own; with JetStream when it is asked for.
    async server(name, stream = false) {
        const config = join(this.folder, `${name}.conf`), log = join(this.folder, `${name}.nats.log`);
        const store = join(this.folder, `${name}.js`);
        rmSync(store, { recursive: true, force: true });
        rmSync(log, { force: true });
        writeFileSync(config, stream ? `jetstream { store_dir: "${store}" }\n` : "");
        const server = new Process(["nats-server", "-a", "127.0.0.1", "-p", "-1", "-c", config], { log });
        const [, port] = await server.says(/client connections on 127\.0\.0\.1:(\d+)/);
        await server.says(/Server is ready/);
        return { server, url: `nats://127.0.0.1:${port}` };
    }

    fresh(name, filled) {
        const folder = join(this.folder, `data-${name}`);
        rmSync(folder, { recursive: true, force: true });
        if (filled) execFileSync("cp", ["-r", "--sparse=always", filled, folder]);
        return folder;
    }

    // Starts CONTENDER: { program, ready, filled, env, stream }; program and env are told the bus, the folder, and
    // when it began.
    async start(name, contender) {
        const { server, url } = await this.server(name, contender.stream);
        const it = { server, url, place: [], epoch: Math.floor(Date.now() / 1000) };
        it.folder = this.fresh(name, contender.filled?.());
        const log = join(this.folder, `${name}.log`);
        rmSync(log, { force: true });
        this.running.set(name, it);
        it.program = new Process(contender.program(it), { log, env: contender.env?.(it) });
        try {
            it.said = await it.program.says(contender.ready);
        } catch (error) {
            await this.stop(name);
            throw error;
        }
        return it;
    }

    async stop(name) {
        const it = this.running.get(name);
        this.running.delete(name);
        if (it.program) await it.program.end();
        await it.server.end();
        rmSync(it.folder, { recursive: true, force: true });
        rmSync(join(this.folder, `${name}.js`), { recursive: true, force: true });
    }

    // A peer's database, filled by itself once.
    async fill(name, command, users) {
        const { server, url } = await this.server(`${name}-fill`);
        const folder = join(this.folder, `filled-${name}`), log = join(this.folder, `${name}-fill.log`);
        const peer = new Process([...command, url, folder, String(users)], { log });
        try {
            await peer.says(/^serving/m, FILL_MS);
        } finally {
            await peer.end();
            await server.end();
        }
        return folder;
    }
}
