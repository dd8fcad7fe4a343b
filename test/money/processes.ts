import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ModelFactory } from "../../src/index.ts";
import { Provider } from "./provider.ts";

const PROCESSES = 8;
const CALLERS = 50;
export const LIMIT_USD = 60;

export interface Spending {
  /** Spent as the store says, and as the provider charges, in USD. */
  readonly spent: number;
  readonly billed: number;
  /** Reserved at the end, after the leases of killed processes. */
  readonly reserved: number;
  /** The largest spent + reserved that was ever seen. */
  readonly peak: number;
  readonly kills: number;
  readonly requests: number;
  /** What processes printed: unexpected errors. */
  readonly complaints: readonly string[];
}

/** Lets eight processes spend one budget, and kills some of them on the way. */
export async function spendTogether(state: string, kills: number): Promise<Spending> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-money-"));
  const provider = await Provider.start(Math.random);
  const file = join(folder, "models.toml");
  writeFileSync(file, tomlFor(provider.url, state));
  const watcher = await ModelFactory.load(file, { env: {}, catalog: false });
  const complaints: string[] = [];
  const running = new Set<ChildProcess>();
  const start = () => {
    const child = spawn(process.execPath, [join(import.meta.dirname, "spend.ts"), file, String(CALLERS)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(child);
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => complaints.push(String(chunk).trim()));
    child.on("exit", () => running.delete(child));
  };
  for (let count = 0; count < PROCESSES; count++) start();
  let peak = 0;
  let killed = 0;
  try {
    while (running.size > 0) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      const [status] = await watcher.budgets.status();
      if (status === undefined) throw new Error("no budget");
      peak = Math.max(peak, status.spent + status.reserved);
      const [victim] = [...running].sort(() => Math.random() - 0.5);
      if (killed < kills && victim !== undefined && status.spent > 0) {
        victim.kill("SIGKILL");
        await once(victim, "exit");
        killed++;
        start();
      }
    }
    const { spent, reserved } = await settled(watcher);
    const billed = provider.bill / 1e9;
    return { spent, reserved, billed, peak, kills: killed, requests: provider.requests, complaints };
  } finally {
    for (const child of running) child.kill("SIGKILL");
    await watcher.close();
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Waits until the leases of killed processes are over; a call that is refused lets the store look. */
async function settled(watcher: ModelFactory) {
  for (let second = 0; second < 60; second++) {
    await watcher.get("dear").safeCodegen("one two three");
    const [status] = await watcher.budgets.status();
    if (status?.reserved === 0) return status;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  const [status] = await watcher.budgets.status();
  if (status === undefined) throw new Error("no budget");
  return status;
}

function tomlFor(url: string, state: string): string {
  return `
[defaults]
provider = "loopback"
custom_llm_provider = "openai"
base_url = "${url}"
auth_header = "none"
max_new_tokens = 100
num_retries = 1
retry_min_wait = "1ms"
circuit_breaker = false

[models.dear]
name = "dear"
pricing = { input = 0, output = 1000 }
fallback_models = ["cheap"]
hedge_after = "15ms"

[models.cheap]
name = "cheap"
pricing = { input = 0, output = 100 }

[budgets.all]
usd = ${LIMIT_USD}
period = "total"
on_exceeded = "fallback"
max_wait = "5s"

[state]
${state}
timeout = "10s"
`;
}
