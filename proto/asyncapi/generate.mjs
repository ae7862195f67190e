// node generate.mjs CHECKOUT      (cmake --build build --target asyncapi does it)
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readContract } from "./contract.mjs";
import { makeYaml } from "./document.mjs";

const [checkout] = process.argv.slice(2);
writeFileSync(join(checkout, "proto/asyncapi.yaml"), makeYaml(await readContract(checkout)));
