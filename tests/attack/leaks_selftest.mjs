// The search itself, before it is believed: a canary inside a larger text that somebody else encodes
// (coreutils, OpenSSL, Node) is found at every alignment; and bytes without one hold none.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { password, randomCode } from "./leaks_bus.mjs";
import { word } from "./leaks_rig.mjs";
import { Canaries } from "./leaks_search.mjs";

const run = (...command) => (input) => {
    const { status, stdout } = spawnSync(command[0], command.slice(1), { input });
    assert.equal(status, 0, command.join(" "));
    return stdout;
};
const MANGLES = {
    raw: (bytes) => bytes,
    hex: run("xxd", "-p", "-c", "0"),
    HEX: run("xxd", "-p", "-u", "-c", "0"),
    base64: run("openssl", "base64", "-A"),
    base64url: (bytes) => Buffer.from(bytes.toString("base64url")),
    base32: run("base32", "--wrap=0"),
    "base32 in lower case": (bytes) => Buffer.from(run("base32",
        "--wrap=0")(bytes).toString().toLowerCase()),
};
const TEXT_MANGLES = {
    JSON: (text) => JSON.stringify({ text }),
    percent: (text) => encodeURIComponent(text),
    "UTF-16": (text) => Buffer.from(text, "utf16le"),
    "an escape that nobody has heard of": (text) => text.replace(/[^A-Za-z0-9]/g, "<?>"),
};

export function searchIsKnownToWork() {
    const canaries = new Canaries(), text = password(), code = randomCode(8), short = randomCode(6),
        key = randomBytes(32);
    const found = (bytes, canary, what) => assert.ok(
        canaries.search(Buffer.from(bytes)).some((each) => each.canary === canary),
            `${canary.name} was not found: ${what}`);
    for (const [sort, value] of [["password", text], ["code", code], ["key", key]]) {
        const canary = canaries.add(sort, value);
        for (let before = 0; before < 15; before++)
            for (const [form, mangle] of Object.entries(MANGLES)) {
                const around = [Buffer.alloc(before, "."), Buffer.from(value), Buffer.from("....")];
                if (before < 5 || !["hex", "HEX"].includes(form)) found(mangle(Buffer.concat(around)),
                    canary, `${form} at ${before}`);
            }
    }
    for (const [form, mangle] of Object.entries(TEXT_MANGLES)) found(mangle(`..${text}..`),
        canaries.add("password", text), form);
    const alone = canaries.add("code", short);
    for (const text of [`code=${short} `, `\x06${short}`, short]) found(text, alone, "alone");
    for (const text of [`1${short}`, `${short}7`,
        `a${short}`]) assert.deepEqual(canaries.search(Buffer.from(text)), []);
    const recovery = "0TWHW-2YJS4-TFZHP-Q1KQB-FDDRE", secret = "7UA5HDPW7TXLRFKPFP4BHEHGV2YZVYYC";
    found(recovery.replaceAll("-", ""), canaries.add("recovery code", recovery), "without dashes");
    found(run("base32", "--decode")(secret), canaries.add("secret", secret), "as bytes");
    assert.deepEqual(canaries.search(randomBytes(8 << 20)), []);
    assert.deepEqual(canaries.search(Buffer.from(word(1 << 20))), []);
    return canaries.needles;
}
