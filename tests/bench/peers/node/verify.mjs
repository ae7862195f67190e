// Verification.Verify: one request, within the transaction of its batch.
import * as crypto from "node:crypto";
import {
    AuditEvent, METHODS, ORG, OUTCOMES, VerifyReply, VerifyRequest, WHY, refusal,
} from "./contract.mjs";
import { matchingStep, uuid7 } from "./secrets.mjs";

const REQUEST_MAX = 1024, USERNAME_MAX = 254, PURPOSE_MAX = 64;
const FREE_FAILURES = 5, WAIT_S = 30, WAIT_MAX_S = 3600, FAILURES_MAX = 100;
const OWN_PURPOSE = "twofold:verification.verify";

const sha256 = crypto.hash
    ? (bytes) => crypto.hash("sha256", bytes, "buffer")
    : (bytes) => crypto.createHash("sha256").update(bytes).digest();

function parse(msg) {
    try {
        return VerifyRequest.decode(msg.data);
    } catch {
        return null;
    }
}

function violations(ask) {
    const found = [];
    const bytes = Buffer.byteLength(ask.username);
    // eslint-disable-next-line no-control-regex
    if (bytes < 1 || bytes > USERNAME_MAX || /[\0-\x1f\x7f]/.test(ask.username))
        found.push({ field: "username", rule: "must be 1 to 254 bytes without control characters" });
    if (!/^[0-9]{6}$/.test(ask.code)) found.push({ field: "code", rule: "must be 6 digits" });
    if (Buffer.byteLength(ask.purpose) > PURPOSE_MAX)
        found.push({ field: "purpose", rule: "must be at most 64 bytes" });
    return found;
}

function waitOf(failures) {
    const beyond = failures - FREE_FAILURES;
    return beyond <= 0 ? 0 : Math.min(WAIT_S * 2 ** (beyond - 1), WAIT_MAX_S);
}

export class Verifier {
    // STORE and SEAL are those of the data folder.
    constructor(store, seal) {
        Object.assign(this, { store, seal, instance: uuid7(Date.now()).replaceAll("-", "") });
    }

    // The reply's body, and with a refusal its headers. The user and the events are in the store then.
    answer(msg) {
        if (msg.data.length > REQUEST_MAX) return refusal("TOO_LARGE");
        const ask = parse(msg);
        if (!ask) return refusal("VALIDATION");
        if (ask.recoveryCode) return refusal("UNIMPLEMENTED");
        const wrong = violations(ask);
        if (wrong.length > 0) return refusal("VALIDATION", { violations: wrong });
        const user = this.store.load(ask.username);
        const call = { msg, ask, user, nowMs: Date.now() };
        return user ? this.#judge(call) : this.#unknown(call);
    }

    #unknown(call) {
        this.#report(call, "verification.failed", OUTCOMES.DENIED, WHY.UNKNOWN_USER, 0);
        return refusal("NOT_ENROLLED");
    }

    #judge(call) {
        const { user } = call;
        const nowS = Math.floor(call.nowMs / 1000);
        if (user.failures >= FAILURES_MAX) return this.#refuse(call, "SUSPENDED", WHY.SUSPENDED, 0);
        if (user.until > nowS)
            return this.#refuse(call, "LOCKED", WHY.LOCKED, 0, { retryAfterSeconds: user.until - nowS });
        const key = this.#unseal(call);
        if (!key) return this.#refuse(call, "INTERNAL", WHY.DAMAGED, 0);
        const { found, offset } = matchingStep(key, call.ask.code, nowS, user.lastStep);
        if (found <= user.lastStep) return this.#fail(call, found ? WHY.REPLAYED : WHY.WRONG_CODE, offset);
        user.lastStep = found;
        user.failures = user.until = 0;
        this.#report(call, "verification.succeeded", OUTCOMES.SUCCESS, 0, offset);
        this.store.save(call.ask.username, user);
        return {
            body: VerifyReply.encode({
                method: 1, amr: ["otp"], recoveryCodesLeft: user.codesLeft, verifiedAt: nowS,
            }).finish(),
        };
    }

    // Null when it is not what was sealed.
    #unseal({ ask, user }) {
        try {
            return this.seal.open(user.sealed, ask.username, user.id);
        } catch {
            return null;
        }
    }

    // Counts the failure, which may begin a wait.
    #fail(call, why, offset) {
        const { user } = call;
        const wait = waitOf(++user.failures);
        const ends = user.failures >= FAILURES_MAX ? "account.suspended" : wait > 0 ? "account.locked" : null;
        if (wait > 0) user.until = Math.floor(call.nowMs / 1000) + wait;
        this.#report(call, "verification.failed", OUTCOMES.DENIED, why, offset);
        if (ends) this.#report(call, ends, OUTCOMES.DENIED, why, offset);
        this.store.save(call.ask.username, user);
        const left = Math.max(FREE_FAILURES - user.failures, 0);
        return refusal("CODE_REJECTED", { retryAfterSeconds: wait, attemptsLeft: left });
    }

    #refuse(call, name, why, offset, details) {
        this.#report(call, "verification.failed", OUTCOMES.DENIED, why, offset);
        this.store.save(call.ask.username, call.user);
        return refusal(name, details);
    }

    // Appends the event to the outbox, and to the chain of the user when there is one.
    #report({ msg, ask, user, nowMs }, type, outcome, reason, stepOffset) {
        const event = {
            id: uuid7(nowMs),
            timeUnixMs: nowMs,
            org: ORG,
            username: ask.username,
            type,
            outcome,
            reason,
            method: METHODS.TOTP,
            authenticatorId: user?.id ?? "",
            purpose: ask.purpose || OWN_PURPOSE,
            requestId: msg.headers?.get("Twofold-Request-Id") ?? "",
            traceparent: msg.headers?.get("traceparent") ?? "",
            instance: this.instance,
            sequence: user ? ++user.sequence : 0,
            keyId: 1,
            policyVersion: 1,
            stepOffset,
        };
        if (user && user.sequence > 1) event.previousDigest = user.digest;
        const bytes = AuditEvent.encode(event).finish();
        if (user) user.digest = sha256(bytes);
        this.store.append(bytes);
    }
}
