import { setImmediate } from "node:timers/promises";

/** Asks again on every turn of the event loop, at most for ten seconds. */
export async function until(holds: () => boolean): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > 10_000) throw new Error("waited ten seconds in vain");
    await setImmediate();
  }
}

/** Some turns of the event loop, sockets included: time enough for anything that was going to happen by itself. */
export async function aWhile(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await setImmediate();
}
