// Answers $SRV.STATS.twofold of the bus at PORT as an instance that is being stopped, on this host, MS late each
// time. Says "ready" when it is asked from then on.
import { connect } from "node:net";
import { hostname } from "node:os";

const [port, ms] = process.argv.slice(2).map(Number);
const answer = JSON.stringify({ type: "io.nats.micro.v1.stats_response", name: "twofold", id: "slow", version: "0",
    data: { health: { host: hostname(), state: "stopping" } } });
const bus = connect(port, "127.0.0.1");
let text = "";
bus.write('CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB $SRV.STATS.twofold 1\r\nPING\r\n');
bus.on("data", (data) => {
    text += data;
    const lines = text.split("\r\n");
    text = lines.pop();
    for (const line of lines) {
        if (line === "PONG") console.log("ready");
        if (line === "PING") bus.write("PONG\r\n");
        const [kind, , , inbox] = line.split(" ");
        if (kind === "MSG") setTimeout(() => bus.write(`PUB ${inbox} ${answer.length}\r\n${answer}\r\n`), ms);
    }
});
