// The outbox holds this many events at least; older ones go, so many at once.
export const KEPT = 100_000;
export const TRIMMED_AT_ONCE = 1000;
