// A user's phone: a camera that reads QR codes, and an authenticator app.
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Secret, TOTP, URI } from "otpauth";

const run = promisify(execFile);

async function scan(name, content, draw) {
    const folder = await mkdtemp(join(tmpdir(), "twofold-qr-"));
    try {
        await writeFile(join(folder, name), content);
        await draw?.(folder);
        const { stdout } = await run("zbarimg", ["--quiet", "--raw", "--nodbus", join(folder, "qr.png")]);
        return stdout.trimEnd();
    } finally {
        await rm(folder, { recursive: true });
    }
}

export function scanPng(png) {
    return scan("qr.png", png);
}

export function scanSvg(svg) {
    return scan("qr.svg", svg, (folder) =>
        run("rsvg-convert", ["--width=600", join(folder, "qr.svg"), "-o", join(folder, "qr.png")]));
}

export class Phone {
    // SKEW is that of the organization's policy.
    constructor(uri, skew = 2) {
        this.uri = uri;
        this.totp = URI.parse(uri);
        this.skew = skew;
        this.last = -Infinity;
    }

    // One that the service has not made: see Admin.ImportAuthenticator.
    static ofItsOwn(label) {
        return new Phone(new TOTP({ issuer: "Elsewhere", label, secret: new Secret({ size: 20 }) }).toString());
    }

    get now() {
        return Math.floor(Date.now() / 1000 / this.totp.period);
    }

    at(step) {
        return this.totp.generate({ timestamp: step * this.totp.period * 1000 });
    }

    // A code that was never shown before. It stays good if the next step begins on its way, so the
    // first one comes from one step after the oldest that the service takes.
    code() {
        this.last = Math.max(this.last + 1, this.now - this.skew + 1);
        if (this.last > this.now + this.skew) throw new Error("out of fresh codes");
        return this.at(this.last);
    }

    // A code that belongs to no step around now.
    wrongCode() {
        const near = new Set();
        for (let step = this.now - 5; step <= this.now + 5; step++) near.add(this.at(step));
        for (let n = 0; ; n++) {
            const code = String(n).padStart(this.totp.digits, "0");
            if (!near.has(code)) return code;
        }
    }
}
