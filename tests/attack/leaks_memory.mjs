// Keys, and what can be had of a process by force: a core by the kernel, a core by a debugger, and its
// memory as it is.
import { spawn, spawnSync } from "node:child_process";
import { createHmac, hkdfSync } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { BIN, list, read } from "./leaks_rig.mjs";

const SOURCE = process.env.TEST_SOURCE ?? ".";
const KEEP_LIMIT = resolve(BIN, "../tests/leaks_keep_limit.so");

// The root keys of the keyring, and every key that the service derives from them: the labels are those
// of crypto/keyring.h. PROOF lies in the database if they were derived as the service does it.
export function keysOf(keyring) {
    const header = readFileSync(join(SOURCE, "service/crypto/keyring.h"), "utf8");
    const labels = [...header.matchAll(/X\((\w+),\s*"(twofold\/[^"]+)"\)/g)].map(([, , label]) => label);
    const roots = [...readFileSync(keyring, "utf8").matchAll(/^key .* ([A-Za-z0-9+/]{43})$/gm)]
        .map(([, text]) => Buffer.from(text, "base64"));
    const derive = (root, label) => Buffer.from(hkdfSync("sha256", root, "", label, 32));
    const derived = roots.flatMap((root) => labels.map((label) => derive(root, label)));
    const constant = Buffer.from("twofold database"), length = Buffer.alloc(8);
    length.writeBigUInt64BE(BigInt(constant.length));
    const proof = createHmac("sha256", derive(roots[0],
        "twofold/1/check")).update(length).update(constant).digest();
    return { roots, derived, proof, text: roots.map((root) => root.toString("base64").slice(0, 43)) };
}

// The core file that gdb writes of PID as root would, or null where that is not allowed.
export function debuggerCore(pid, stem) {
    const { error, stdout, stderr } = spawnSync("gcore", ["-o", stem, String(pid)],
        { encoding: "utf8", timeout: 60_000, stdio: ["ignore", "pipe", "pipe"] });
    if (error) throw new Error(`gcore (package gdb): ${error.message}`);
    const file = `${stem}.${pid}`;
    if (existsSync(file) || /Saved corefile/.test(stdout)) return file;
    if (/ptrace: (Operation not permitted|Permission denied)/.test(stdout + stderr)) return null;
    throw new Error(`gcore: ${stdout}${stderr}`);
}

export function setCoreFilter(pid, value) {
    writeFileSync(`/proc/${pid}/coredump_filter`, value);
}

// A process that TELLS runs in FOLDER, aborted: {flag, files}, where files are cores.
export async function kernelCore(pid, folder, ended) {
    const before = new Set(list(folder));
    process.kill(pid, "SIGABRT");
    const told = await ended();
    const files = list(folder).filter((name) => !before.has(name)).map((name) => join(folder, name));
    return { flag: /core dumped/.test(told), files };
}

// A shell that tells the pid of what it runs, and whether a core was dumped. The core limit is lifted, and
// leaks_keep_limit.c sees to it that the program cannot lower it.
export const TELLS = ["bash", "-c", "ulimit -c unlimited; (echo \"pid=$BASHPID.\" >&2; exec env \"$@\"); echo \"over: $?\" >&2",
    "tells", `LD_PRELOAD=${KEEP_LIMIT}`, "ASAN_OPTIONS=verify_asan_link_order=0"];

// What the same does to a process that has not been hardened.
export async function controlCore(folder) {
    const child = spawn("env", ["-C", folder, ...TELLS, "sleep", "60"], { stdio: ["ignore", "ignore",
        "pipe"] });
    const told = teller(child);
    const pid = Number((await told(/pid=(\d+)\./))[1]);
    const core = await kernelCore(pid, folder, async () => (await told(/over/)).input);
    core.files.forEach((file) => rmSync(file));
    return core;
}

// Every byte that PID can read and has of its own, shared mappings excepted; throws where that is closed. Each piece ends with the next.
export function* liveMemory(pid) {
    const fd = openSync(`/proc/${pid}/mem`);
    try {
        for (const line of readFileSync(`/proc/${pid}/maps`, "utf8").split("\n")) {
            const [, from, to] = line.match(/^([0-9a-f]+)-([0-9a-f]+) r.-?\S* /) ?? [];
            const span = from ? [BigInt(`0x${from}`), BigInt(`0x${to}`)] : [0n, 0n];
            // No device, nothing shared, and not the sanitizers' shadow, which is terabytes of nothing.
            if (from && !/ r..s |\[v/.test(line) && span[1] - span[0] < 1n << 30n) yield* pieces(fd,
                ...span);
        }
    } finally {
        closeSync(fd);
    }
}

function* pieces(fd, from, to, size = 4 << 20) {
    const buffer = Buffer.alloc(size);
    for (let at = from; at < to; at += BigInt(size)) {
        const n = Number(to - at < BigInt(size) ? to - at : BigInt(size));
        try {
            yield buffer.subarray(0, readSync(fd, buffer, 0, n, at));
        } catch { /* a page that cannot be read */ }
    }
}

// A command line that is aborted while somebody types a password: {core, wasThere}.
export async function typingCore(program, folder, settings, typed) {
    const child = spawn("env", ["-C", folder, ...TELLS, program, "user", "put", "typist"],
        { stdio: ["pipe", "ignore", "pipe"], env: { PATH: process.env.PATH, ...settings } });
    const told = teller(child);
    const pid = Number((await told(/pid=(\d+)\./))[1]);
    child.stdin.on("error", () => {});
    child.stdin.write(typed); // no end of line: it goes on waiting
    const isThere = () => {
        try {
            for (const piece of liveMemory(pid)) if (piece.includes(typed)) return true;
        } catch (error) {
            return /EACCES|EPERM/.test(error.code); // closed to us: it has hardened itself already
        }
        return false;
    };
    let wasThere = false;
    for (let i = 0; i < 500 && !(wasThere = isThere()); i++) await pause(20);
    return { wasThere, ...await kernelCore(pid, folder, async () => (await told(/over/)).input) };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The match of a pattern in what CHILD says on stderr, 20 seconds later at most.
function teller(child) {
    let said = "";
    child.stderr.on("data", (data) => { said += data; });
    return async (pattern) => {
        for (let i = 0; i < 1000; i++) {
            const match = said.match(pattern);
            if (match) return match;
            await pause(20);
        }
        throw new Error(`waited in vain for ${pattern} in: ${said}`);
    };
}

// Cuts the threads' registers out of a core file, for they are searched by other rules; their bytes.
export function takeRegisters(file) {
    const NOTES = 4, REGISTERS = new Set([1, 2, 0x202]); // PT_NOTE; NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE
    const fd = openSync(file, "r+"), at = (position, n) => {
        const bytes = Buffer.alloc(n);
        return bytes.subarray(0, readSync(fd, bytes, 0, n, position));
    };
    const header = at(0, 64), taken = [];
    for (let i = 0; i < header.readUInt16LE(56); i++) {
        const segment = at(Number(header.readBigUInt64LE(32)) + 56 * i, 56);
        const from = Number(segment.readBigUInt64LE(8)), size = Number(segment.readBigUInt64LE(32));
        if (segment.readUInt32LE(0) !== NOTES) continue;
        const notes = at(from, size);
        for (let note = 0; note + 12 <= notes.length;) {
            const start = note + 12 + ((notes.readUInt32LE(note) + 3) & ~3),
                length = notes.readUInt32LE(note + 4);
            if (REGISTERS.has(notes.readUInt32LE(note + 8))) {
                taken.push(Buffer.from(notes.subarray(start, start + length)));
                writeSync(fd, Buffer.alloc(length), 0, length, from + start);
            }
            note = start + ((length + 3) & ~3);
        }
    }
    closeSync(fd);
    return Buffer.concat(taken);
}
