// CPU time of this thread per call with a scripted model: without and with a budget and a ledger. Counters are in memory. Rows are
// written by another thread, whose time does not count; building, keeping and sending them does.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Model, ModelFactory } from "../dist/index.js";
import { scripted } from "../dist/testing/index.js";
import { median } from "./measure.ts";

const ENTRY = `[models.m]
name = "x"
provider = "mine"
max_new_tokens = 100
pricing = { input = 3, output = 15 }
`;
const BUDGET = '[budgets.team]\nusd = 8000000\nperiod = "month"\n';
const KINDS = {
  neither: () => ENTRY,
  "a budget": () => ENTRY + BUDGET,
  "a ledger": (path: string) => `${ENTRY}[ledger]\npath = "${path}"\n`,
  both: (path: string) => `${ENTRY}${BUDGET}[ledger]\npath = "${path}"\n`,
};
type Script = ReturnType<typeof scripted>;

const CALLS = 2_000;
const WARM_UP_ROUNDS = 4;

/** The maximum of a budget and a ledger together, in microseconds per call. */
export const MONEY_TARGET_US = 8;

export interface MoneyCost {
  readonly with: string;
  /** Medians of the rounds, per call, in microseconds. */
  readonly cpuUs: number;
  readonly addedUs: number;
}

export async function moneyCosts(rounds: number): Promise<readonly MoneyCost[]> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-bench-"));
  const kinds = Object.entries(KINDS).map(([name, toml], index) => {
    const script = scripted(["hello world"]);
    const factory = ModelFactory.parse(toml(join(folder, `${index}.db`)), { providers: { mine: script }, env: {} });
    return { name, script, factory, model: factory.get("m"), timesUs: [] as number[] };
  });
  try {
    for (let round = -WARM_UP_ROUNDS; round < rounds; round++)
      for (const { model, script, factory, timesUs } of kinds) {
        const tookUs = await timeOf(model, script, factory);
        if (round >= 0) timesUs.push(tookUs);
      }
    const base = median(kinds[0]?.timesUs ?? []);
    return kinds.map(({ name, timesUs }) => ({
      with: name,
      cpuUs: median(timesUs),
      addedUs: median(timesUs) - base,
    }));
  } finally {
    await Promise.all(kinds.map(({ factory }) => factory.close()));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timeOf(model: Model, script: Script, factory: ModelFactory): Promise<number> {
  const before = threadUs();
  for (let call = 0; call < CALLS; call++) {
    await model.codegen("hello");
    // It keeps all calls, for tests: with everything that layers add to them, which a real dialect does not.
    (script.calls as unknown[]).length = 0;
  }
  // Otherwise the rows of one kind would be sent while another one is measured.
  await factory.ledger.flush();
  return (threadUs() - before) / CALLS;
}

const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/** Linux adds up the time of a thread when it sleeps, and otherwise only every few milliseconds. So it sleeps for a moment. */
function threadUs(): number {
  Atomics.wait(SLEEPER, 0, 0, 0.02);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}
