// Waiting for events, never for time to pass.
import { once } from "node:events";

// What CHECK returns, once that is true: it is asked again whenever EMITTER emits "change".
export async function until(emitter, check, what, ms = 15_000) {
    const signal = AbortSignal.timeout(ms);
    for (let found; ;) {
        if ((found = check())) return found;
        try {
            await once(emitter, "change", { signal });
        } catch {
            throw new Error(`waited ${ms} ms in vain for ${what}`);
        }
    }
}
