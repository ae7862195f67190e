// A bus, a service and command lines whose every trace is kept: folders of their own for data, working
// directory, home and temporary files, and what /proc shows of each process while it runs.
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "../e2e/node/support/program.mjs";
import { connect } from "../e2e/node/lib/twofold.mjs";

export const BIN = process.env.TEST_BIN ?? "build/bin";
const ALNUM = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz23456789";

// N letters and digits that are nowhere by chance.
export const word = (n = 18) => [...randomBytes(n)].map((byte) => ALNUM[byte % ALNUM.length]).join("");

export class Rig {
    programs = [];
    seen = []; // {name, bytes}: command lines, environments, names of threads
    outputs = []; // {name, bytes, allows} of the command line

    constructor(canaries) {
        this.canaries = canaries;
        this.folder = mkdtempSync(join(tmpdir(), "twofold-leaks-"));
        this.plants = {}; // place -> what was planted
        this.planted = {}; // place -> its canary
    }

    // A canary in plain sight: see Report.search.
    plant(place) {
        if (!this.plants[place]) {
            this.plants[place] = word(24);
            this.planted[place] = this.canaries.add("plant", this.plants[place]);
        }
        return this.plants[place];
    }

    get data() {
        return join(this.folder, `data-${this.plant("folder")}`);
    }
    get keyring() {
        return `${this.data}.keyring`;
    }

    async start() {
        for (const name of ["cwd", "home", "tmp"]) mkdirSync(join(this.folder, name));
        const server = this.#run("nats-server", "nats-server",
            ["-a", "127.0.0.1", "-p", "-1", "--name", this.plant("server")]);
        const [, port] = await server.logged(/client connections on 127\.0\.0\.1:(\d+)/);
        await server.logged(/Server is ready/);
        this.url = `nats://127.0.0.1:${port}`;
        this.twofold = await connect({ servers: this.url });
        this.daemon = await this.startDaemon();
        writeFileSync(join(this.folder, "tmp", "plant"),
            Buffer.from(this.plant("file")).toString("base64"));
    }

    get settings() {
        return {
            TWOFOLD_NATS_URL: this.url,
            TWOFOLD_DATA_DIR: this.data,
            TWOFOLD_LOG_LEVEL: "debug",
            TWOFOLD_SCRYPT_LN: "10",
            TWOFOLD_SCRYPT_P: "1",
            TMPDIR: join(this.folder, "tmp"),
            HOME: join(this.folder, "home"),
        };
    }

    // BEFORE: a command that runs twofoldd.
    async startDaemon(before = []) {
        const command = ["-C", join(this.folder, "cwd"), ...before, join(BIN, "twofoldd")];
        const daemon = this.#run("twofoldd", "env", command, this.settings);
        await daemon.logged(/msg=serving/);
        return daemon;
    }

    #run(...args) {
        const program = new Program(...args);
        this.programs.push(program);
        return program;
    }

    // What everybody on the host can see of the processes that this one has started.
    look() {
        const parents = new Map();
        for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)) {
            const stat = read(`/proc/${pid}/stat`)?.toString("latin1");
            if (stat) parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 4).split(" ")[0]));
        }
        const isOurs = (pid) => pid === process.pid || (pid > 1 && isOurs(parents.get(pid) ?? 0));
        for (const pid of [...parents.keys()].filter((each) => each !== process.pid && isOurs(each))) this.lookAt(pid);
    }

    lookAt(pid) {
        const files = ["cmdline", "environ", ...list(`/proc/${pid}/task`).map((tid) => `task/${tid}/comm`)];
        for (const file of files) {
            const bytes = read(`/proc/${pid}/${file}`);
            if (bytes?.length) this.seen.push({ name: `${file} of a ${read(`/proc/${pid}/comm`)}`.trim(), bytes });
        }
    }

    // twofold ARGS. ANSWERS are the lines it reads: [sort, text], or [pattern, (match) => [sort, text]]
    // for one that depends on what has been printed. SHOWS: it is there to print secrets.
    async cli(args, answers = [], { shows = false, code = 0, terminal = false } = {}) {
        const command = terminal
            ? ["script", "-qefc", [join(BIN, "twofold"), ...args].join(" "), "/dev/null"]
            : [join(BIN, "twofold"), ...args];
        const env = { PATH: process.env.PATH, ...this.settings,
            TWOFOLD_TEST_PLANT: this.plant("environment") };
        const child = spawn(command[0], command.slice(1), { env, cwd: join(this.folder, "cwd") });
        const out = { stdout: "", stderr: "" };
        const ended = new Promise((resolve) => child.on("close", resolve));
        for (const name of ["stdout", "stderr"]) child[name].on("data",
            (data) => { out[name] += data.toString("latin1"); });
        child.stdin.on("error", () => {}); // it may have ended by itself
        const killer = setTimeout(() => child.kill("SIGKILL"), 30_000);
        this.lookAt(child.pid);
        for (const answer of answers) await this.#type(child, out, answer, ended);
        this.look();
        child.stdin.end();
        const how = await ended;
        clearTimeout(killer);
        if (how !== code) throw new Error(`twofold ${args.join(" ")} ended with ${how}\n${out.stdout}${out.stderr}`);
        const allows = shows ? this.#shown(out.stdout) : undefined;
        this.outputs.push({ name: `twofold ${args.join(" ")}`, bytes: Buffer.from(out.stdout, "latin1"),
            allows });
        this.outputs.push({ name: `twofold ${args.join(" ")} (stderr)`, bytes: Buffer.from(out.stderr,
            "latin1") });
        return out.stdout;
    }

    async #type(child, out, answer, ended) {
        let typed = answer;
        if (answer[0] instanceof RegExp) {
            let match, over = false;
            ended.then(() => { over = true; });
            while (!(match = out.stdout.match(answer[0])) && !over) await new Promise((resolve) => setTimeout(resolve, 10));
            if (!match) throw new Error(`no ${answer[0]} in ${out.stdout}${out.stderr}`);
            typed = answer[1](match);
        }
        this.canaries.add(...typed);
        child.stdin.write(`${typed[1]}\n`);
    }

    // The secrets that a command has printed: canaries from now on, and allowed in this output.
    #shown(stdout) {
        const sorts = [
            ["secret", /\b[A-Z2-7]{32,}\b/g], ["secret", /\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b/g],
            ["recovery code", /\b[0-9A-Z]{5}(?:-[0-9A-Z]{5}){4}\b/g], ["step token", /\b[A-Za-z0-9+/_-]{60,}\b/g],
        ];
        const found = sorts.flatMap(([sort, pattern]) => (stdout.match(pattern) ?? []).map((text) => [sort, text]));
        return new Set(found.map(([sort, text]) => this.canaries.add(sort, text.replaceAll(" ", ""))));
    }

    // twofold ARGS in the background, from the moment it says that it watches; ended with the rest.
    async watch(args) {
        const tail = this.#run("twofold", join(BIN, "twofold"), args, this.settings);
        await tail.logged(/watching/);
        return tail;
    }

    // Every file below the rig's folder, the keyring excepted.
    files(below = this.folder) {
        return list(below).map((name) => join(below, name)).flatMap((path) =>
            statSync(path).isDirectory() ? this.files(path) : path === this.keyring ? [] : [path]);
    }

    async stop() {
        await this.twofold?.close();
        const ends = [];
        for (const program of [...this.programs].reverse()) ends.push([program.name, await program.end()]);
        const bad = ends.filter(([name, how]) => name === "twofoldd" && how !== 0);
        if (bad.length > 0) throw new Error(`twofoldd ended with ${bad.map(([, how]) => how)}`);
    }

    remove() {
        rmSync(this.folder, { recursive: true, force: true });
    }
}

// What ends or is closed to us meanwhile shows nothing.
export function read(path) {
    try {
        return readFileSync(path);
    } catch {
        return null;
    }
}

export function list(path) {
    try {
        return readdirSync(path);
    } catch {
        return [];
    }
}
