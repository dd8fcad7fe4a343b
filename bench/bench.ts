// CPU per call and per delta against the official SDKs on the same Node. Each side runs in a process of its own, the
// rounds of the two sides alternate, medians of the ratios are quoted. Wall time on a shared machine is noise; CPU is not.
// node bench/bench.ts [--rounds 7] [--calls 1000] [--streams 30] [--json]
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    calls: { type: "string", default: "1000" },
    streams: { type: "string", default: "30" },
    json: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
const DELTAS = 300;
/** The compiler settles only after thousands of calls; both sides get the same time for it. */
const WARM_UP_ROUNDS = 5;

const COLUMNS = [
  { column: "call", what: "call, 1 in flight", count: Number(values.calls), per: 1 },
  { column: "call-16", what: "call, 16 in flight", count: Number(values.calls), per: 1 },
  { column: "stream", what: "stream burst, per delta", count: Number(values.streams), per: DELTAS },
];
const WIRES = ["openai", "anthropic", "google"];

function start(file: string, ...argv: string[]): ChildProcess {
  // SDKs print warnings about models on the console.
  return fork(fileURLToPath(new URL(file, import.meta.url)), argv, { stdio: ["ignore", "inherit", "ignore", "ipc"] });
}

async function ask(side: ChildProcess, column: string, count: number): Promise<number> {
  side.send({ column, count });
  const [cpu] = (await once(side, "message")) as [number];
  return cpu;
}

const median = (numbers: readonly number[]) =>
  numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN;

const upstream = start("./upstream.ts");
const [port] = (await once(upstream, "message")) as [number];
const rows: { wire: string; what: string; ours: number; sdk: number; ratio: number }[] = [];

for (const wire of WIRES) {
  const origin = `http://127.0.0.1:${port}`;
  const [ours, sdk] = [start("./side.ts", wire, "ours", origin), start("./side.ts", wire, "sdk", origin)];
  for (const { column, what, count, per } of COLUMNS) {
    const measured: { ours: number; sdk: number }[] = [];
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
      const pair = { ours: await ask(ours, column, count), sdk: await ask(sdk, column, count) };
      if (round >= 0) measured.push(pair);
    }
    rows.push({
      wire,
      what,
      ours: median(measured.map((pair) => pair.ours)) / per,
      sdk: median(measured.map((pair) => pair.sdk)) / per,
      ratio: median(measured.map((pair) => pair.ours / pair.sdk)),
    });
  }
  for (const side of [ours, sdk]) side.send({ column: "end", count: 0 });
}
upstream.kill();

if (values.json) console.log(JSON.stringify({ node: process.version, rows }, null, 2));
else {
  console.log(`node ${process.version}, ${rounds} rounds, CPU microseconds, medians; ratio = modelwright / SDK`);
  for (const { wire, what, ours, sdk, ratio } of rows)
    console.log(
      `${wire.padEnd(10)} ${what.padEnd(24)} ${ours.toFixed(1).padStart(7)} ${sdk.toFixed(1).padStart(7)}   ${ratio.toFixed(2)}`,
    );
}
