// Prints CPU time per call and per delta as a share of the official SDK's time in the same run, in Markdown tables.
// Wall time would depend on the load of the machine.
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { ClientName } from "./client.ts";
import { type Measured, Upstream } from "./measure.ts";
import { MONEY_TARGET_US, moneyCosts } from "./money.ts";
import { PEERS, type PeerName } from "./peers.ts";
import { SCENARIO_TEXTS, SCENARIOS, type ScenarioName, WIRES, type Wire, WORDS } from "./scenarios.ts";
import { AI_SDK_DELTA_TARGET, callTarget, deltaTarget, PEER_TARGET } from "./targets.ts";

const HELP = `npm run bench -- [options]

  --wires LIST       ${WIRES.join(",")}
  --scenarios LIST   ${Object.keys(SCENARIOS).join(",")}
  --in-flight LIST   1,16
  --rounds N         5; 9 or more for figures to publish
  --no-calls         only streams
  --no-streams       only calls
  --peers            other libraries too; first: npm install --prefix bench
  --only-peers       nothing else
  --money            only what a budget and a ledger add to a call`;

const { values: options } = parseArgs({
  options: {
    wires: { type: "string", default: WIRES.join(",") },
    scenarios: { type: "string", default: Object.keys(SCENARIOS).join(",") },
    "in-flight": { type: "string", default: "1,16" },
    rounds: { type: "string", default: "5" },
    calls: { type: "boolean", default: true },
    streams: { type: "boolean", default: true },
    peers: { type: "boolean", default: false },
    "only-peers": { type: "boolean", default: false },
    money: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
  allowNegative: true,
});

function fail(text: string): never {
  console.error(text);
  process.exit(1);
}

function listOf<T extends string>(option: "wires" | "scenarios", known: readonly T[]): T[] {
  const names = options[option].split(",");
  for (const name of names)
    if (!known.includes(name as T)) fail(`unknown name "${name}" in --${option}; known: ${known.join(", ")}`);
  return names as T[];
}

function positive(option: "in-flight" | "rounds", text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) fail(`--${option} must be a positive integer, got "${text}"`);
  return number;
}

const wires = listOf<Wire>("wires", WIRES);
const scenarios = listOf("scenarios", Object.keys(SCENARIOS) as ScenarioName[]);
const inFlights = options["in-flight"].split(",").map((text) => positive("in-flight", text));
const rounds = positive("rounds", options.rounds);

/** Calls per round. */
const CALLS: Readonly<Record<ScenarioName, number>> = { base: 200, real: 200, big: 60, huge: 40 };
const STREAMS = 12;
/** Calls or streams before the first round, while Node compiles most of the code. */
const WARM_UP = 1500;

const callColumn = (scenario: ScenarioName, inFlight: number) =>
  ({ work: "call", inFlight, count: CALLS[scenario], warmUp: WARM_UP }) as const;
const streamColumn = { work: "stream", inFlight: 1, count: STREAMS, warmUp: WARM_UP } as const;

const WIRE_TEXTS: Readonly<Record<Wire, string>> = { openai: "OpenAI chat", anthropic: "Anthropic", google: "Gemini" };

function versionOf(folder: string, name: string): string {
  const file = new URL(`${folder}/node_modules/${name}/package.json`, import.meta.url);
  if (!existsSync(file)) fail(`${name} is not installed; run: npm install --prefix bench`);
  return `${name} ${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}`;
}

function printTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  console.log(line(head));
  console.log(`|---|${"---:|".repeat(head.length - 1)}`);
  for (const row of rows) console.log(line(row));
  console.log();
}

function rowOf(what: string, [own, sdk]: readonly Measured[], target: number | undefined, digits: number): string[] {
  if (own === undefined || sdk === undefined) return fail("nothing was measured");
  const verdict = target === undefined ? [] : [target.toFixed(2), own.ratio <= target ? "yes" : "no"];
  const [bound = "", met = ""] = verdict;
  return [what, own.cpuUs.toFixed(digits), sdk.cpuUs.toFixed(digits), own.ratio.toFixed(2), bound, met];
}

const COLUMNS = ["modelwright, CPU µs", "SDK, CPU µs", "ratio", "target", "met"];
const AGAINST_SDK: readonly ClientName[] = ["modelwright", "SDK"];

async function printCalls(upstream: Upstream): Promise<void> {
  const rows: string[][] = [];
  for (const wire of wires)
    for (const scenario of scenarios) {
      const columns = inFlights.map((inFlight) => callColumn(scenario, inFlight));
      const measured = await upstream.measure({ wire, scenario, clients: AGAINST_SDK, rounds, columns });
      for (const [index, results] of measured.entries()) {
        const inFlight = inFlights[index] ?? 1;
        const what = `${WIRE_TEXTS[wire]}, ${SCENARIO_TEXTS[scenario]}, ${inFlight} in flight`;
        rows.push(rowOf(what, results, callTarget(wire, scenario, inFlight), 0));
      }
    }
  printTable(["call", ...COLUMNS], rows);
}

async function printStreams(upstream: Upstream): Promise<void> {
  const rows: string[][] = [];
  for (const wire of wires) {
    const plan = { wire, scenario: "base" as const, clients: AGAINST_SDK, rounds, columns: [streamColumn] };
    const [results = []] = await upstream.measure(plan);
    rows.push(rowOf(WIRE_TEXTS[wire], results, deltaTarget(wire), 1));
  }
  printTable(["stream, per delta", ...COLUMNS], rows);
}

async function printPeers(upstream: Upstream): Promise<void> {
  const names = Object.keys(PEERS) as PeerName[];
  const clients: ClientName[] = ["modelwright", ...names, "SDK"];
  const shared = { wire: "openai" as const, scenario: "base" as const, clients, rounds };
  const calls = await upstream.measure({ ...shared, columns: inFlights.map((count) => callColumn("base", count)) });
  const streams = await upstream.measure({ ...shared, columns: [streamColumn] });
  const heads = [...inFlights.map((count) => `call, ${count} in flight`), "stream, per delta"];
  const measured = [...calls, ...streams];
  const rows = clients.map((client, index) => [
    client,
    ...measured.map((column, at) => {
      const { cpuUs = Number.NaN, ratio = Number.NaN } = column[index] ?? {};
      return `${cpuUs.toFixed(at < calls.length ? 0 : 1)} (${ratio.toFixed(2)})`;
    }),
  ]);
  printTable(["CPU µs (ratio to the SDK)", ...heads], rows);

  const missed = names.flatMap((name, index) =>
    measured.flatMap((column, at) => {
      const share = (column[0]?.cpuUs ?? Number.NaN) / (column[index + 1]?.cpuUs ?? Number.NaN);
      const target = name === "AI SDK" && at === calls.length ? AI_SDK_DELTA_TARGET : PEER_TARGET;
      return share <= target
        ? []
        : [`- ${heads[at]}: ${share.toFixed(2)} of ${name}'s CPU; target: ${target.toFixed(2)}`];
    }),
  );
  const target = `Targets: less CPU than each of them in each column, and ${AI_SDK_DELTA_TARGET} of the AI SDK's per delta.`;
  console.log(missed.length === 0 ? `${target} All are met.` : `${target} Not met:\n\n${missed.join("\n")}`);
}

async function printMoney(): Promise<void> {
  const rows = (await moneyCosts(rounds)).map(({ with: what, cpuUs, addedUs, allAddedUs }) => [
    ...[what, cpuUs.toFixed(1), addedUs.toFixed(1), allAddedUs.map((us) => us.toFixed(1)).join(", ")],
    ...(what === "both" ? [MONEY_TARGET_US.toFixed(0), addedUs <= MONEY_TARGET_US ? "yes" : "no"] : ["", ""]),
  ]);
  printTable(["call with", "CPU µs", "added", "each process", "target", "met"], rows);
}

if (options.help) console.log(HELP);
else if (options.money) await printMoney();
else {
  const withPeers = options.peers || options["only-peers"];
  const peers = Object.values(PEERS).map(({ packageName }) => packageName);
  const versions = ["openai", "@anthropic-ai/sdk", "@google/genai"].map((name) => versionOf("..", name));
  if (withPeers) versions.push(...peers.map((name) => versionOf(".", name)));
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${date}, Node ${process.versions.node}, ${availableParallelism()} cores, ${versions.join(", ")}`);
  console.log(`Medians of ${rounds} rounds, answers of ${WORDS} words, streams of ${WORDS} deltas\n`);
  await using upstream = await Upstream.start();
  if (!options["only-peers"]) {
    if (options.calls) await printCalls(upstream);
    if (options.streams) await printStreams(upstream);
  }
  if (withPeers) await printPeers(upstream);
}
