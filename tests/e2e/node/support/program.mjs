// A program under test: its log is kept, and it never outlives the test.
import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { until } from "./wait.mjs";

const running = new Set();
process.on("exit", () => running.forEach((child) => child.kill("SIGKILL")));

export class Program extends EventEmitter {
    // Of the environment, settings of Twofold are only those in SETTINGS.
    constructor(name, file, args, settings = {}) {
        super();
        const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith("TWOFOLD_"));
        this.name = name;
        this.log = "";
        this.ended = null;
        this.child = spawn(file, args, {
            stdio: ["ignore", "pipe", "pipe"],
            env: { ...Object.fromEntries(inherited), ...settings },
        });
        running.add(this.child);
        this.child.stdout.on("data", (data) => this.#grow(data));
        this.child.stderr.on("data", (data) => this.#grow(data));
        this.child.on("error", (error) => this.#end(error.message));
        this.child.on("close", (code, signal) => this.#end(signal ?? code));
    }

    #grow(data) {
        this.log += data;
        this.emit("change");
    }

    #end(how) {
        running.delete(this.child);
        this.ended ??= { how };
        this.emit("change");
    }

    // The match of PATTERN in the log, as soon as it is there.
    logged(pattern) {
        return until(this, () => {
            const match = this.log.match(pattern);
            if (!match && this.ended) throw new Error(`${this.name} ended: ${this.ended.how}\n${this.log}`);
            return match;
        }, `${pattern} in the log of ${this.name}`);
    }

    // Resolves to the exit code, or to the signal that ended it.
    async end(signal = "SIGTERM") {
        if (!this.ended) this.child.kill(signal);
        return (await until(this, () => this.ended, `the end of ${this.name}`)).how;
    }
}
