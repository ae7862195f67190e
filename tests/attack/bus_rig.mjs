// The rig that bus_lib.sh has started: where it is, and the logins of its roles.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "./bus_client.mjs";
import { LAYOUTS } from "./bus_roles.mjs";

// node ... LAYOUT FOLDER PORT
export function rigFromArguments() {
    const [layout, folder, port] = process.argv.slice(2);
    const publicKeys = new Map(readFileSync(join(folder, "keys.conf"), "utf8").split("\n")
        .map((line) => line.split(" = ")));
    const roles = LAYOUTS[layout];
    return {
        layout, folder, roles,
        // A connection of the role with that NAME.
        async login(name) {
            const { key } = roles.find((role) => role.name === name);
            const seed = join(folder, `${key.toLowerCase().replaceAll("_", "-")}.nk`);
            const client = await Client.open({ port, ca: join(folder, "ca.pem"), seed, nkey: publicKeys.get(key) });
            return Object.assign(client, { nkey: publicKeys.get(key) });
        },
    };
}
