// Calls of a scripted model in a process of its own. node money-client.ts KIND; answers each message with the microseconds of
// CPU time that this thread takes per call.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelFactory } from "../dist/index.js";
import { scripted } from "../dist/testing/index.js";

const ENTRY = `[models.m]
name = "x"
provider = "mine"
max_new_tokens = 100
pricing = { input = 3, output = 15 }
`;
const BUDGET = '[budgets.team]\nusd = 8000000\nperiod = "month"\n';
const LEDGER = "[ledger]\npath = FILE\n";

export const MONEY_KINDS = {
  neither: ENTRY,
  "a budget": ENTRY + BUDGET,
  "a ledger": ENTRY + LEDGER,
  both: ENTRY + BUDGET + LEDGER,
};
export type MoneyKind = keyof typeof MONEY_KINDS;

export const CALLS = 2_000;
const SLEEPER = new Int32Array(new SharedArrayBuffer(4));

/** Linux adds up the time of a thread when it sleeps, and otherwise only every few milliseconds. So it sleeps for a moment. */
function threadUs(): number {
  Atomics.wait(SLEEPER, 0, 0, 0.02);
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

function serve(kind: MoneyKind): void {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-bench-"));
  const toml = MONEY_KINDS[kind].replace("FILE", JSON.stringify(join(folder, "ledger.db")));
  const script = scripted(["hello world"]);
  const factory = ModelFactory.parse(toml, { providers: { mine: script }, env: {} });
  const model = factory.get("m");
  process.on("message", async () => {
    const beforeUs = threadUs();
    for (let call = 0; call < CALLS; call++) {
      await model.codegen("hello");
      // It keeps all calls, for tests: with everything that layers add to them, which a real dialect does not.
      (script.calls as unknown[]).length = 0;
    }
    // Sending the rows is part of their cost.
    await factory.ledger.flush();
    process.send?.((threadUs() - beforeUs) / CALLS);
  });
  process.on("disconnect", async () => {
    await factory.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

if (process.send !== undefined && process.argv[1]?.endsWith("money-client.ts")) serve(process.argv[2] as MoneyKind);
