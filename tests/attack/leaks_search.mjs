// Canaries, and the search for all of their forms in one pass over the bytes.
//
// A needle has seven characters or more in every form but one. A code of 8 digits in any form comes
// up in 100 MB of random bytes once in 10^11 runs, and in text full of numbers, where it matters more,
// about once in 10^8 for every number there. A code of 6 digits as it is only counts when it stands
// alone, no letter or digit next to it, as it does in a field, a line or a length-prefixed string;
// otherwise every time stamp would hold some. A code as a binary number (4 bytes) is not looked for:
// that would hit by chance, and no part of the service has it in that form.
import { openSync, readSync, closeSync } from "node:fs";
import { formsOf, SPELLINGS } from "./leaks_forms.mjs";

const CHUNK = 16 << 20;
const OVERLAP = 4096;
const SHORTEST = 7;
const isAlnum = (byte) => byte !== undefined && /[0-9A-Za-z]/.test(String.fromCharCode(byte));

export class Canaries {
    #known = new Map();
    #anchors = new Map(); // three bytes of it -> needles
    #bits = new Uint8Array(1 << 21);
    forms = new Set();
    needles = 0;

    // The canary of VALUE (text, or bytes); SORT is what it is. One that is known stays as it was.
    add(sort, value) {
        const key = Buffer.from(value).toString("latin1");
        if (!this.#known.has(key)) {
            const canary = { name: `${sort} ${this.count(sort) + 1}`, sort, public: new Set() };
            this.#known.set(key, canary);
            for (const spelling of SPELLINGS[sort]?.(value) ?? [value])
                for (const [form, bytes] of formsOf(spelling)) this.#addNeedle(canary, form, bytes);
        }
        return this.#known.get(key);
    }

    // Only as it is: a piece of a picture.
    addPiece(sort, bytes) {
        this.#addNeedle({ name: `${sort} ${++this.pieces}`, sort, public: new Set() }, "raw", bytes);
    }
    pieces = 0;

    count(sort) {
        return [...this.#known.values()].filter((canary) => !sort || canary.sort === sort).length;
    }

    get total() {
        return this.#known.size + this.pieces;
    }

    #addNeedle(canary, form, bytes) {
        const alone = bytes.length < SHORTEST;
        if (alone && !/^\d{6}$/.test(bytes.toString("latin1"))) throw new Error(`${form} of ${canary.name} is short`);
        const { anchor, from } = this.#anchorOf(bytes);
        this.#bits[anchor >> 3] |= 1 << (anchor & 7);
        if (!this.#anchors.has(anchor)) this.#anchors.set(anchor, []);
        this.#anchors.get(anchor).push({ canary, form, bytes, alone, from });
        this.forms.add(form);
        this.needles++;
    }

    // The three bytes in a row that fewest needles have: not the zeros that many begin with.
    #anchorOf(bytes) {
        let best = { crowd: Infinity };
        for (let from = 0; from + 3 <= Math.min(bytes.length, 32); from++) {
            const anchor = bytes.readUIntBE(from, 3);
            const crowd = anchor === 0 ? 1e6 : (this.#anchors.get(anchor)?.length ?? 0);
            if (crowd < best.crowd) best = { anchor, from, crowd };
        }
        return best;
    }

    // [{canary, form, at}] in HAY.
    search(hay) {
        const found = [], bits = this.#bits;
        let last = 0;
        for (let i = 0; i < hay.length; i++) {
            last = ((last << 8) | hay[i]) & 0xffffff;
            if (i >= 2 && bits[last >> 3] & (1 << (last & 7)))
                for (const needle of this.#anchors.get(last)) {
                    const at = i - 2 - needle.from;
                    if (stands(needle, hay, at)) found.push({ canary: needle.canary, form: needle.form,
                        at });
                }
        }
        return found;
    }

    // The same in a file of any size; also tells how many bytes it has.
    searchFile(path) {
        const buffer = Buffer.alloc(CHUNK + OVERLAP), found = [], fd = openSync(path);
        let bytes = 0, kept = 0, n;
        while ((n = readSync(fd, buffer, kept, CHUNK, bytes)) > 0) {
            found.push(...this.search(buffer.subarray(0, kept + n)));
            bytes += n;
            const rest = Math.min(OVERLAP, kept + n);
            buffer.copy(buffer, 0, kept + n - rest, kept + n);
            kept = rest;
        }
        closeSync(fd);
        return { found, bytes };
    }
}

function stands({ bytes, alone }, hay, at) {
    for (let i = bytes.length - 1; i >= 0; i--) if (bytes[i] !== hay[at + i]) return false;
    return !alone || !(isAlnum(hay[at - 1]) || isAlnum(hay[at + bytes.length]));
}

// Where things are searched, what must turn up in each place, and what did that must not.
export class Report {
    rows = [];
    findings = [];
    missed = [];
    notes = [];
    bytes = 0;

    constructor(canaries) {
        this.canaries = canaries;
    }

    // PARTS: what lies at PLACE: bytes, {bytes, allows: set of canaries} or {file}. What is PUBLIC there
    // is allowed; PLANTED are canaries that were put there on purpose, in plain sight, and must be found.
    search(place, parts, { planted = [], allowed = false } = {}) {
        const met = new Set();
        let bytes = 0;
        for (const part of parts) {
            const { found, size, allows } = this.#look(part);
            bytes += size;
            for (const { canary, form, at } of found) {
                met.add(canary);
                if (allowed || canary.sort === "plant" || canary.public.has(place)) continue;
                if (allows?.has(canary) || (allows && canary.sort === "QR code")) continue;
                this.findings.push(`${canary.name} as ${form} at byte ${at} of ${part.name ?? place}, in ${place}`);
            }
        }
        for (const canary of planted)
            if (!met.has(canary)) this.missed.push(`${canary.name}, planted in ${place}, was not found there`);
        this.rows.push([place, parts.length, bytes,
            planted.length ? `${planted.length} of ${planted.length} plants` : "-"]);
        this.bytes += bytes;
        return met;
    }

    #look(part) {
        if (part.file) {
            const { found, bytes } = this.canaries.searchFile(part.file);
            return { found, size: bytes };
        }
        const bytes = part.bytes ?? part;
        return { found: this.canaries.search(bytes), size: bytes.length, allows: part.allows };
    }

    print() {
        const { total, forms, needles } = this.canaries;
        console.log(`${total} canaries in ${forms.size} forms (${[...forms].join(", ")}): ${needles} needles,`,
            `in ${this.rows.length} kinds of places, ${this.bytes} bytes`);
        for (const [place, parts, bytes, planted] of this.rows)
            console.log(`  ${place.padEnd(34)} ${String(parts).padStart(5)} parts ${String(bytes).padStart(10)} bytes   found: ${planted}`);
        for (const note of this.notes) console.log(`  ${note}`);
        for (const finding of [...new Set(this.findings)].slice(0, 60)) console.log(`LEAK: ${finding}`);
        for (const miss of this.missed) console.log(`BLIND: ${miss}`);
        return this.findings.length + this.missed.length === 0;
    }
}
