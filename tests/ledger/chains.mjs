// Chains of events as the stream has them: in order, each event once.
export class Chains {
  #last = new Map();
  #ids = new Set();

  // What is wrong with the next event of the stream; [] when nothing is.
  take(event) {
    const wrong = [];
    const key = event.username === '' ? event.org : `${event.org}/${event.username}`;
    const last = this.#last.get(key) ?? 0;
    if (this.#ids.has(event.id)) wrong.push(`${key}: event ${event.sequence} is in the stream twice`);
    this.#ids.add(event.id);
    if (event.sequence === 0) return wrong; // a name that nobody has
    if (event.sequence !== last + 1) wrong.push(`${key}: ${event.sequence} comes after ${last}`);
    this.#last.set(key, event.type === 'user.deleted' ? 0 : event.sequence);
    return wrong;
  }
}
