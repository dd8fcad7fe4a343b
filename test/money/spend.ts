// A process that spends a budget with 50 concurrent callers until nothing is left. Started by test/money/processes.ts.

import { silentLogger } from "../../src/core/logger.ts";
import { ModelFactory } from "../../src/index.ts";

const [file = "", callers = "50"] = process.argv.slice(2);
const factory = await ModelFactory.load(file, { env: {}, catalog: false, logger: silentLogger });
const model = factory.create("dear");
let refused = 0;

/** Aborts one call in ten at a random moment. */
function signal(): AbortSignal | undefined {
  return Math.random() < 0.1 ? AbortSignal.timeout(Math.ceil(Math.random() * 30)) : undefined;
}

async function caller(): Promise<void> {
  while (refused < 3) {
    const code = Math.random() < 0.5 ? await generated() : await streamed();
    if (code === "budget_exceeded") refused++;
    else if (UNEXPECTED.has(code)) console.log(code);
  }
}

const UNEXPECTED: ReadonlySet<string> = new Set(["state_unavailable", "invalid_request", "protocol_error"]);

async function generated(): Promise<string> {
  const outcome = await model.safeCodegen("one two three", { signal: signal() });
  if (!outcome.ok && outcome.error.code === "state_unavailable") console.log(outcome.error.message);
  return outcome.ok ? "ok" : outcome.error.code;
}

async function streamed(): Promise<string> {
  try {
    let events = 0;
    const leaves = Math.random() < 0.1;
    for await (const _ of model.stream("one two three", { signal: signal() }))
      if (leaves && ++events > 5) return "left";
    return "ok";
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

await Promise.all(Array.from({ length: Number(callers) }, caller));
await factory.close();
