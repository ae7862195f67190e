// The forms in which bytes may lie around. A canary within a larger whole that was encoded begins at
// any offset of a group, so base64 is made at all three alignments and base32 at all five, and only
// the characters that the canary alone decides are looked for.
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

export function base32(bytes) {
    let text = "", bits = 0, n = 0;
    for (const byte of bytes) {
        bits = (bits << 8) | byte;
        for (n += 8; n >= 5; n -= 5) text += BASE32[(bits >> (n - 5)) & 31];
        bits &= 31;
    }
    return n > 0 ? text + BASE32[(bits << (5 - n)) & 31] : text;
}

// Text of 5-bit characters to whole bytes.
function unpack(text, alphabet) {
    const bytes = [];
    let bits = 0, n = 0;
    for (const c of text) {
        bits = (bits << 5) | alphabet.indexOf(c);
        if ((n += 5) >= 8) bytes.push((bits >> (n -= 8)) & 255);
        bits &= 255;
    }
    return Buffer.from(bytes);
}

export const secretBytes = (text) => unpack(text, BASE32);
// Without the slot, which comes first: the 120 random bits.
export const recoveryBytes = (plain) => unpack(plain.slice(1), CROCKFORD);

function* aligned(bytes, alignments, bitsPerChar, encode) {
    for (let k = 0; k < alignments; k++) {
        const whole = encode(Buffer.concat([Buffer.alloc(k), bytes]));
        const from = Math.ceil((k * 8) / bitsPerChar);
        yield whole.slice(from, Math.floor(((k + bytes.length) * 8) / bitsPerChar));
    }
}

function* binaryForms(bytes) {
    const hex = bytes.toString("hex");
    yield ["raw", bytes];
    yield ["hex", hex];
    yield ["HEX", hex.toUpperCase()];
    for (const name of ["base64", "base64url"])
        for (const text of aligned(bytes, 3, 6, (b) => b.toString(name))) yield [name, text];
    for (const text of aligned(bytes, 5, 5, base32)) {
        yield ["base32", text];
        yield ["base32 in lower case", text.toLowerCase()];
    }
}

const hexOf = (byte) => byte.toString(16).padStart(2, "0");
const eachByte = (text, plain, escape) =>
    [...Buffer.from(text)].map((b) => (plain.test(String.fromCharCode(b)) ? String.fromCharCode(b) : escape(b))).join("");

function* textForms(text) {
    const json = JSON.stringify(text).slice(1, -1);
    const percent = eachByte(text, /^[A-Za-z0-9._~-]$/, (b) => `%${hexOf(b)}`);
    yield ["JSON", json];
    yield ["JSON", json.replace(/[^\x20-\x7e]/g,
        (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)];
    yield ["JSON", json.replaceAll("/", "\\/")];
    yield ["percent", percent];
    yield ["percent", percent.replace(/%../g, (c) => c.toUpperCase())];
    yield ["logfmt", eachByte(text.replace(/["\\]/g, "\\$&"), /^[\x20-\x7e]$/, (b) => `\\x${hexOf(b)}`)];
    yield ["UTF-16LE", Buffer.from(text, "utf16le")];
    yield ["UTF-16BE", Buffer.from(text, "utf16le").swap16()];
}

// [form, bytes to look for] of a canary, each needle once.
export function formsOf(canary) {
    const found = new Map();
    const text = typeof canary === "string";
    const take = ([form, needle]) => {
        const bytes = Buffer.from(needle);
        if (!found.has(bytes.toString("latin1"))) found.set(bytes.toString("latin1"), [form, bytes]);
    };
    for (const each of binaryForms(Buffer.from(canary))) take(each);
    if (text) for (const each of textForms(canary)) take(each);
    return [...found.values()];
}

// The same secret as people write it.
const inGroups = (text, blank) => text.match(/.{1,4}/g).join(blank);
const recoverySpellings = (text) => {
    const plain = text.replaceAll("-", "");
    return [text, plain, text.toLowerCase(), plain.toLowerCase(), recoveryBytes(plain)];
};
const secretSpellings = (text) => [
    text, text.toLowerCase(), inGroups(text, " "), inGroups(text, "-"), secretBytes(text),
];

export const SPELLINGS = {
    "recovery code": recoverySpellings,
    "secret": secretSpellings,
    "step token": (text) => [text, Buffer.from(text, "base64")],
    // The letters by themselves: whatever an unknown escape does to the rest, it leaves them alone.
    "password": (text) => [text, ...(text.match(/[A-Za-z0-9]{16,}/g) ?? [])],
};
