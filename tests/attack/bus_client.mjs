// A NATS client as bare as an attacker's: it says whatever it is told to, in any order, and shows what the
// server says to it. What a proper client would hide or forbid is what these tests are about.
import { createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";

const PATIENCE_MS = 20_000;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const ED25519_DER = Buffer.from("302e020100300506032b657004220420", "hex");

function base32(text) {
    let bits = 0n;
    for (const c of text) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(c));
    const spare = (text.length * 5) % 8;
    const hex = (bits >> BigInt(spare)).toString(16);
    return Buffer.from(hex.padStart(2 * Math.floor((text.length * 5) / 8), "0"), "hex");
}

// What proves to a server's nonce that the seed in FILE is ours.
function signature(file, nonce) {
    const seed = base32(readFileSync(file, "utf8").trim()).subarray(2, 34);
    const key = createPrivateKey({ key: Buffer.concat([ED25519_DER, seed]), format: "der", type: "pkcs8" });
    return sign(null, Buffer.from(nonce), key).toString("base64url");
}

function parseHeaders(block) {
    return block.toString("latin1").split("\r\n").slice(1).filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
}

export class Client {
    #input = Buffer.alloc(0);
    #waiting = [];
    #pongs = [];
    #sids = 0;

    // LOGIN: port, ca (PEM file), seed (nkey file), nkey (public key).
    static async open(login) {
        const client = new Client();
        const socket = net.connect({ port: login.port, host: "127.0.0.1", noDelay: true });
        const info = await client.#first(socket);
        client.socket = tls.connect({ socket, host: "127.0.0.1", ca: readFileSync(login.ca) });
        client.socket.on("data", (data) => client.#take(data));
        client.socket.on("error", (error) => client.#fail(error));
        client.socket.on("close", () => client.#fail(new Error("the server has closed the connection")));
        const options = {
            verbose: false, pedantic: false, headers: true, no_responders: true, lang: "attacker", version: "0",
            protocol: 1, tls_required: true, nkey: login.nkey, sig: signature(login.seed, info.nonce),
        };
        client.say(`CONNECT ${JSON.stringify(options)}\r\n`);
        await client.settle();
        return client;
    }

    constructor() {
        this.errors = []; // -ERR texts since the last settle()
        this.messages = [];
    }

    #first(socket) {
        return new Promise((resolve, reject) => {
            socket.once("error", reject);
            socket.once("data", (data) => resolve(JSON.parse(data.toString().slice("INFO ".length))));
        });
    }

    #fail(error) {
        this.dead = error;
        for (const { reject } of this.#pongs.splice(0)) reject(error);
    }

    say(text) {
        this.socket.write(text);
    }

    // Returns the complaints of the server about all that was said before: it answers in order.
    async settle() {
        if (this.dead) throw this.dead;
        const pong = new Promise((resolve, reject) => this.#pongs.push({ resolve, reject }));
        this.say("PING\r\n");
        await inTime(pong, "PONG");
        return this.errors.splice(0);
    }

    subscribe(subject, queue = "") {
        const sid = ++this.#sids;
        this.say(`SUB ${subject} ${queue && `${queue} `}${sid}\r\n`);
        return sid;
    }

    unsubscribe(sid) {
        this.say(`UNSUB ${sid}\r\n`);
    }

    // HEADERS: pairs of name and value, doubled ones included.
    publish(subject, data = "", { reply = "", headers = [] } = {}) {
        const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`);
        if (lines.length > 0) return this.publishWithBlock(subject, lines.join(""), data, reply);
        const body = Buffer.from(data);
        const first = `PUB ${subject} ${reply && `${reply} `}${body.length}\r\n`;
        this.say(Buffer.concat([first, body, "\r\n"].map((part) => Buffer.from(part))));
    }

    // LINES stands where the headers belong, whatever it is.
    publishWithBlock(subject, lines, data, reply = "") {
        const body = Buffer.from(data), block = Buffer.from(`NATS/1.0\r\n${lines}\r\n`, "latin1");
        const sizes = `${block.length} ${block.length + body.length}`;
        const first = `HPUB ${subject} ${reply && `${reply} `}${sizes}\r\n`;
        this.say(Buffer.concat([first, block, body, "\r\n"].map((part) => Buffer.from(part))));
    }

    // The first message that CHECK likes, of those that came and come.
    async message(check, what) {
        const here = this.messages.find(check);
        if (here) return here;
        return inTime(new Promise((resolve) => this.#waiting.push({ check, resolve })), what);
    }

    // Asks with REPLY as the inbox, which must be subscribed already.
    request(subject, data, reply, headers) {
        this.publish(subject, data, { reply, headers });
        return this.message((m) => m.subject === reply, `an answer of ${subject}`);
    }

    close() {
        this.socket.removeAllListeners("close").destroy();
    }

    #take(data) {
        this.#input = Buffer.concat([this.#input, data]);
        for (let end; (end = this.#input.indexOf("\r\n")) >= 0;) {
            const line = this.#input.subarray(0, end).toString("latin1");
            const words = line.split(" ");
            const size = /^H?MSG$/.test(words[0]) ? Number(words.at(-1)) + 2 : 0;
            if (this.#input.length < end + 2 + size) return;
            const body = this.#input.subarray(end + 2, end + size);
            this.#input = this.#input.subarray(end + 2 + size);
            this.#obey(words, line, body);
        }
    }

    #obey([verb, ...words], line, body) {
        if (verb === "PING") this.say("PONG\r\n");
        if (verb === "PONG") this.#pongs.shift()?.resolve();
        if (verb === "-ERR") this.errors.push(line.slice(6, -1));
        if (verb === "MSG") this.#deliver(words, words.length === 4 ? words[2] : "", [], body);
        if (verb === "HMSG") {
            const split = Number(words.at(-2));
            const headers = parseHeaders(body.subarray(0, split));
            this.#deliver(words, words.length === 5 ? words[2] : "", headers, body.subarray(split));
        }
    }

    #deliver([subject], reply, headers, data) {
        const message = { subject, reply, headers: Object.fromEntries(headers), data: Buffer.from(data) };
        this.messages.push(message);
        this.#waiting = this.#waiting.filter(({ check, resolve }) => !check(message) || resolve(message));
    }
}

async function inTime(promise, what) {
    let timer;
    const late = new Promise((_, reject) => {
        timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), PATIENCE_MS);
    });
    try {
        return await Promise.race([promise, late]);
    } finally {
        clearTimeout(timer);
    }
}
