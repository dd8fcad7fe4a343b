import { AsyncLocalStorage } from "node:async_hooks";

/** The call that the running code belongs to. */
export const RUNNING = new AsyncLocalStorage<string>();

/** Runs `work`, and ends the watches afterwards. */
export async function during<T>(offs: readonly (() => void)[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    for (const off of offs) off();
  }
}
