// Goal: what a verification costs, in terms of what the bus itself costs, and beside what one would write instead:
// every row of bench_rows.mjs, measured side by side in one run.
//
//     node tests/bench/bench.mjs [--short] [--only PATTERN] [BUILD]        ("make bench" builds and calls it)
//
// BENCH_ROUNDS (5), BENCH_SECONDS (2: of each measurement), BENCH_USERS (300000), BENCH_DIR: where the databases
// lie, on the disk that is to be measured (BUILD/bench), BENCH_AUDIT: plain (audit events go out as plain messages),
// held (they stay in the outbox) or stream (JetStream). --short: every row once, briefly, with few users. --only:
// measurements whose name has the PATTERN in it.
//
// Writes BUILD/bench/results.json and BUILD/bench/bench.png. Nothing here judges time: on a shared machine a bound
// would be a lie. It fails when something could not be measured for another reason than a missing peer.
import { parseArgs } from "node:util";
import { join, resolve } from "node:path";
import { Lab, say } from "./bench_lab.mjs";
import { plan } from "./bench_plan.mjs";
import { ROWS, summarise } from "./bench_rows.mjs";
import { absolute, machine, plot, table, write } from "./bench_report.mjs";

const { values, positionals } = parseArgs({
    options: { short: { type: "boolean" }, only: { type: "string" } }, allowPositionals: true,
});
const source = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "../..");
const build = resolve(positionals[0] ?? join(source, "build"));
const number = (name, normal, brief) => Number(process.env[name] ?? (values.short ? brief : normal));
const settings = {
    source, build,
    results: join(build, values.short ? "bench/short" : "bench"),
    short: values.short ?? false,
    only: new RegExp(values.only ?? ""),
    rounds: number("BENCH_ROUNDS", 5, 1),
    seconds: number("BENCH_SECONDS", 2, 0.1),
    users: number("BENCH_USERS", 300_000, 20_000),
    folder: process.env.BENCH_DIR ?? join(build, "bench"),
    audit: process.env.BENCH_AUDIT ?? "plain",
    growth: values.short ? { "1e3": 1000, "1e4": 2000, "1e5": 5000, "1e6": 20_000 }
        : { "1e3": 1000, "1e4": 10_000, "1e5": 100_000, "1e6": 1_000_000 },
};

// Every row that could have been measured must have been: else the reader would take silence for success.
function judge({ not_measured: missing, excused }) {
    const failed = ROWS.filter(({ name }) => missing[name] && !excused[name]).map(({ name }) => name);
    if (values.only || failed.length === 0) return;
    say(`not measured: ${failed.join(", ")}`);
    process.exitCode = 1;
}

const lab = await Lab.open(settings);
try {
    const host = machine(settings);
    say(`${host.model}, ${host.cores} cores, Linux ${host.kernel}, databases on ${host.filesystem}`);
    if (host.filesystem === "tmpfs") say("a tmpfs knows no disk: set BENCH_DIR to a folder on a real one");
    const rounds = await plan(lab);
    const results = summarise(rounds, lab.missing);
    table(results, rounds, settings);
    absolute(rounds);
    write({ ...results, machine: host, absolute: rounds }, settings);
    plot(rounds, settings);
    judge(results);
} finally {
    await lab.close();
}
