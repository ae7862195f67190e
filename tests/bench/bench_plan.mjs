// What is measured, in which order: the measurements of a round one after the other, those that are compared close
// together. Each has a name, who is asked, and how; bench_rows.mjs makes ratios of them.
import { LEVELS, PEERS, addPeers, contenders, lastLine } from "./bench_contenders.mjs";
import { act } from "./bench_measure.mjs";
import { say } from "./bench_lab.mjs";

const SETUP_S = 2.3; // that a measurement takes besides: codes, copies, starts

function verify(on, inFlight, more = {}) {
    const kind = on === "echo" ? "echo" : on === "wrong" ? "wrong" : "verify";
    return { name: `${on}/${inFlight}`, on, inFlight, kind, ...more };
}

function steps({ growth, only }, peers) {
    const list = [];
    for (const level of LEVELS) {
        list.push(...["echo", "twofoldd", ...peers].map((on) => verify(on, level)));
        if (level === 64) list.push(verify("wrong", 64), verify("nosync", 64));
        if (level === 256) list.push(verify("stream", 256), verify("held", 256));
    }
    for (const level of [64, 256])
        for (const on of ["echo", "twofoldd"])
            list.push(verify(on, level, { name: `${on}/${level}/16`, connections: 16 }));
    for (const size of Object.keys(growth))
        list.push(verify("echo", 64, { name: `growth-echo-${size}/64` }), verify(`growth-${size}`, 64));
    list.push(verify("scrypt", 64, { name: "scrypt-without/64" }));
    list.push(verify("scrypt", 64, { name: "scrypt-with/64", logins: 20 }));
    list.push(verify("million", 64), verify("million", 256, { name: "capacity/256" }));
    for (const times of [1, 2, 10])
        list.push(verify("million", 256, { name: `overload-${times}x`, connections: 4, times }));
    list.push({ name: "enrolments", on: "enroll" }, { name: "imports", on: "enroll" });
    return list.filter(({ name }) => only.test(name));
}

// Not to be measured is no reason to lose all other rows; it is told, and the bench fails at the end.
async function attempt(lab, step, failures) {
    try {
        return await act(lab, step);
    } catch (error) {
        failures[step.name] = lastLine(error);
        say(`${step.name}: ${error.message}`);
        return null;
    }
}

// Few users soon have no code left: in the short form each measurement has a database of its own.
const isSpent = (settings, on) => settings.short && on !== "echo";

async function round(lab, list, tell) {
    const samples = { failures: {} };
    for (const [i, step] of list.entries()) {
        tell(i, step);
        const sample = await attempt(lab, step, samples.failures);
        if (sample) samples[step.name] = sample;
        for (const on of [...lab.running.keys()])
            if (isSpent(lab.settings, on) || !list.slice(i + 1).some((later) => later.on === on)) await lab.stop(on);
    }
    return samples;
}

function bytesPerUser(lab, { "1e3": few, "1e6": many }) {
    return (lab.bytes(many) - lab.bytes(few)) / (many - few);
}

// All rounds; each is a map of samples by name.
export async function plan(lab) {
    const { settings } = lab, { rounds: n, seconds, only } = settings;
    lab.contenders = contenders(lab);
    await addPeers(lab, lab.contenders, PEERS.filter((name) => LEVELS.some((level) => only.test(`${name}/${level}`))));
    const list = steps(settings, PEERS.filter((name) => lab.contenders[name]));
    const rounds = [], began = Date.now(), total = n * list.length;
    say(`${n} rounds of ${list.length} measurements of ${seconds} s: about ` +
        `${Math.ceil(total * (seconds + SETUP_S) / 60)} minutes`);
    for (let r = 0; r < n; r++)
        rounds.push(await round(lab, list, (i, step) => {
            const done = r * list.length + i, left = done && (Date.now() - began) / done * (total - done);
            say(`round ${r + 1}/${n}, ${String(i + 1).padStart(2)}/${list.length}: ${step.name}` +
                (left ? `, ${Math.ceil(left / 60_000)} min left` : ""));
        }));
    if (only.test("bytes")) rounds.bytes = bytesPerUser(lab, settings.growth);
    return rounds;
}
