// A process that spends a budget with concurrent callers until nothing is left. Started by test/money/processes.ts.
// Arguments: the file, the number of callers, the name of this process. Prints refusals, and codes that nobody expects.

import { isModelError, ModelFactory } from "modelwright";
import { silentLogger } from "../../src/core/logger.ts";
import { BEAT_MS, beat } from "./beats.ts";

const [file = "", callers = "50", name = ""] = process.argv.slice(2);
// The parent holds the other end: if it is killed, this process ends too.
process.stdin.on("end", () => process.exit(1)).resume();
process.stdin.unref();

// Says when it had the processor, because on a busy machine it may lack it for a second.
console.log(beat());
setInterval(() => console.log(beat()), BEAT_MS).unref();

const factory = await ModelFactory.load(file, { env: {}, catalog: false, logger: silentLogger });
const model = factory.create("dear");
let refused = 0;
let calls = 0;

/** The user names the call, so that the provider's books can be compared with the ledger. One call in ten is aborted. */
function options() {
  const signal = Math.random() < 0.1 ? AbortSignal.timeout(Math.ceil(Math.random() * 30)) : undefined;
  return { signal, user: `${name}-${++calls}`, tags: [name] };
}

async function caller(): Promise<void> {
  while (refused < 3) {
    try {
      await (Math.random() < 0.5 ? model.codegen("one two three", options()) : streamed());
    } catch (error) {
      note(error);
    }
  }
}

const UNEXPECTED: ReadonlySet<string> = new Set(["state_unavailable", "invalid_request", "protocol_error"]);

function note(error: unknown): void {
  if (!isModelError(error)) throw error;
  const { code, message, errors = [] } = error;
  if (code === "budget_exceeded") {
    refused++;
    for (const { message } of errors.length > 0 ? errors : [error]) console.log(`refused ${message}`);
  } else if (UNEXPECTED.has(code))
    console.log(`${code} ${[message, ...errors.map(({ message }) => message)].join("; ").replaceAll("\n", " ")}`);
}

async function streamed(): Promise<void> {
  let events = 0;
  const leaves = Math.random() < 0.1;
  for await (const _ of model.stream("one two three", options())) if (leaves && ++events > 5) return;
}

await Promise.all(Array.from({ length: Number(callers) }, caller));
await factory.close();
