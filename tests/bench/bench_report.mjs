// What the bench says at the end: a table, JSON, and a picture.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { join } from "node:path";
import { LEVELS, PEERS } from "./bench_contenders.mjs";
import { say } from "./bench_lab.mjs";
import { DISTURBED } from "./bench_measure.mjs";
import { ROWS, spreadOf } from "./bench_rows.mjs";

const NOT_THERE = "not there", ODD = 0.01; // share of answers that is worth a note

function version(command, ...args) {
    try {
        const said = execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
        return said.trim().split("\n")[0];
    } catch {
        return NOT_THERE;
    }
}

export function machine({ build, folder }) {
    const [{ model }] = cpus();
    return {
        model: model.trim(), cores: cpus().length, memory_gib: Math.round(totalmem() / 2 ** 30), kernel: release(),
        system: readFileSync("/etc/os-release", "utf8").match(/^PRETTY_NAME="(.*)"/m)?.[1],
        filesystem: version("stat", "-f", "-c", "%T", folder),
        versions: {
            twofoldd: version(join(build, "bin/twofoldd"), "--version"),
            nats_server: version("nats-server", "--version"),
            libnats: version("pkg-config", "--modversion", "libnats"),
            openssl: version("openssl", "version"),
            gcc: version("gcc", "-dumpfullversion"),
            node: process.version,
            go: version("go", "version"),
        },
    };
}

function rounded(value) {
    const size = Math.abs(value);
    return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : size === 0 ? "0" : value.toPrecision(2);
}

// What a reader must know to judge the figures.
function notes(rounds, { short }) {
    if (short) console.log("\nThe short form: few users, one round. It shows that all of it works, not how fast.");
    const samples = rounds.flatMap((each) => Object.entries(each)).filter(([, sample]) => sample.cpu);
    const noisy = samples.filter(([, { cpu, seconds }]) => cpu.others / seconds > DISTURBED);
    if (noisy.length > 0)
        console.log(`\nDisturbed: in ${noisy.length} of ${samples.length} measurements others took more than ` +
            `${DISTURBED} of a core.`);
    for (const [name, { unexpected }] of samples)
        if (unexpected > ODD) console.log(`${name}: ${(unexpected * 100).toFixed(1)} % of the answers were no yes.`);
}

function goal({ least, most }, value) {
    if (least === undefined && most === undefined) return { reach: "", verdict: "" };
    const reached = least === undefined ? value <= most : value >= least;
    return { reach: least === undefined ? `<= ${most}` : `>= ${least}`, verdict: reached ? "reached" : "NOT REACHED" };
}

function line(row, { ratios, spread, not_measured: missing }) {
    const value = ratios[row.name], { reach, verdict } = goal(row, value);
    const shown = value === undefined ? `not measured: ${missing[row.name]}`
        : `${rounded(value)} [${spread[row.name].map(rounded).join("-")}]`.padEnd(26) + verdict;
    return `${row.what.padEnd(46)} ${reach.padEnd(9)} ${shown}`.trimEnd();
}

export function table(results, rounds, settings) {
    notes(rounds, settings);
    console.log(`\n${"measure".padEnd(46)} ${"reach".padEnd(9)} median [least-most]`);
    for (const row of ROWS)
        if (settings.only.source === "(?:)" || row.name in results.ratios) console.log(line(row, results));
}

// For each contender that was measured a line per number in flight, of medians.
const COLUMNS = ["per_second", "p50_us", "p99_us", "cpu_us"];

function series(rounds) {
    const median = (name, key) => spreadOf(rounds.map((each) => each[name]?.[key]))?.median;
    return ["echo", "twofoldd", ...PEERS].map((who) => ({
        who, points: LEVELS.map((level) => [level, ...COLUMNS.map((key) => median(`${who}/${level}`, key))])
            .filter(([, rate]) => rate > 0),
    })).filter(({ points }) => points.length > 0);
}

export function absolute(rounds) {
    const row = (who, ...cells) => console.log(who.padEnd(12) + cells.map((cell) => cell.padStart(11)).join(""));
    console.log("\nFor orientation, on this machine:");
    row("", "in flight", "a second", "p50 us", "p99 us", "cpu us");
    for (const { who, points } of series(rounds))
        for (const [level, ...values] of points) row(who, String(level), ...values.map(rounded));
}

export function write(results, settings) {
    const file = join(settings.results, "results.json");
    const { short, rounds, seconds, users, audit, growth } = settings;
    const text = JSON.stringify({ ...results, settings: { short, rounds, seconds, users, audit, growth } }, null, 2);
    writeFileSync(file, `${text}\n`);
    console.log(`\nresults: ${file}`);
}

// Two panels, one above the other, on logarithmic axes.
export function plot(rounds, { results }) {
    const all = series(rounds).filter(({ points }) => points.length > 1), file = join(results, "bench.png");
    if (all.length === 0) return;
    if (version("gnuplot", "--version") === NOT_THERE) return say("no plot: gnuplot is not there");
    const block = (who) => `$${who.replace("-", "_")}`;
    const lines = (points) => points.map((each) => each.join(" ")).join("\n");
    const data = all.map(({ who, points }) => `${block(who)} << END\n${lines(points)}\nEND\n`);
    const curves = (column) => "plot " + all.map(({ who }) =>
        `${block(who)} using 1:($${column}/1000) with linespoints linewidth 2 title "${who}"`).join(", ");
    execFileSync("gnuplot", ["-"], { stdio: ["pipe", "ignore", "inherit"], input: `${data.join("")}
set terminal pngcairo size 800,900 font "sans,11"
set output "${file}"
set multiplot layout 2,1
set logscale xy
set grid
set key outside right
set xrange [1:1024]
set xtics (${LEVELS.join(", ")})
set xlabel "requests in flight"
set ylabel "answers a second (thousands)"
${curves(2)}
set ylabel "p99 (ms)"
${curves(4)}
unset multiplot
` });
    console.log(`plot: ${file}`);
}
