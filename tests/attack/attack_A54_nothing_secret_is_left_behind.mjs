// Goal (A54, rule 15): after every method, every command and every kind of misuse, with canaries for
// all passwords, secrets, codes, recovery codes, step tokens and keys, no canary is in anything that is
// left: log, events, refusals, output, what /proc shows, database, files, and cores taken by force.
//
// How it is known that the search works: into every kind of place a plant was brought by a way that is
// allowed (a folder's name that is logged, a label, a purpose, ...), and it must be found there.
//
// Not searched: the wire (requests and replies carry secrets; that is what TLS is for, and the trace log
// of nats-server is the wire), the keyring file, and the memory of the running service for what libnats
// and protobuf-c still hold in their buffers. Of that memory only this is demanded: the root keys are
// gone. A debugger that root attaches gets a core without memory, for the process has asked for that
// (coredump_filter) and gdb heeds it; root can undo that with one write, and the control below does so
// and finds canaries. So this stops the core that somebody takes and sends away, not a hostile root.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { Caller, password } from "./leaks_bus.mjs";
import { commandLine, tails } from "./leaks_cli.mjs";
import { everyMethod, keptAnswer } from "./leaks_flows.mjs";
import { controlCore, debuggerCore, kernelCore, keysOf, liveMemory, setCoreFilter, takeRegisters, TELLS, typingCore } from "./leaks_memory.mjs";
import { BIN, read, Rig, word } from "./leaks_rig.mjs";
import { Canaries, Report } from "./leaks_search.mjs";
import { searchIsKnownToWork } from "./leaks_selftest.mjs";
import { wrongFields } from "./leaks_wrong_fields.mjs";

const canaries = new Canaries();
const report = new Report(canaries);
const rig = new Rig(canaries);
const started = Date.now();
const say = (what) => console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(5)} s  ${what}`);
const demand = (holds, what) => holds || report.findings.push(what);

// A copy of the database as it is on the disk now.
const databases = [];
const snapshot = () => databases.push({ name: `data.mdb, copy ${databases.length + 1}`,
    bytes: read(join(rig.data, "data.mdb")) });

async function live() {
    const caller = new Caller(rig.twofold, canaries);
    caller.listen();
    await rig.twofold.bus.flush();
    const watchers = await tails(rig);
    rig.look();
    await everyMethod(caller, (place) => rig.plant(place));
    snapshot();
    say("every method, yes and no");
    await wrongFields(caller);
    snapshot();
    rig.look();
    say("secrets in wrong fields");
    await commandLine(rig, caller);
    say("the command line");
    const isKept = await keptAnswer(caller);
    snapshot();
    await isKept();
    rig.look();
    return { caller, watchers };
}

// The last thing that the service hears before its memory is taken.
async function lastWords(caller) {
    const org = caller.at("canary"), { username } = await org.register("zoe");
    await org.ask("Login", "Login", { username, password: password() }, "WRONG_CREDENTIALS");
}

// A core file is as large as the memory of a service: searched, and gone at once.
function searchCore(file, place, options) {
    try {
        return report.search(place, [{ file }], options);
    } finally {
        rmSync(file);
    }
}

// By a debugger that root attached.
function searchCores(keys) {
    const { pid } = rig.daemon.child, stem = join(rig.folder, "core");
    const asItIs = debuggerCore(pid, stem);
    if (!asItIs) {
        report.notes.push("not searched: nobody here may debug the service, so no debugger gets a core (no CAP_SYS_PTRACE)");
        return;
    }
    searchRegisters(takeRegisters(asItIs));
    searchCore(asItIs, "a debugger's core", { planted: [rig.planted.folder] });
    const memory = memoryOf(pid, [Buffer.from(rig.plants.folder), ...keys.roots,
        ...keys.text.map((text) => Buffer.from(text))]);
    if (memory.shift() === 0) report.missed.push("the memory of the service does not hold the name of its folder");
    demand(memory.every((n) => n === 0), "a root key is in the memory of the service");
    if (read(join(BIN, "twofoldd")).includes("__asan_init"))
        report.notes.push("no control here: a sanitizer's shadow memory makes an unfiltered core one of terabytes");
    else searchUnfiltered(pid, stem);
}

// The control: such a core does hold secrets, but for the keys, which lie in pages of their own.
function searchUnfiltered(pid, stem) {
    setCoreFilter(pid, "0x33");
    const met = [...searchCore(debuggerCore(pid, stem), "a debugger's core, unfiltered",
        { allowed: true })];
    const real = met.filter(({ sort }) => sort !== "plant");
    if (real.length === 0) report.missed.push("a core with its filter reset holds no canary: the search of cores proves nothing");
    report.notes.push(`control: a core whose filter root has reset holds ${real.length} canaries`);
    demand(!real.some(({ sort }) => / key$/.test(sort)), "keys are in a core whose filter root has reset");
}

// A vector register keeps what was copied through it last, and a debugger shows it: a piece of a message
// that a thread of libnats has just read, say. Nobody can promise that away; for keys it is promised.
function searchRegisters(bytes) {
    const met = [...report.search("registers", [bytes], { allowed: true })];
    if (bytes.length < 512) report.missed.push("a debugger's core shows no registers");
    report.notes.push(`registers of the stopped threads: ${met.length} canaries in what they copied last`);
    demand(!met.some(({ sort }) => / key$/.test(sort)), "a key is in a register of a thread that waits");
}

// How often each of NEEDLES is in the memory of PID.
function memoryOf(pid, needles) {
    const found = needles.map(() => 0);
    for (const piece of liveMemory(pid)) needles.forEach((needle,
        i) => { found[i] += piece.includes(needle); });
    return found;
}

// A second service on the same folder: it is aborted while it is at work.
async function abort(caller) {
    const cwd = join(rig.folder, "cwd"), second = await rig.startDaemon(TELLS);
    const pid = Number(second.log.match(/pid=(\d+)\./)[1]);
    await lastWords(caller);
    const core = await kernelCore(pid, cwd, async () => (await second.logged(/over: \d+/)).input);
    demand(!core.flag && core.files.length === 0, `the kernel wrote a core of the service: ${core.files}`);
    const typist = await typingCore(join(BIN, "twofold"), cwd, rig.settings, word(20));
    if (!typist.wasThere) report.missed.push("the command line was aborted before it had read anything");
    demand(!typist.flag && typist.files.length === 0,
        "the kernel wrote a core of a command line at its prompt");
    const control = await controlCore(cwd);
    const shown = control.files.length > 0 || control.flag;
    report.notes.push(shown
        ? "no core by the kernel with its limit lifted; an ordinary process left one"
        : "not proved: here the kernel writes no core of any process (core_pattern, or a limit that cannot be lifted)");
}

function searchAll({ caller, watchers, keys }) {
    const { planted } = rig, logs = (name) => rig.programs.filter((each) => each.name === name)
        .map(({ log }) => Buffer.from(log));
    report.search("log of the service", logs("twofoldd"), { planted: [planted.folder] });
    report.search("log of nats-server", logs("nats-server"), { planted: [planted.server] });
    report.search("audit events", caller.record.events, { planted: [planted.purpose, planted.requestId] });
    report.search("the command line's output", [...rig.outputs,
        ...watchers.map(({ log }) => Buffer.from(log))],
        { planted: [planted.label, planted.purpose] });
    report.search("replies", caller.record.replies, { planted: [planted.label, planted.requestId] });
    report.search("command lines and environments", rig.seen, { planted: [planted.argument,
        planted.environment] });
    const files = rig.files();
    const isDatabase = (path) => path.startsWith(`${rig.data}/`);
    databases.push(...files.filter(isDatabase).map((file) => ({ file,
        name: file.slice(rig.data.length + 1) })));
    report.search("database", databases, { planted: [planted.label, keys.proof] });
    report.search("other files", files.filter((path) => !isDatabase(path)).map((file) => ({ file })),
        { planted: [planted.file] });
}

async function hunt() {
    searchIsKnownToWork();
    say("the search itself");
    await rig.start();
    const keys = keysOf(rig.keyring);
    keys.roots.forEach((key) => canaries.add("root key", key));
    keys.derived.forEach((key) => canaries.add("derived key", key));
    keys.proof = canaries.add("plant", keys.proof);
    const { caller, watchers } = await live();
    demand(/Max core file size +0 +0 /.test(read(`/proc/${rig.daemon.child.pid}/limits`)),
        "core files are on");
    await lastWords(caller);
    searchCores(keys);
    say("cores by a debugger");
    await abort(caller);
    say("a core by the kernel");
    await rig.stop();
    searchAll({ caller, watchers, keys });
}

try {
    await hunt();
} catch (error) {
    for (const { name, log } of rig.programs) console.error(`--- ${name}\n${log.slice(-3000)}`);
    throw error;
} finally {
    rig.remove();
}
say("everything searched");
process.exitCode = report.print() ? 0 : 1;
