// One client of one wire in a process of its own: it pays for its own garbage and its own compiled code.
// argv: wire, side ("ours" | "sdk"), origin. Answers { run: column, units } with CPU microseconds per unit.
import { pairs } from "./clients.ts";

const [wire, side, origin] = process.argv.slice(2) as [string, "ours" | "sdk", string];
const bench = pairs(origin);
const client = bench.pairs.find((pair) => pair.wire === wire)?.[side];
if (client === undefined) throw new Error(`no client ${wire} ${side}`);

async function many(count: number, inFlight: number, run: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** What a column does with a number of calls or streams. */
const WORK: Readonly<Record<string, (count: number) => Promise<void>>> = {
  call: (count) => many(count, 1, () => client.call()),
  "call-16": (count) => many(count, 16, () => client.call()),
  stream: (count) => many(count, 1, () => client.stream()),
};

process.on("message", async ({ column, count }: { column: string; count: number }) => {
  if (column === "end") {
    await bench.close();
    process.disconnect();
    return;
  }
  const before = process.cpuUsage();
  await WORK[column]?.(count);
  const { user, system } = process.cpuUsage(before);
  process.send?.((user + system) / count);
});
