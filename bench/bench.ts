// CPU per call and per delta against the official SDKs on the same Node: interleaved rounds, medians, ratios.
// node bench/bench.ts [--rounds 7] [--calls 300] [--streams 40] [--json]
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Client, pairs } from "./clients.ts";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    calls: { type: "string", default: "300" },
    streams: { type: "string", default: "40" },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const calls = Number(values.calls);
const streams = Number(values.streams);
const DELTAS = 300;

type Work = (client: Client) => Promise<number>;

/** CPU microseconds per unit of work. */
async function cpuPer(units: number, work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / units;
}

async function many(count: number, inFlight: number, run: () => Promise<unknown>): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left-- > 0) await run();
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

const COLUMNS: Readonly<Record<string, Work>> = {
  "call, 1 in flight": (client) => cpuPer(calls, () => many(calls, 1, () => client.call())),
  "call, 16 in flight": (client) => cpuPer(calls, () => many(calls, 16, () => client.call())),
  "stream burst, per delta": (client) => cpuPer(streams * DELTAS, () => many(streams, 1, () => client.stream())),
};

const median = (numbers: number[]) =>
  numbers.sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const upstream = fork(fileURLToPath(new URL("./upstream.ts", import.meta.url)));
const port = await new Promise<number>((resolve) => upstream.once("message", (message) => resolve(message as number)));
const bench = pairs(`http://127.0.0.1:${port}`);
const rows = [];
for (const { wire, ours, sdk } of bench.pairs) {
  for (const [what, work] of Object.entries(COLUMNS)) {
    await work(ours);
    await work(sdk);
    const measured = { ours: [] as number[], sdk: [] as number[], ratio: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      const [first, second] =
        round % 2 === 0 ? [await work(ours), await work(sdk)] : [await work(sdk), await work(ours)].reverse();
      measured.ours.push(first as number);
      measured.sdk.push(second as number);
      measured.ratio.push((first as number) / (second as number));
    }
    rows.push({ wire, what, ours: median(measured.ours), sdk: median(measured.sdk), ratio: median(measured.ratio) });
  }
}
await bench.close();
upstream.kill();

if (values.json) console.log(JSON.stringify({ node: process.version, rows }, null, 2));
else {
  console.log(
    `node ${process.version}, ${rounds} interleaved rounds, CPU microseconds, medians; ratio = modelwright / SDK`,
  );
  for (const { wire, what, ours, sdk, ratio } of rows)
    console.log(
      `${wire.padEnd(10)} ${what.padEnd(24)} ${ours.toFixed(1).padStart(7)} ${sdk.toFixed(1).padStart(7)}   ${ratio.toFixed(2)}`,
    );
}
