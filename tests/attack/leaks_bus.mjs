// Requests over the bus whose secrets become canaries by the names of their fields, so that none is
// forgotten; and everything that came back, to be searched.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Phone } from "../e2e/node/support/phone.mjs";
import { word } from "./leaks_rig.mjs";

const SECRET_FIELDS = {
    password: "password", code: "code", recoveryCode: "recovery code", recoveryCodes: "recovery code",
    stepToken: "step token", secret: "secret", nextPageToken: "page token", passwordHash: "password hash",
};
const PICTURES = ["qrSvg", "qrPng"];
const secretOf = (uri) => new URL(uri).searchParams.get("secret");

// Hard to carry through any escape, and with letters that every escape leaves alone.
export const password = () => `Ö"\\% &é'${word()}/;\u2028`.replace("\u2028", "<");
const base64 = (n) => randomBytes(n).toString("base64").replaceAll("=", "");
export const passwordHash = () => `$scrypt$ln=4,r=8,p=1$${base64(16)}$${base64(32)}`;
export const randomCode = (digits = 8) => String(Math.floor(Math.random() * 10 ** digits)).padStart(digits, "0");

export class Caller {
    // RECORD: {replies, events}, shared with the callers of other organizations.
    constructor(twofold, canaries, record = { replies: [], events: [] }) {
        Object.assign(this, { twofold, canaries, record });
    }

    at(org) {
        return new Caller(this.twofold.at(org), this.canaries, this.record);
    }

    // Keeps every audit event as it is on the bus.
    listen() {
        this.twofold.bus.subscribe("twofold.audit.v1.>", {
            callback: (_, message) => this.record.events.push(Buffer.concat([
                Buffer.from(`${message.subject}\n`), headerBytes(message.headers), message.data])),
        });
    }

    // EXPECTED: "OK", or the reason of the refusal. The reply's fields.
    async ask(service, method, fields = {}, expected = "OK", options = {}) {
        this.#remember(fields);
        const { requestType, responseType } = this.twofold.root.lookupService(`twofold.v1.${service}`).methods[method];
        const reply = await this.twofold.send(service, method, this.twofold.encode(requestType, fields),
            options);
        const code = reply.headers?.get("Nats-Service-Error-Code");
        const body = this.twofold.decode(code ? "Error" : responseType, reply.data);
        assert.equal(code ? body.reason : "OK", expected, `${service}.${method}`);
        this.#remember(body);
        this.#keep(`${service}.${method}`, reply, code ? null : body);
        return { ...body, raw: reply.data };
    }

    // Bytes that are no request; any refusal will do.
    async send(service, method, payload, options) {
        const reply = await this.twofold.send(service, method, payload, options);
        assert.ok(reply.headers?.get("Nats-Service-Error-Code"), `${service}.${method} took it`);
        this.#keep(`${service}.${method}`, reply, null);
    }

    #remember(fields) {
        for (const [field, sort] of Object.entries(SECRET_FIELDS))
            for (const value of [fields[field] ?? []].flat()) if (value) this.canaries.add(sort, value);
        for (const uri of [fields.otpauthUri ?? [], fields.otpauthUris ?? []].flat())
            if (URL.canParse?.(uri) && secretOf(uri)) this.canaries.add("secret", secretOf(uri));
        if (fields.qrSvg) this.canaries.addPiece("QR code", middle(Buffer.from(fields.qrSvg)));
        if (fields.qrPng?.length) this.canaries.addPiece("QR code", middle(Buffer.from(fields.qrPng)));
    }

    // A refusal as it is; of an answer, what is left without the fields that are there to tell secrets.
    #keep(name, reply, body) {
        const rest = Object.entries(body ?? {}).filter(([field]) =>
            !(field in SECRET_FIELDS || field === "otpauthUri" || PICTURES.includes(field)));
        const shown = body ? Buffer.from(JSON.stringify(rest)) : reply.data;
        this.record.replies.push({ name: `the reply to ${name}`,
            bytes: Buffer.concat([headerBytes(reply.headers), shown]) });
    }

    // A user with a password.
    async register(username) {
        const user = { username, password: password() };
        await this.ask("Admin", "PutUser", user);
        return user;
    }

    async token({ username, password }) {
        return (await this.ask("Login", "ConfirmPassword", { username, password })).stepToken;
    }

    // Enrolled the long way, without a step left out.
    async enrol(username, label) {
        const user = await this.register(username);
        const stepToken = await this.token(user);
        const begun = await this.ask("Enrollment", "Begin", { stepToken, label });
        const phone = phoneOf(begun.otpauthUri);
        const proof = { stepToken, code: this.fresh(phone), secret: begun.secret };
        const { recoveryCodes } = await this.ask("Enrollment", "Confirm", proof);
        await this.ask("Enrollment", "Complete", { stepToken });
        return { ...user, phone, recoveryCodes };
    }

    // With an authenticator that was imported: no code of it is spent.
    async imported(username, digits = 8) {
        const user = await this.register(username);
        const { uri } = Phone.ofItsOwn(username);
        const phone = phoneOf(`${uri.replace(/digits=\d+/, `digits=${digits}`)}`);
        await this.ask("Admin", "ImportAuthenticator", { username, otpauthUri: phone.uri });
        return { ...user, phone };
    }

    fresh(phone) {
        const code = phone.code();
        this.canaries.add("code", code);
        return code;
    }
}

export function phoneOf(uri) {
    return new Phone(uri);
}

// A code that belongs to no step around now.
export function wrongCode(phone) {
    const near = Array.from({ length: 11 }, (_, i) => phone.at(phone.now - 5 + i));
    for (;;) {
        const code = randomCode(phone.totp.digits);
        if (!near.includes(code)) return code;
    }
}

export function headerBytes(headers) {
    return Buffer.from([...(headers ?? [])].map(([name,
        values]) => `${name}: ${values.join(", ")}\n`).join(""));
}

const middle = (bytes, n = 200) => bytes.subarray((bytes.length - n) >> 1, (bytes.length + n) >> 1);
