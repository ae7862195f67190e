// A clock that a test can set forward, for the service alone (libfaketime).
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const DAEMON = join(process.env.TEST_BIN ?? "build/bin", "twofoldd");

export class Clock {
    // What is preloaded does not go with sanitizers: there the clock stays as it is.
    static get works() {
        return !readFileSync(DAEMON).includes("__asan_init");
    }

    // Settings of a service that goes by this clock. It reads the file at every look at the clock, so that must be
    // where its confinement lets it read.
    settings(folder) {
        if (!Clock.works) return {};
        mkdirSync(join(folder, "data"), { mode: 0o700 });
        this.file = join(folder, "data", "clock");
        this.setTo(0);
        const found = execFileSync("find", ["/usr/lib", "-name", "libfaketimeMT.so.1"], { encoding: "utf8" });
        const [library] = found.split("\n");
        if (!library) throw new Error("there is no libfaketime");
        return {
            LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: this.file, FAKETIME_NO_CACHE: "1", DONT_FAKE_MONOTONIC: "1",
        };
    }

    setTo(seconds) {
        this.seconds = seconds;
        writeFileSync(`${this.file}.new`, `+${seconds}`);
        renameSync(`${this.file}.new`, this.file);
    }

    forward(seconds) {
        this.setTo(this.seconds + seconds);
    }
}
