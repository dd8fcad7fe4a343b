// One call, the end of it, and then nothing: prints `done` after the last result and, when the process ends, how many
// milliseconds that took. Arguments: the ending, whether the factory is closed, wire and origin.
import { ModelFactory } from "../../../src/index.ts";
import { entryFor } from "../../harness/recording-files.ts";
import type { Wire } from "../../harness/wires.ts";

const [ending, closing, wire, origin] = process.argv.slice(2) as [string, "close" | "leave", Wire, string];
const entry = entryFor({ wire, provider: "some-host", model: "m" }, "asked", `${origin}/${ending}`);
const simulated = `[models.asked]\nname = "m"\nprovider = "simulator"\ncustom_llm_provider = "${wire}"`;
const factory = ModelFactory.parse(ending === "simulator" ? simulated : entry, { env: {} });
const model = factory.get("asked");

/** Ends the call its own way; what it throws is what the ending is about. */
async function end(): Promise<string> {
  switch (ending) {
    case "aborted":
      return codeOf(abortedAtText());
    case "left":
      for await (const event of model.stream("Hello")) if (event.type === "text-delta") break;
      return "left";
    case "read":
      return (await model.stream("Hello").reply).text;
    default:
      return codeOf(model.codegen("Hello"));
  }
}

async function abortedAtText(): Promise<{ readonly text: string }> {
  const abort = new AbortController();
  const stream = model.stream("Hello", { signal: abort.signal });
  for await (const event of stream) if (event.type === "text-delta") abort.abort();
  return stream.reply;
}

async function codeOf(asked: Promise<{ readonly text: string }>): Promise<string> {
  return asked.then(
    ({ text }) => text,
    (error: { readonly code: string }) => error.code,
  );
}

const seen = await end();
const doneMs = performance.now();
if (closing === "close") await factory.close();
process.on("exit", () => process.stdout.write(JSON.stringify({ seen, afterMs: performance.now() - doneMs })));
