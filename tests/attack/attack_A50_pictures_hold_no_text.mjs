// Goal (A50): what a caller chose to be called - issuer, username, label - is in no picture as text: an
// SVG that is put into a page runs nothing, a PNG has pixels only; scanned, both give the URI back.
import assert from "node:assert/strict";
import { scanPng, scanSvg } from "../e2e/node/support/phone.mjs";
import { confirmPassword, register } from "../e2e/node/support/people.mjs";
import { startRig } from "../e2e/node/support/rig.mjs";

const EVIL = ["</svg><script>alert(1)</script>", "\"><image href=x onerror=y>", "]]><!ENTITY x 'y'>&x;",
    "<?xml-stylesheet?>"];
const CHUNKS = new Set(["IHDR", "PLTE", "IDAT", "IEND", "sBIT", "gAMA"]);
const rig = await startRig();

function* chunksOf(png) {
    for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) yield png.toString("latin1",
        at + 4, at + 8);
}

for (const evil of EVIL)
    rig.test(`attack_A50 ${evil}`, async () => {
        const org = await rig.org({ issuer: evil });
        await register(org, evil);
        const stepToken = await confirmPassword(org, evil);
        const { otpauthUri, qrSvg, qrPng, secret } = await org.call("Enrollment", "Begin", { stepToken,
            label: evil });
        assert.match(qrSvg, /^<svg [^<>&]*>(<(rect|path|g) [^<>&]*\/?>|<\/g>|\s)*<\/svg>\s*$/);
        assert.doesNotMatch(qrSvg, /href|script|\son|style|otpauth|ENTITY/i);
        assert.ok(!qrSvg.includes(secret) && !qrSvg.includes(evil));
        const png = Buffer.from(qrPng);
        for (const chunk of chunksOf(png)) assert.ok(CHUNKS.has(chunk), chunk);
        for (const text of [evil, secret, "otpauth", "script"]) assert.ok(!png.includes(text), text);
        assert.equal(await scanSvg(qrSvg), otpauthUri);
        assert.equal(await scanPng(png), otpauthUri);
    });
