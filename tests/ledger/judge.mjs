// Holds the audit trail against the ledger's book: everything that was promised is told, once, and nothing
// is told that was not asked for.
//
//     node judge.mjs BOOK EXPORT [aggregated]
//
// BOOK: what the clients wrote (book.h). EXPORT: `twofold audit export --all-orgs`. Findings one a line, then a
// summary; exits with 1 when there are findings. "aggregated": failures past a threshold are counted in one event.
//
// Checked, with the names of the ledger's invariants: L1 a code of a step is accepted once; L2 a recovery code
// is; L7 every change has its events, every event a request; L8 a request without an answer is all or nothing.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { Chains } from './chains.mjs';
import { answers, misfits, possible, stepOf } from './expected.mjs';
import { Rebuilt } from './rebuilt.mjs';

const SHOWN = 40;
const [bookFile, exportFile, mode] = process.argv.slice(2);
const aggregated = mode === 'aggregated';
const findings = [];
const find = (text) => findings.push(text);

async function* lines(file) {
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity }))
    if (line !== '') yield JSON.parse(line);
}

// Each request under its id, and each user's standing at the end.
const asked = new Map();
const standings = [];
for await (const line of lines(bookFile)) {
  if (line.state) standings.push(line);
  else if (asked.has(line.request_id)) find(`the book has ${line.request_id} twice`);
  else asked.set(line.request_id, { ...line, events: [] });
}

const once = (seen, key, what) => {
  if (seen.has(key)) find(`${what}: ${key}`);
  seen.add(key);
};

// Events in the order of the stream.
const chains = new Chains(), steps = new Set(), slots = new Set();
const users = new Map(), failures = new Map();
let events = 0, own = 0, told = 0;

function rebuild(event) {
  const key = `${event.org}/${event.username}`;
  if (!users.has(key)) users.set(key, new Rebuilt());
  users.get(key).take(event);
}

function spend(event) {
  const who = `${event.org}/${event.username} ${event.authenticator_id}`;
  if (['verification.succeeded', 'enrollment.confirmed'].includes(event.type) && event.method === 'TOTP')
    once(steps, `${who} ${stepOf(event)}`, 'L1: a step was accepted twice');
}

function countFailure(event) {
  if (event.type !== 'verification.failed') return;
  const n = event.span?.count ?? 0;
  const key = `${event.org}/${event.username}`;
  if (n > 0 && !aggregated) find(`${key}: failures were counted, not told`);
  failures.set(key, (failures.get(key) ?? 0) + Math.max(n, 1));
}

for await (const line of lines(exportFile)) {
  const event = line.data;
  events += 1;
  for (const text of chains.take(event)) find(text);
  if (event.username !== '' && event.sequence > 0) rebuild(event);
  spend(event);
  countFailure(event);
  const request = asked.get(event.request_id);
  if (request) {
    request.events.push(event);
    told += 1;
  } else if (event.request_id !== '') {
    find(`L7: ${event.type} of ${event.username} belongs to no request: ${event.request_id}`);
  } else {
    own += 1;
    if (event.username !== '' && !(aggregated && event.span)) find(`L7: nobody asked for ${event.type} of ${event.username}`);
  }
}

// Requests, and what is told of them.
const swallowed = (e) => aggregated && e.events.every((event) => event.type !== 'verification.failed')
  && ['CODE_REJECTED', 'LOCKED', 'SUSPENDED', 'NOT_ENROLLED'].includes(e.answer);
const kinds = new Map();
let unknown = 0, unknownTold = 0;
const least = new Map(), most = new Map();
const add = (map, e) => map.set(`${e.org}/${e.username}`, (map.get(`${e.org}/${e.username}`) ?? 0) + 1);

for (const e of asked.values()) {
  const name = `${e.org}/${e.username} ${e.method} (${e.kind}, ${e.answer}, ${e.request_id})`;
  kinds.set(`${e.kind} ${e.answer}`, (kinds.get(`${e.kind} ${e.answer}`) ?? 0) + 1);
  if (e.answer === 'UNKNOWN') {
    unknown += 1;
    if (e.method === 'Verify') add(most, e);
    if (e.events.length === 0) continue;
    unknownTold += 1;
    // It may have been decided long after nobody waited for it any more; and its failure may have been counted.
    const late = { ...e, done_ms: Infinity };
    if (aggregated && e.events.every((event) => event.type !== 'verification.failed')) continue;
    if (!possible(e).some((answer) => misfits(late, answer, e.events).length === 0))
      find(`L8: ${name}: neither done nor left: ${e.events.map((event) => `${event.type} ${event.reason}`)}`);
    continue;
  }
  if (!answers[e.kind].includes(e.answer)) find(`${name}: a strange answer`);
  if (e.method === 'Verify' && e.answer !== 'OK') {
    add(least, e);
    add(most, e);
  }
  if (e.kind === 'recovery' && e.answer === 'OK')
    once(slots, `${e.org}/${e.username} set ${e.set} slot ${e.slot}`, 'L2: a recovery code was accepted twice');
  if (swallowed(e)) continue;
  for (const wrong of misfits(e, e.answer, e.events)) find(`L7: ${name}: ${wrong}`);
}

// Failures add up, told or counted. What was not answered may or may not have been one.
for (const [key, n] of most) {
  const sum = failures.get(key) ?? 0;
  if (sum < (least.get(key) ?? 0) || sum > n) find(`${key}: ${sum} failures told, ${least.get(key) ?? 0} to ${n} there were`);
}

// The state at the end is the one that the events tell.
for (const s of standings) {
  const u = users.get(`${s.org}/${s.username}`) ?? new Rebuilt();
  const is = `${s.state}, ${s.recovery_codes_left} codes, used at ${s.last_used_s}`;
  const should = `${u.state}, ${u.left} codes, used at ${u.usedAt}`;
  if (is !== should) find(`${s.org}/${s.username} is ${is}; the events say ${should}`);
}

for (const text of findings.slice(0, SHOWN)) console.log(text);
if (findings.length > SHOWN) console.log(`... and ${findings.length - SHOWN} more`);
for (const key of [...kinds.keys()].sort()) console.log(`  ${String(kinds.get(key)).padStart(7)} ${key}`);
console.log(`${asked.size} requests (${unknown} without an answer, ${unknownTold} of them done), ${events} events`
  + ` (${told} of requests, ${own} of the service), ${standings.length} users; ${findings.length} findings`);
process.exit(findings.length === 0 && events > 0 && standings.length > 0 ? 0 : 1);
