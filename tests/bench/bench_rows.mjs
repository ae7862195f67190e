// The rows of the table: how each comes from the samples of a round, and what it is to reach. A ratio is taken within
// a round; shown is the median of the rounds, and the spread.

const field = (name, key) => (round) => round[name]?.[key];
const rate = (name) => field(name, "per_second");
const ratio = (above, below) => (round) => {
    const [a, b] = [above(round), below(round)];
    return Number.isFinite(a) && b > 0 ? a / b : undefined;
};
const rates = (a, b) => ratio(rate(a), rate(b));
const both = (key, a, b) => ratio(field(a, key), field(b, key));

const NODE = ["node-lmdb", "node-sqlite"], GO = ["go"];

// The better of the Node peers that are there.
const node = (level, best, key) => (round) => {
    const there = NODE.map((name) => round[`${name}/${level}`]?.[key]).filter((n) => n > 0);
    return there.length > 0 ? best(...there) : undefined;
};
const cost = (size) => rates(`growth-echo-${size}/64`, `growth-${size}/64`);

const VERIFY = [[1, 0.22], [16, 0.22], [64, 0.25], [256, 0.25], [1024, 0.25]].map(([n, least]) => ({
    name: `verify_vs_echo_${n}`, what: `Verify / echo, ${n} in flight`, least, of: rates(`twofoldd/${n}`, `echo/${n}`),
}));

const VERIFY_C16 = [64, 256].map((n) => ({
    name: `verify_vs_echo_${n}_c16`, what: `Verify / echo, ${n} over 16 connections`, least: 0.3,
    of: rates(`twofoldd/${n}/16`, `echo/${n}/16`),
}));

const P99 = [64, 256, 1024].map((n) => ({
    name: `p99_vs_echo_${n}`, what: `Verify p99 / echo p99, ${n}`, most: 3,
    of: both("p99_us", `twofoldd/${n}`, `echo/${n}`),
}));

const VERSUS_NODE = [[1], [16], [64, 4], [256, 8], [1024]].map(([n, least]) => ({
    name: `verify_vs_node_${n}`, what: `Verify / better Node peer, ${n}`, least, needs: NODE,
    of: ratio(rate(`twofoldd/${n}`), node(n, Math.max, "per_second")),
}));

const VERSUS_GO = [[1], [64], [256, 5.5]].map(([n, least]) => ({
    name: `verify_vs_go_${n}`, what: `Verify / Go peer, ${n}`, least, needs: GO, of: rates(`twofoldd/${n}`, `go/${n}`),
}));

const GROWTH = [["1e4", "10,000"], ["1e5", "100,000"], ["1e6", "1,000,000", 1.5]].map(([size, text, most]) => ({
    name: `growth_cost_${size}_vs_1e3`, what: `cost at ${text} users / at 1,000, 64`, most,
    of: ratio(cost(size), cost("1e3")),
}));

// least, most: what is to be reached. needs: peers; without any of them the row is excused.
export const ROWS = [
    ...VERIFY,
    ...VERIFY_C16,
    { name: "wrong_vs_echo_64", what: "every code wrong / echo, 64", least: 0.2, of: rates("wrong/64", "echo/64") },
    { name: "nosync_vs_echo_64", what: "without fsync / echo, 64", least: 0.5, of: rates("nosync/64", "echo/64") },
    ...P99,
    { name: "p50_vs_echo_1", what: "Verify p50 / echo p50, 1", most: 4.5, of: both("p50_us", "twofoldd/1", "echo/1") },
    ...VERSUS_NODE,
    ...VERSUS_GO,
    { name: "cpu_vs_node_256", what: "processor time per Verify / Node's, 256", most: 0.125, needs: NODE,
        of: ratio(field("twofoldd/256", "cpu_us"), node(256, Math.min, "cpu_us")) },
    ...GROWTH,
    { name: "start_ms_1e6", what: "start to first answer, 1,000,000 users, ms", most: 100,
        of: field("million/64", "start_ms") },
    { name: "rss_anon_mib_1e6", what: "RssAnon at 1,000,000 users after load, MiB", most: 48,
        of: (round) => (round["overload-10x"] ?? round["million/64"])?.memory.rss_anon_mib },
    { name: "p99_with_scrypt_vs_without", what: "p99 with 20 logins/s beside / without, 64", most: 2,
        of: both("p99_us", "scrypt-with/64", "scrypt-without/64") },
    { name: "logins_answered", what: "  share of these logins that was answered",
        of: ratio((round) => round["scrypt-with/64"]?.logins.yes, (round) => round["scrypt-with/64"]?.logins.sent) },
    { name: "jetstream_on_vs_off_256", what: "JetStream on / off, 256", least: 0.6,
        of: rates("stream/256", "twofoldd/256") },
    { name: "held_vs_plain_256", what: "events kept in the outbox / published, 256",
        of: rates("held/256", "twofoldd/256") },
    { name: "goodput_2x", what: "goodput at 2x offered load / at capacity", of: rates("overload-2x", "overload-1x") },
    { name: "goodput_10x", what: "goodput at 10x offered load / at capacity", least: 0.9,
        of: rates("overload-10x", "overload-1x") },
    { name: "offered_10x", what: "  that could be offered, times capacity",
        of: ratio(ratio(field("overload-10x", "sent"), field("overload-10x", "seconds")), rate("capacity/256")) },
    { name: "shed_p99_ms_10x", what: "  p99 until a request is shed, ms",
        of: ratio(field("overload-10x", "shed_p99_us"), () => 1000) },
    { name: "load_cores_256", what: "cores that the load generator takes, 256",
        of: ratio((round) => round["twofoldd/256"]?.cpu.load, field("twofoldd/256", "seconds")) },
    { name: "enrolments_per_second", what: "enrolments a second", of: rate("enrolments") },
    { name: "imports_per_second", what: "users imported a second", of: rate("imports") },
    { name: "bytes_per_user", what: "bytes on disk per user", of: (round, rounds) => rounds.bytes },
];

// Median and ends of what is there; null when nothing is.
export function spreadOf(values) {
    const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b), n = sorted.length;
    if (n === 0) return null;
    return { median: (sorted[(n - 1) >> 1] + sorted[n >> 1]) / 2, least: sorted[0], most: sorted[n - 1] };
}

// Why a row is not there: because its peers are not, or because something failed.
function reason(row, rounds, missing) {
    if (row.needs?.every((peer) => missing[peer]))
        return { why: [...new Set(row.needs.map((peer) => missing[peer]))].join("; "), excused: true };
    const failures = rounds.flatMap(({ failures }) => Object.entries(failures));
    return { why: failures.map(([name, why]) => `${name}: ${why}`)[0] ?? "was not asked for", excused: false };
}

export function summarise(rounds, missing) {
    const results = { ratios: {}, spread: {}, goals: {}, not_measured: {}, excused: {}, missing_peers: missing };
    for (const row of ROWS) {
        const spread = spreadOf(rounds.map((each) => row.of(each, rounds)));
        results.goals[row.name] = { at_least: row.least, at_most: row.most };
        if (spread) {
            results.ratios[row.name] = spread.median;
            results.spread[row.name] = [spread.least, spread.most];
        } else {
            const { why, excused } = reason(row, rounds, missing);
            results.not_measured[row.name] = why;
            if (excused) results.excused[row.name] = true;
        }
    }
    return results;
}
