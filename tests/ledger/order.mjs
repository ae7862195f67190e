// Are the events of an export in order, chain by chain, each of them once?
//
//     node order.mjs EXPORT     prints what is not, then how many events there are of each type
import { readFileSync } from 'node:fs';
import { Chains } from './chains.mjs';

const chains = new Chains();
const types = new Map();
let wrong = 0;
for (const line of readFileSync(process.argv[2], 'utf8').split('\n').filter(Boolean)) {
  const { data } = JSON.parse(line);
  for (const text of chains.take(data)) {
    console.log(text);
    wrong += 1;
  }
  types.set(data.type, (types.get(data.type) ?? 0) + (Number(data.span?.count ?? 0) || 1));
}
for (const [type, n] of types) console.log(`${n} ${type}`);
process.exit(wrong === 0 && types.size > 0 ? 0 : 1);
