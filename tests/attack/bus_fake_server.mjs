// Something on the bus's port that is no NATS server, or a hostile one. Says its port on the first line of
// standard output, then "treated" for each connection that it has treated in the manner MODE, and "told" for
// each that has begun to log in.
import { createServer } from "node:net";

const INFO = JSON.stringify({ server_id: "FAKE", server_name: "fake", version: "2.9.10", proto: 1, go: "go1.19",
    host: "127.0.0.1", port: 4222, headers: true, max_payload: 1048576, nonce: "0123456789abcdef" });
const CHUNK = 4096;

// Sends TEXT in pieces of SIZE, a moment apart, so that each is read by itself.
function drip(socket, text, size, ms) {
    const send = (at) => {
        if (socket.destroyed || at >= text.length) return;
        socket.write(text.slice(at, at + size));
        setTimeout(send, ms, at + size);
    };
    send(0);
}

const MODES = {
    close: (socket) => socket.end(),
    silence: () => {},
    garbage: (socket) => socket.write(Buffer.from(Array.from({ length: 65536 }, (_, i) => (i * 73) ^ (i >> 3)))),
    zeros: (socket) => socket.write(Buffer.alloc(1 << 20)),
    http: (socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
    "endless-line": (socket) => socket.write(`INFO ${"x".repeat(1 << 20)}`),
    "large-info": (socket) => socket.write(`INFO {"server_id":"${"x".repeat(1 << 20)}"}\r\n`),
    "deep-info": (socket) => socket.write(`INFO ${"[".repeat(1 << 16)}\r\n`),
    "broken-info": (socket) =>
        socket.write('INFO {"server_id":"FAKE","max_payload":-9e999,"connect_urls":[1,{}]}\r\n'),
    "empty-info": (socket) => socket.write("INFO\r\n"),
    "fragmented-info": (socket) => drip(socket, `INFO ${INFO}\r\n`, 7, 5),
    "fragmented-large-info": (socket) => drip(socket, `INFO {"server_id":"${"x".repeat(1 << 17)}"}\r\n`, CHUNK, 2),
    "slow-drip": (socket) => drip(socket, `INFO ${INFO}\r\n`, 1, 100),
    "info-then-silence": (socket) => socket.write(`INFO ${INFO}\r\n`),
    "info-then-plain": (socket) => {
        socket.write(`INFO ${INFO.replace("{", '{"tls_required":true,')}\r\n`);
        socket.once("data", () => socket.write("PONG\r\n".repeat(1000)));
    },
    "info-then-close": (socket) => socket.end(`INFO ${INFO}\r\n`),
    "info-then-flood": (socket) => {
        socket.write(`INFO ${INFO}\r\n`);
        socket.once("data", () => drip(socket, "-ERR 'x".padEnd(1 << 18, "y"), CHUNK, 2));
    },
    "info-then-lies": (socket) => {
        socket.write(`INFO ${INFO}\r\n`);
        socket.once("data", () => socket.write("PONG\r\nMSG a 1 -5\r\n\r\nHMSG _INBOX 1 999999999 3\r\n" +
            "MSG \r\nMSG x 1 4294967295\r\n"));
    },
};

const mode = process.argv[2];
if (!mode) {
    console.log(Object.keys(MODES).join("\n"));
} else {
    const server = createServer((socket) => {
        socket.on("error", () => {});
        socket.on("data", (data) => data.includes("CONNECT {") && console.log("told"));
        MODES[mode](socket);
        console.log(`treated ${mode}`);
    });
    server.listen(0, "127.0.0.1", () => console.log(server.address().port));
}
