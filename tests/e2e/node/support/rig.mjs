// A bus and services of its own for each test file: free loopback port, temporary folder.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { connect } from "../lib/twofold.mjs";
import { Program } from "./program.mjs";
import { Trail } from "./trail.mjs";

const DAEMON = join(process.env.TEST_BIN ?? "build/bin", "twofoldd");

class Rig {
    #orgs = 0;

    // SETTINGS of every service, beside those that all tests need; or what makes them of the rig's folder.
    constructor(settings, jetstream) {
        this.settings = settings;
        this.jetstream = jetstream;
    }

    async start(instances) {
        this.programs = [];
        this.folder = await mkdtemp(join(tmpdir(), "twofold-e2e-"));
        if (typeof this.settings === "function") this.settings = this.settings(this.folder);
        this.url = await this.startBus(this.jetstream);
        this.twofold = await connect({ servers: this.url });
        this.trail = new Trail(this.twofold);
        await this.twofold.bus.flush();
        for (let i = 0; i < instances; i++) await this.startDaemon();
    }

    // Its URL.
    async startBus(withJetstream) {
        const store = withJetstream ? ["-js", "-sd", await mkdtemp(join(this.folder, "jetstream-"))] : [];
        const [server, port] = await this.#runBus("-1", store);
        this.bus ??= { server, port, store };
        return `nats://127.0.0.1:${port}`;
    }

    // The first one, killed, and again on its port with its files.
    async killAndRestartBus() {
        const { server, port, store } = this.bus;
        await server.end("SIGKILL");
        [this.bus.server] = await this.#runBus(port, store);
    }

    async #runBus(wanted, store) {
        const server = this.run("nats-server", "nats-server", ["-a", "127.0.0.1", "-p", wanted, ...store]);
        const [, port] = await server.logged(/client connections on 127\.0\.0\.1:(\d+)/);
        await server.logged(/Server is ready/);
        return [server, port];
    }

    // All of them on the same data folder. The cost of passwords is the least there is.
    async startDaemon() {
        const daemon = this.run("twofoldd", DAEMON, [], {
            TWOFOLD_NATS_URL: this.url,
            TWOFOLD_DATA_DIR: join(this.folder, "data"),
            TWOFOLD_SCRYPT_LN: "10",
            TWOFOLD_SCRYPT_P: "1",
            ...this.settings,
        });
        await daemon.logged(/msg=serving/);
        return daemon;
    }

    // A program that ends with the rig, if not before.
    run(...args) {
        const program = new Program(...args);
        this.programs.push(program);
        return program;
    }

    get daemon() {
        return this.programs.filter(({ name }) => name === "twofoldd").at(-1);
    }

    // A fresh organization. Two steps of skew give a test four codes of a user without waiting.
    async org(policy = {}) {
        const org = this.twofold.at(`org-${++this.#orgs}`);
        await org.call("Admin", "PutPolicy", { policy: { skewSteps: 2, ...policy } });
        return org;
    }

    showLogs() {
        for (const { name, log } of this.programs) console.error(`--- ${name}\n${log}`);
    }

    async stop() {
        const ends = [];
        await this.twofold?.close();
        for (const program of this.programs.reverse()) ends.push([program.name, await program.end()]);
        await rm(this.folder, { recursive: true, force: true });
        const bad = ends.filter(([name, how]) => name === "twofoldd" && ![0, "SIGKILL"].includes(how));
        if (bad.length > 0) throw new Error(`twofoldd ended with ${bad.map(([, how]) => how)}`);
    }
}

// The rig of a test file. Its rig.test() is node:test's, and shows the logs of what fails.
export async function startRig({ instances = 1, settings = {}, jetstream = false } = {}) {
    const rig = new Rig(settings, jetstream);
    after(() => rig.stop());
    try {
        await rig.start(instances);
    } catch (error) {
        rig.showLogs();
        throw error;
    }
    rig.test = (name, body) => test(name, { timeout: 120_000 }, async (t) => {
        try {
            await body(t);
        } catch (error) {
            rig.showLogs();
            throw error;
        }
    });
    return rig;
}
