// Which events a request leaves behind: what service/DESIGN.md and the contract say, a row each.
const STEP_MS = 30000;
const stepOf = (event) => Math.floor(event.time_unix_ms / STEP_MS) + event.step_offset;

// Methods that change: the events of a yes.
const changes = {
  PutUser: (e) => [e.kind === 'create' ? 'user.created' : 'password.changed'],
  DeleteUser: () => ['user.deleted'],
  ResetSecondFactor: () => ['factor.reset'],
  Unlock: () => ['account.unlocked'],
  PutPolicy: () => ['policy.changed'],
  IssueStepToken: () => ['token.issued'],
  ImportAuthenticator: () => ['factor.imported'],
  Begin: () => ['enrollment.begun'],
  Confirm: () => ['enrollment.confirmed', 'enrollment.completed'],
};

// What may be answered to a request that means this; UNKNOWN may always be.
const waits = ['LOCKED', 'SUSPENDED'];
export const answers = {
  right: ['OK', ...waits],
  replay: ['CODE_REJECTED', ...waits],
  wrong: ['CODE_REJECTED', ...waits],
  outside: ['CODE_REJECTED', ...waits],
  recovery: ['OK', ...waits],
  used_recovery: ['CODE_REJECTED', ...waits],
  wrong_recovery: ['CODE_REJECTED', ...waits],
  nobody: ['NOT_ENROLLED'],
  create: ['OK'],
  password: ['OK'],
  admin: ['OK'],
  delete: ['OK'],
  delete_doubtful: ['OK', 'NOT_FOUND'],
  enroll: ['OK'],
};

// The reason of a rejected code: by what was sent, and for codes of a step by how far that is from then.
function rejection(e, event) {
  const offset = e.step - Math.floor(event.time_unix_ms / STEP_MS);
  switch (e.kind) {
    case 'used_recovery': return { reason: 'USED_RECOVERY_CODE' };
    case 'wrong_recovery': return { reason: 'WRONG_RECOVERY_CODE' };
    case 'wrong': return { reason: 'WRONG_CODE', step_offset: 0 };
    case 'replay': case 'outside':
      return { reason: Math.abs(offset) <= 1 ? 'REPLAYED' : 'OUTSIDE_WINDOW', step_offset: offset };
    default: return { reason: 'no reason' };
  }
}

function accepted(e, event) {
  const common = { outcome: 'SUCCESS', reason: 'REASON_UNSPECIFIED' };
  return e.kind === 'recovery'
    ? { ...common, method: 'RECOVERY_CODE', recovery_slot: e.slot }
    : { ...common, method: 'TOTP', step_offset: e.step - Math.floor(event.time_unix_ms / STEP_MS) };
}

// What the answer ANSWER to the request E leaves: types that are there once each, types that may be, and what
// each of these events must say.
function leaves(e, answer) {
  if (e.method !== 'Verify') {
    return answer === 'OK'
      ? { must: changes[e.method](e), may: [], says: () => ({ outcome: 'SUCCESS' }) }
      : { must: [], may: [], says: () => ({}) };
  }
  if (answer === 'OK') {
    return e.kind === 'recovery'
      ? { must: ['verification.succeeded', 'recovery.used'], may: ['recovery.low'], says: accepted }
      : { must: ['verification.succeeded'], may: [], says: accepted };
  }
  const must = ['verification.failed'];
  if (answer !== 'CODE_REJECTED')
    return { must, may: [], says: () => ({ outcome: 'DENIED', reason: answer }) };
  return {
    must, may: ['account.locked', 'account.suspended'],
    says: (_, event) => ({ outcome: 'DENIED', ...rejection(e, event) }),
  };
}

// Everything that is wrong with EVENTS as what ANSWER to E left; [] when they fit.
export function misfits(e, answer, events) {
  const want = leaves(e, answer);
  const wrong = [];
  for (const type of want.must) {
    const n = events.filter((event) => event.type === type).length;
    if (n !== 1) wrong.push(`${n} events ${type} instead of 1`);
  }
  for (const event of events) {
    if (!want.must.includes(event.type) && !want.may.includes(event.type))
      wrong.push(`an event ${event.type} that does not belong there`);
    if (event.username !== e.username || event.org !== e.org)
      wrong.push(`${event.type} is about ${event.org}/${event.username}`);
    if (event.time_unix_ms < e.sent_ms - 100 || event.time_unix_ms > e.done_ms + 100)
      wrong.push(`${event.type} is of another time`);
    for (const [field, value] of Object.entries(want.says(e, event)))
      if (event[field] !== value) wrong.push(`${event.type} has ${field} ${event[field]}, not ${value}`);
  }
  for (const type of want.may)
    if (events.filter((event) => event.type === type).length > 1) wrong.push(`${type} more than once`);
  return wrong;
}

// Answers that a request without one may have had.
export function possible(e) {
  return answers[e.kind].filter((answer) => answer !== 'NOT_FOUND');
}

export { stepOf };
