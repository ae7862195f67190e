// The command line, in text and in JSON: every command that reads or prints secrets, its yes and its no,
// and once on a terminal, where typing must not be echoed.
import { password, phoneOf, randomCode, wrongCode } from "./leaks_bus.mjs";

const URI = /otpauth:\/\/[^\s"\\]+/;
const uriIn = (text) => text.match(URI)[0];

// A user that enrols by the command line; the phone.
async function enrol(rig, org, args, user, words) {
    await rig.cli([...args, "user", "put", user], [["password", words]]);
    let phone;
    await rig.cli([...args, "enroll", user], [
        ["password", words],
        [URI, ([uri]) => ["code", org.fresh(phone = phoneOf(uri))]],
    ], { shows: true });
    return phone;
}

async function inOneFormat(rig, org, format) {
    const args = ["--org", "canary", ...format], user = `cli-${format.length}`, words = password();
    const phone = await enrol(rig, org, args, user, words);
    const code = () => ["code", org.fresh(phone)], wrong = () => ["code", wrongCode(phone)],
        secret = ["password", words];
    const no = { code: 1 };
    await rig.cli([...args, "verify", user, "--purpose", rig.plant("argument")], [code()]);
    await rig.cli([...args, "verify", user], [wrong()], no);
    await rig.cli([...args, "verify", user], [["password", password()]], { code: 2 });
    await rig.cli([...args, "login", user], [secret, wrong()], { ...no, shows: format.length > 0 });
    await rig.cli([...args, "login", "--code", user], [["password", password()], ["code",
        randomCode()]], no);
    const fresh = await rig.cli([...args, "recovery", user], [secret, code()], { shows: true });
    const recovery = fresh.match(/[0-9A-Z]{5}(-[0-9A-Z]{5}){4}/g);
    await rig.cli([...args, "login", user, "--recovery"], [secret, ["recovery code", recovery[0]]],
        { shows: format.length > 0 });
    await rig.cli([...args, "verify", user, "--recovery"], [["recovery code", recovery[0]]], no);
    await rig.cli([...args, "verify", user, "--recovery"], [["recovery code", recovery[1]]]);
    await rig.cli([...args, "token", user], [], { shows: true });
    await rig.cli([...args, "status", "bob"]);
    for (const command of [["user", "list"], ["policy", "show"], ["policy", "set", "mode=optional"],
        ["unlock", user], ["ping"]])
        await rig.cli([...args, ...command]);
    await rig.cli([...args, "disable", user], [secret, wrong()], { ...no, shows: format.length > 0 });
    await rig.cli([...args, "disable", user, "--recovery"], [secret, ["recovery code", recovery[2]]],
        { shows: format.length > 0 });
    const { uri } = (await org.imported(`${user}-import`)).phone;
    const take = { sort: "secret", text: new URL(uri).searchParams.get("secret") };
    org.canaries.add(take.sort, take.text);
    await rig.cli([...args, "import", user], [["uri", uri]]);
    await rig.cli([...args, "import", user], [["uri", uri.replace("secret", "sekret")]], { code: 2 });
    await rig.cli([...args, "reset", user]);
    await rig.cli([...args, "user", "delete", user]);
}

// Six digits, as most apps have them.
async function withShortCodes(rig, caller) {
    const org = caller.at("default");
    const phone = await enrol(rig, org, [], "cli", password());
    await rig.cli(["verify", "cli"], [["code", org.fresh(phone)]]);
    await rig.cli(["verify", "cli"], [["code", wrongCode(phone)]], { code: 1 });
}

async function onATerminal(rig, org) {
    const words = password(), args = ["--org", "canary"], user = "terminal";
    const typed = (prompt, ...line) => [prompt, () => line];
    await rig.cli([...args, "user", "put", user], [
        typed(/New password: $/, "password", words), typed(/New password again: $/, "password", words),
    ], { terminal: true });
    await rig.cli([...args, "login", user], [typed(/Password: $/, "password", password())],
        { terminal: true, code: 1 });
    const { phone } = await org.imported("terminal-2");
    await rig.cli([...args, "verify", "terminal-2"], [typed(/Code: $/, "code", org.fresh(phone))],
        { terminal: true });
}

export async function commandLine(rig, caller) {
    const org = caller.at("canary");
    await inOneFormat(rig, org, []);
    await inOneFormat(rig, org, ["--json"]);
    await withShortCodes(rig, caller);
    await onATerminal(rig, org);
}

// `audit tail`, from now on; end() ends both.
export function tails(rig) {
    return Promise.all([[], ["--json"]].map((format) => rig.watch([...format, "--org", "canary",
        "audit", "tail", "--follow"])));
}
