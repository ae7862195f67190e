// Tries everything as everybody, prints who could what, and fails where that is not the intention.
// "No" is the server's word: a violation that names the subject. "Yes" is its silence, and for what is
// asked of the service an answer.
import { attempts } from "./bus_roles.mjs";
import { rigFromArguments } from "./bus_rig.mjs";

const rig = rigFromArguments();

async function mayIt(client, { verb, subject, queue }) {
    const sid = client[verb](subject, verb === "subscribe" ? queue : "");
    const complaints = await client.settle();
    if (sid) client.unsubscribe(sid);
    const refusal = `Permissions Violation for ${sid ? "Subscription" : "Publish"} to "${subject}"`;
    const strange = complaints.filter((text) => !text.startsWith(refusal));
    if (strange.length > 0) throw new Error(`${verb} ${subject}: ${strange}`);
    return complaints.length === 0;
}

// Whoever is not refused must be heard: an error of the service's is an answer, silence is none.
async function isAnswered(client, { subject }, inbox) {
    const reply = `${inbox}.${Math.random()}`.replace("0.", "");
    const sid = client.subscribe(reply);
    const answer = await client.request(subject, "", reply);
    client.unsubscribe(sid);
    return answer.headers.Status !== "503";
}

async function judge(client, role, group, tries) {
    const may = [];
    for (const one of tries) may.push(await mayIt(client, one));
    if (group.startsWith("ask") && may.every(Boolean))
        for (const one of tries)
            if (!(await isAnswered(client, one, role.inbox))) throw new Error(`nobody serves ${one.subject}`);
    return { may, tries, intended: role.may.includes(group) };
}

function mark({ may, intended }) {
    if (may.length === 0) return "-";
    const as = may.every(Boolean) ? "yes" : may.some(Boolean) ? "some" : ".";
    return may.every((one) => one === intended) ? as : `${as}!`;
}

const matrix = new Map();
for (const role of rig.roles) {
    const client = await rig.login(role.name);
    for (const [group, tries] of Object.entries(attempts(role, rig.roles)))
        matrix.set(group, [...(matrix.get(group) ?? []), await judge(client, role, group, tries)]);
    const unknown = role.may.filter((group) => !matrix.has(group));
    if (unknown.length > 0) throw new Error(`${role.name}: no such group: ${unknown}`);
    client.close();
}

const line = (title, cells) => console.log(title.padEnd(32) +
    cells.map((cell, i) => cell.padEnd(rig.roles[i].name.length + 2)).join("").trimEnd());
line(rig.layout, rig.roles.map(({ name }) => name));
let deviations = 0, tried = 0;
for (const [group, row] of matrix) {
    line(group, row.map(mark));
    row.forEach(({ may, tries, intended }, i) => may.forEach((one, k) => {
        tried++;
        if (one === intended) return;
        deviations++;
        console.error(`! ${rig.roles[i].name} ${one ? "may" : "may not"} ${tries[k].verb} ${tries[k].subject}`);
    }));
}
console.log(`${tried} attempts, ${deviations} not as intended`);
process.exitCode = deviations > 0 ? 1 : 0;
