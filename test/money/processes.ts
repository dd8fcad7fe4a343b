import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LEDGER_LEASE_MS } from "../../src/core/ledger.ts";
import { ModelFactory } from "../../src/index.ts";
import { Beats } from "./beats.ts";
import type { Grants } from "./grants.ts";
import { MAX_TOKENS, Provider, type Rate, type Rates, type Served } from "./provider.ts";
import type { BookedRow, Durability, Stores } from "./stores.ts";

const PROCESSES = 8;

export interface Plan {
  readonly stores: Stores;
  readonly kills: number;
  readonly callers: number;
  readonly durability?: Durability | undefined;
  /** Ends the leases of killed processes instead of waiting for it. */
  readonly hurry?: boolean;
}

/** Amounts in nano-USD, times of `performance.now()`. */
export interface Spending {
  readonly limit: number;
  readonly grants: Grants;
  readonly spent: number;
  /** What the store has for each process. */
  readonly spentBy: ReadonlyMap<string, number>;
  /** Reserved when the leases of killed processes have ended. */
  readonly reserved: number;
  /** Until nothing was reserved, from the end of the last lease of a killed process and of all calls. */
  readonly freedAfterMs: number;
  readonly served: readonly Served[];
  readonly bill: number;
  readonly rows: readonly BookedRow[];
  /** When a process was killed, by its name. */
  readonly killedAtMs: ReadonlyMap<string, number>;
  readonly beats: ReadonlyMap<string, Beats>;
  readonly refusals: readonly string[];
  /** What processes printed besides: unexpected errors. */
  readonly complaints: readonly string[];
}

/** Lets eight processes spend one budget, and kills some of them on the way. */
export async function spendTogether(plan: Plan): Promise<Spending> {
  const { stores, kills, callers, hurry } = plan;
  const folder = mkdtempSync(join(tmpdir(), "modelwright-money-"));
  const prices = somePrices();
  const provider = await Provider.start(Math.random, ratesOf(prices));
  const file = join(folder, "models.toml");
  // A killed process leaves up to two reservations for each of its callers: a request and a hedge.
  const lostUsd = (kills * callers * MAX_TOKENS * (prices.dear.output + prices.cheap.output)) / 1e6;
  const limitUsd = 10 + Math.ceil(lostUsd);
  const limit = limitUsd * 1e9;
  writeFileSync(file, tomlFor(provider.url, prices, limitUsd, plan));
  const watcher = await ModelFactory.load(file, { env: {}, catalog: false });
  await watcher.budgets.status();
  const watch = await stores.watch(limit);
  const crowd = new Crowd(file, callers);
  try {
    for (let count = 0; count < PROCESSES; count++) crowd.start();
    await crowd.spend(kills, provider);
    const endedMs = Math.max(performance.now(), (crowd.lastKillMs ?? 0) + LEDGER_LEASE_MS);
    if (hurry === true) await stores.endLeases();
    const { all, each } = await settled(watcher);
    const freedAfterMs = Math.max(0, performance.now() - endedMs);
    if (plan.durability !== undefined) await everythingEnded(watcher);
    return {
      ...{ limit, grants: await watch.read(), spent: nano(all.spent), reserved: nano(all.reserved), freedAfterMs },
      spentBy: new Map(each.map(({ per, spent }) => [per?.["tag"] ?? "", nano(spent)])),
      ...{ served: provider.served, bill: provider.bill, killedAtMs: crowd.killedAtMs, beats: crowd.beats },
      rows: plan.durability === undefined ? [] : await stores.rows(),
      ...{ refusals: crowd.refusals, complaints: crowd.complaints },
    };
  } finally {
    crowd.end();
    await watch.close();
    await watcher.close();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The processes that spend. */
class Crowd {
  readonly killedAtMs = new Map<string, number>();
  readonly beats = new Map<string, Beats>();
  readonly refusals: string[] = [];
  readonly complaints: string[] = [];
  readonly #argv: readonly string[];
  readonly #running = new Map<string, ChildProcess>();
  #started = 0;

  constructor(file: string, callers: number) {
    this.#argv = [join(import.meta.dirname, "spend.ts"), file, String(callers)];
  }

  get lastKillMs(): number | undefined {
    return [...this.killedAtMs.values()].at(-1);
  }

  start(): void {
    const name = `p${++this.#started}`;
    const child = spawn(process.execPath, [...this.#argv, name], { stdio: "pipe" });
    this.#running.set(name, child);
    const beats = new Beats();
    this.beats.set(name, beats);
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output += String(chunk);
      });
    child.on("close", () => {
      this.#running.delete(name);
      // The last line of a killed process may be incomplete.
      for (const line of output.split("\n").slice(0, -1))
        if (beats.read(line)) continue;
        else if (line.startsWith("refused ")) this.refusals.push(line);
        else this.complaints.push(line);
    });
  }

  /** Until all have ended. Kills processes at random, each some time after its first requests. */
  async spend(kills: number, { served }: Provider): Promise<void> {
    while (this.#running.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 100 + Math.random() * 200));
      if (this.killedAtMs.size >= kills) continue;
      const active = new Set(served.map(({ user }) => user.split("-")[0] ?? ""));
      const victims = [...this.#running.keys()].filter((name) => active.has(name));
      const victim = victims[Math.floor(Math.random() * victims.length)];
      if (victim !== undefined) await this.#kill(victim);
    }
  }

  async #kill(name: string): Promise<void> {
    const child = this.#running.get(name);
    if (child === undefined) return;
    child.kill("SIGKILL");
    const atMs = performance.now();
    await once(child, "close");
    // It may have ended by itself.
    if (child.signalCode !== "SIGKILL") return;
    this.killedAtMs.set(name, atMs);
    this.start();
  }

  end(): void {
    for (const child of this.#running.values()) child.kill("SIGKILL");
  }
}

const PATIENCE_MS = 60_000;

/** Waits until the leases of killed processes are over. */
async function settled(watcher: ModelFactory) {
  const startMs = performance.now();
  for (;;) {
    const [all] = await watcher.budgets.status("all");
    const each = await watcher.budgets.status("each");
    if (all === undefined) throw new Error("no budget");
    if (all.reserved === 0 || performance.now() - startMs > PATIENCE_MS) return { all, each };
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Waits until the rows of killed processes are lost. */
async function everythingEnded({ ledger }: ModelFactory): Promise<void> {
  const startMs = performance.now();
  for (;;) {
    const [sum] = await ledger.query();
    if (sum?.open === 0) return;
    if (performance.now() - startMs > PATIENCE_MS) throw new Error(`${sum?.open} rows are still open`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

type Prices = Readonly<Record<"dear" | "cheap", Rate>>;

/** USD for each million of tokens. */
function somePrices(): Prices {
  const between = (least: number, most: number) => least + Math.floor(Math.random() * (most - least));
  return {
    dear: { input: between(0, 300), output: between(500, 1_500) },
    cheap: { input: between(0, 30), output: between(50, 150) },
  };
}

function ratesOf(prices: Prices): Rates {
  const rate = ({ input, output }: Rate) => ({ input: input * 1_000, output: output * 1_000 });
  return { dear: rate(prices.dear), cheap: rate(prices.cheap) };
}

function nano(usd: number): number {
  return Math.round(usd * 1e9);
}

function tomlFor(url: string, { dear, cheap }: Prices, limitUsd: number, { stores, durability }: Plan): string {
  const ledger = durability === undefined ? "" : `[ledger]\n${stores.ledger}\ndurability = "${durability}"`;
  return `
[defaults]
provider = "loopback"
custom_llm_provider = "openai"
base_url = "${url}"
auth_header = "none"
max_new_tokens = ${MAX_TOKENS}
num_retries = 1
retry_min_wait = "1ms"
circuit_breaker = false

[models.dear]
name = "dear"
pricing = { input = ${dear.input}, output = ${dear.output} }
fallback_models = ["cheap"]
hedge_after = "15ms"

[models.cheap]
name = "cheap"
pricing = { input = ${cheap.input}, output = ${cheap.output} }

[budgets.all]
usd = ${limitUsd}
period = "total"
on_exceeded = "fallback"
max_wait = "5s"

[budgets.each]
usd = 1_000_000
period = "total"
per = ["tag"]

[state]
${stores.state}
timeout = "10s"

${ledger}
`;
}
