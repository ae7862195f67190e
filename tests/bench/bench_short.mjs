// Goal: the bench works: every row of the table has its number, or says why there is none; what it writes can be read.
//
//     node bench_short.mjs BUILD
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { ROWS } from "./bench_rows.mjs";

const [build] = process.argv.slice(2), folder = join(build, "bench/short");
const here = new URL(".", import.meta.url).pathname;
rmSync(folder, { recursive: true, force: true });

const { status, stdout } = spawnSync(process.execPath, [join(here, "bench.mjs"), "--short", build],
    { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], timeout: 580_000 });
process.stdout.write(stdout);
assert.equal(status, 0, "the bench has failed");

const results = JSON.parse(readFileSync(join(folder, "results.json"), "utf8"));
for (const { name, what, needs } of ROWS) {
    assert.ok(stdout.includes(what), `the table has no row ${what}`);
    const value = results.ratios[name], spread = results.spread[name];
    if (value === undefined) {
        assert.ok(needs && results.not_measured[name].length > 0, `${name}: neither a number nor a reason`);
        continue;
    }
    assert.ok(Number.isFinite(value) && value >= 0, `${name} is ${value}`);
    assert.ok(spread[0] <= value && value <= spread[1], `${name}: ${value} is outside of ${spread}`);
}
for (const [name, sample] of Object.entries(results.absolute[0]))
    if (/^(twofoldd|wrong|nosync|stream|held|echo)\//.test(name))
        assert.ok(sample.unexpected < 0.5 && sample.wanted > 0, `${name}: most answers were not what was asked for`);
assert.ok(results.machine.model && results.machine.cores > 0 && results.machine.versions.twofoldd);

const picture = join(folder, "bench.png");
if (spawnSync("gnuplot", ["--version"]).status === 0)
    assert.equal(readFileSync(picture).subarray(1, 4).toString(), "PNG");
else
    assert.ok(!existsSync(picture));
