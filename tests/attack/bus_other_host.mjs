// A server on the way to the bus whose greeting names another host to go to as well, and that other host.
// The greeting comes before TLS, so whoever sits on the way can put anything there.
//   node ... REAL-PORT FOLDER   hands everything on to the bus at REAL-PORT, but for the greeting
//   node ... 0 FOLDER           only greets, and hangs up
// FOLDER has the other host's server.pem and server.key. The first line of standard output is the port here;
// then "greeted" for each greeting, "visited" for each connection to the other host, "told ..." with what it
// is told, and, while the way to the bus is shut, "turned away" for each that tries. A line "shut" or "open"
// on standard input does so.
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { createInterface } from "node:readline";
import { TLSSocket } from "node:tls";

const [realPort, folder] = process.argv.slice(2);
const INFO = { server_id: "OTHER", version: "2.9.10", proto: 1, host: "x", port: 1, headers: true,
    max_payload: 262144, tls_required: true, auth_required: true, nonce: "chosen-by-the-other" };
const identity = { key: readFileSync(`${folder}/server.key`), cert: readFileSync(`${folder}/server.pem`) };
const say = (text) => console.log(text);
const listen = (treat) => new Promise((resolve) => {
    const server = createServer((socket) => {
        socket.on("error", () => {});
        treat(socket);
    });
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
});
const greeting = (info) => `INFO ${JSON.stringify(info)}\r\n`;

const otherPort = await listen((socket) => {
    say("visited");
    socket.write(greeting(INFO));
    const secured = new TLSSocket(socket, { isServer: true, ...identity });
    secured.on("error", () => {});
    secured.on("data", (data) => {
        say(`told ${data.toString("latin1").split(" ")[0]}`);
        if (data.includes("PING")) secured.write("PONG\r\n");
    });
});
const connect_urls = [`localhost:${otherPort}`];

function onlyGreet(socket) {
    socket.end(greeting({ ...INFO, connect_urls }));
    say("greeted");
}

const open = new Set();
let shut = false;
function handOn(socket) {
    if (shut) {
        say("turned away");
        return socket.destroy();
    }
    const bus = connect(Number(realPort), "127.0.0.1");
    const hangUp = () => [socket, bus].forEach((one) => open.delete(one) && one.destroy());
    [socket, bus].forEach((one) => open.add(one).has(one) && one.on("close", hangUp));
    bus.on("error", hangUp);
    socket.on("data", (data) => bus.write(data));
    bus.once("data", (first) => {
        const info = JSON.parse(first.toString().slice("INFO ".length));
        socket.write(greeting({ ...info, connect_urls }));
        say("greeted");
        bus.on("data", (data) => socket.write(data));
    });
}
createInterface({ input: process.stdin }).on("line", (line) => {
    shut = line === "shut";
    if (shut) for (const socket of [...open]) socket.destroy();
});
say(await listen(realPort === "0" ? onlyGreet : handOn));
