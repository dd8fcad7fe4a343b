// The Agents SDK listens to the end of the process, to send traces. Imported before it, this removes its listeners again.
import { afterAll } from "vitest";

const EVENTS = ["beforeExit", "SIGINT", "SIGTERM", "unhandledRejection"] as const;
const before = new Map(EVENTS.map((event) => [event, process.listeners(event as "SIGINT")]));

afterAll(() => {
  for (const [event, known] of before)
    for (const listener of process.listeners(event as "SIGINT"))
      if (!known.includes(listener)) process.off(event, listener);
});
