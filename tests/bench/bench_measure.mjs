// One measurement: the load, what it is told, and what is made of what it says.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Process, ask } from "./bench_lab.mjs";

export const DISTURBED = 0.35; // of a core, taken by others

const VERDICTS = ["accepted", "denied", "locked", "shed", "unavailable", "nobody", "other", "timeouts"];

function memory(pid) {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const mib = (field) => Number(status.match(`${field}:\\s+(\\d+)`)?.[1] ?? 0) / 1024;
    return { rss_anon_mib: mib("RssAnon"), rss_mib: mib("VmRSS") };
}

// Who has just been started gets a longer warm-up. LONGER: see take.
function times({ short, seconds }, it, longer) {
    const warm = longer ? 0 : (it.place.length > 0 ? 1 : 2) * (short ? 100 : 400);
    return { warm, ms: seconds * (longer ? 20 : 1) * 1000 };
}

// As many codes are prepared as the run before has needed, and some more.
function codes(lab, step, it, ms) {
    if (step.kind !== "verify") return [];
    if (it.speed) return ["--speed", it.speed, "--epoch", it.epoch];
    const expected = Math.ceil((lab.rates.get(step.name) ?? lab.rate) * 1.25 * ms / 1000);
    return ["--prepare", Math.min(expected, Math.ceil(lab.contenders[step.on].users * 2.5)), ...it.place];
}

function loadCommand(lab, step, it, longer) {
    const { warm, ms } = times(lab.settings, it, longer);
    const rate = step.times ? ["--rate", Math.ceil(lab.capacity * step.times)] : [];
    return [lab.tool("load"), step.kind, "--url", it.url, "--users", lab.contenders[step.on].users,
        "--in-flight", step.inFlight, "--connections", step.connections ?? 1, "--warm-ms", warm, "--ms", ms,
        ...rate, ...codes(lab, step, it, warm + ms),
        "--watch", it.server.pid, "--watch", it.program.pid, "--watch", 0].map(String);
}

// Sheds are what an overload asks for.
function sumUnexpected(step, sample) {
    const fine = [step.kind === "wrong" ? "denied" : "accepted", ...(step.times ? ["shed"] : [])];
    return VERDICTS.filter((verdict) => !fine.includes(verdict)).reduce((sum, verdict) => sum + sample[verdict], 0);
}

async function measure(lab, step, it, longer) {
    execFileSync("sync", ["-f", lab.folder]);
    const sample = await ask(loadCommand(lab, step, it, longer));
    const [server, contender, machine, load] = sample.cpu_s;
    const wanted = step.kind === "wrong" ? sample.denied : sample.accepted;
    const unexpected = sumUnexpected(step, sample);
    if (step.kind === "verify") it.place = ["--step", sample.step, "--visit", sample.visit];
    if (wanted === 0) throw new Error(`${sample.said}no answer that was asked for`);
    if (sample.seconds < lab.settings.seconds / 5) throw new Error("codes ran out: too few users for this speed");
    return {
        ...sample, wanted, unexpected: unexpected / (wanted + unexpected),
        cpu: { server, contender, load, others: Math.max(0, machine - server - contender - load) },
        cpu_us: contender * 1e6 / wanted, memory: memory(it.program.pid),
    };
}

// Logins beside, with right passwords at the full cost of a hash: they begin before what is measured, and end after.
async function besideLogins(lab, step, it, what) {
    const { short, seconds } = lab.settings, people = short ? 4 : 20, log = join(lab.folder, "logins.log");
    writeFileSync(log, "");
    const logins = new Process([lab.tool("login_load"), it.url, String(people), String(step.logins),
        String(short ? 1 : Math.ceil(seconds) + 4)], { log });
    try {
        await logins.says(/^sending/m);
        const sample = await what();
        const [, sent, yes, exhausted] = await logins.says(/^sent (\d+) yes (\d+) exhausted (\d+)/m);
        return { ...sample, logins: { sent: Number(sent), yes: Number(yes), exhausted: Number(exhausted) } };
    } finally {
        await logins.end();
    }
}

// Again when others took much of the machine; and otherwise when the short form's time or users were not enough.
async function take(lab, step, it) {
    const once = (longer) => step.logins ? besideLogins(lab, step, it, () => measure(lab, step, it, longer))
        : measure(lab, step, it, longer);
    const share = (sample) => sample.cpu.others / sample.seconds;
    if (lab.settings.short) return once(false).catch(() => once(true));
    const sample = await once(false);
    if (step.logins || share(sample) <= DISTURBED || lab.repeats-- <= 0) return sample;
    const again = await once(false);
    return share(again) < share(sample) ? again : sample;
}

async function enrolments(lab, it) {
    return ask([lab.tool("enroll_load"), it.url, String(lab.settings.short ? 50 : 1000), "32"]);
}

async function imports(lab, it) {
    const n = lab.settings.short ? 200 : 20_000, file = join(lab.folder, "import.jsonl");
    const secret = (i) => String(i).padStart(8, "0").replaceAll(/\d/g, (digit) => "ABCDEFGHIJ"[digit]).repeat(4);
    const line = (i) => JSON.stringify({ username: `import${i}`,
        otpauth_uris: [`otpauth://totp/Old:import${i}?secret=${secret(i)}&issuer=Old`] });
    writeFileSync(file, Array.from({ length: n }, (_, i) => `${line(i)}\n`).join(""));
    const began = performance.now();
    execFileSync(join(lab.settings.build, "bin/twofold"), ["import", "--file", file],
        { env: { PATH: process.env.PATH, TWOFOLD_NATS_URL: it.url }, stdio: ["ignore", "ignore", "pipe"] });
    return { per_second: n / ((performance.now() - began) / 1000) };
}

// What later measurements are guided by: how many codes will be needed, and what 1x is.
function learn(lab, name, rate) {
    lab.rates.set(name, rate);
    if (!lab.rate || name === "echo/64") lab.rate = rate / 2;
    if (name === "twofoldd/64") lab.rate = rate * 1.2;
    if (name === "capacity/256") lab.capacity = rate;
}

// The sample of STEP.
export async function act(lab, step) {
    const it = lab.running.get(step.on) ?? await lab.start(step.on, lab.contenders[step.on]);
    if (step.name === "enrolments") return enrolments(lab, it);
    if (step.name === "imports") return imports(lab, it);
    const sample = await take(lab, step, it);
    learn(lab, step.name, sample.per_second);
    return it.said[1] ? { ...sample, start_ms: Number(it.said[1]) } : sample;
}
