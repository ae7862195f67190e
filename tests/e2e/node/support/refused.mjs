// assert.rejects for refusals: the reason, the code that belongs to it, and whatever else is told.
import assert from "node:assert/strict";
import { TwofoldError } from "../lib/twofold.mjs";

export const CODES = {
    VALIDATION: 422, WRONG_CREDENTIALS: 401, INVALID_TOKEN: 401, CODE_REJECTED: 403, LOCKED: 429,
    SUSPENDED: 403, ALREADY_ENROLLED: 409, NOT_ENROLLED: 409, CONFLICT: 409, NOT_FOUND: 404,
    POLICY_FORBIDS: 403, TOO_LARGE: 413, UNIMPLEMENTED: 501, EXHAUSTED: 503, UNAVAILABLE: 503,
    INTERNAL: 500,
};

// The error, so that a test can look at the rest of it.
export async function refused(promise, reason) {
    const error = await promise.then(
        (reply) => assert.fail(`expected ${reason}, but it was granted: ${JSON.stringify(reply)}`),
        (failure) => failure,
    );
    if (!(error instanceof TwofoldError)) throw error;
    assert.equal(error.reason, reason);
    assert.equal(error.code, CODES[reason]);
    assert.ok(error.message.length > 0);
    return error;
}

// The fields that a request was refused for, sorted.
export async function violated(promise) {
    const { violations } = await refused(promise, "VALIDATION");
    for (const { rule } of violations) assert.match(rule, /^(must|is required)/);
    return violations.map(({ field }) => field).sort();
}
