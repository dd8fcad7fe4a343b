// A tour of the library with the models.toml of this repository: no key, no network. Exits with 1 if a step fails.
import { fileURLToPath } from "node:url";
import { type Message, type Model, ModelFactory, type Reply } from "modelwright";
import { z } from "zod";
import { attempts, code, columns, dollars, flowing, heading, note, paint, scores } from "./demo-print.ts";

// Exit quietly when piped into `head`.
process.stdout.on("error", () => process.exit());

const CONFIG = fileURLToPath(new URL("../models.toml", import.meta.url));

const factory = await ModelFactory.load(CONFIG, { random: () => 0.3 });
const simulator = await factory.simulator({ delayMs: 12 });
const taken: [step: string, reply: Reply][] = [];
let expected = 0;

/** Compares the number of requests of a step with the server's count. */
function expect(what: string, requests: number, holds: boolean): void {
  expected += requests;
  const seen = simulator.requests.length;
  if (holds && seen === expected) return;
  console.error(`demo: ${what}: ${holds ? `${seen} requests on the server, expected ${expected}` : "not as expected"}`);
  process.exitCode = 1;
}

console.log(paint.dim("All answers below are simulated locally: no key, no network, no cost."));

heading("1", "One question, three models, three wire formats: only the name changes");
const NAMES = ["coder", "fast", "backup"];
for (const name of NAMES) {
  const reply = await factory.get(name).codegen("Write a TypeScript function that reverses a string.");
  taken.push(["1 question", reply]);
}
columns(NAMES.map(requestRow), [paint.bold, String, paint.dim]);
note(`${taken[0]?.[1].model} answered`);
code(taken[0]?.[1].text ?? "");
expect(
  "three models",
  3,
  taken.every(([, { text }]) => text.includes("simulated")),
);

heading("2", "Streaming, as it arrives");
const stream = factory.get("fast").stream("Explain recursion in one sentence.");
const shown = flowing();
for await (const text of stream.text) shown.write(text);
shown.end();
const streamed = await stream.reply;
taken.push(["2 stream", streamed]);
expect("stream", 1, streamed.finishReason === "stop");

heading("3", "Structured output: from a zod schema to a typed object");
const Book = z.object({ title: z.string(), year: z.int().min(1900).max(2030), tags: z.array(z.string()).min(1) });
const { object: book, reply: bookReply } = await factory.get("backup").object(Book, "Suggest a book about compilers.");
columns(
  Object.entries(book).map(([key, value]) => [`book.${key}`, JSON.stringify(value)]),
  [paint.dim],
);
taken.push(["3 object", bookReply]);
expect("structured output", 1, Book.safeParse(book).success);

heading("4", "A tool call and its result");
await weather(factory.get("coder"));
expect("tools", 2, taken.at(-1)?.[1].text.includes("21") === true);

heading("5", "A rate limit: the provider asks to wait 0.4 s, then the retry succeeds");
simulator.script({ kind: "rate-limit", retryAfter: 0.4 });
expect("rate limit", 2, (await hello("5 rate limit", "fast")).attempts.length === 2);

heading("6", "An outage: the fallback in models.toml answers, the code stays the same");
simulator.script({ match: { model: "claude-sonnet-4-5" }, kind: "server", times: 4 });
expect("outage", 5, (await hello("6 outage", "coder")).model === "fast");

heading("7", "Usage");
scores(taken);
const { requests, cost } = factory.usage();
expect("usage", 0, requests === expected);

const isGood = process.exitCode === undefined;
heading(
  isGood ? paint.green("✓") : paint.red("✗"),
  isGood
    ? `${requests} requests on the server; ${dollars(cost.usd)} at list prices, nothing billed`
    : "Failed: see above",
);
columns(
  [
    ["npx modelwright chat", "chat with these models"],
    ["edit models.toml", "use another provider with the same code"],
    ['MODELWRIGHT_PROFILE=live npx modelwright run "…"', "use the real providers, with API keys"],
  ],
  [String, paint.dim],
);
await factory.close();

/** The path of the last request for this model, on the server. */
function requestRow(name: string): string[] {
  const { modelId } = factory.describe(name);
  const seen = simulator.requests.findLast(({ model }) => model === modelId);
  return [name, modelId, seen?.path ?? "never seen"];
}

async function weather(model: Model): Promise<void> {
  const city = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
  const tools = [{ name: "get_weather", description: "Current weather of a city", parameters: city }];
  const question: Message[] = [{ role: "user", content: "What is the weather in Lisbon? Use get_weather." }];
  const asked = await model.codegen(question, { tools, toolChoice: "required" });
  taken.push(["4 tool call", asked]);
  const [call] = asked.toolCalls;
  if (call === undefined) throw new Error("the model did not call a tool");
  const content = JSON.stringify({ celsius: 21, sky: "clear" });
  const result: Message = { role: "tool", content: [{ type: "tool-result", id: call.id, content }] };
  const answered = await model.codegen([...question, asked.message, result], { tools });
  taken.push(["4 answer", answered]);
  columns(
    [
      ["call", `${call.name}(${call.json})`],
      ["result", content],
      ["answer", lastSentence(answered.text)],
    ],
    [paint.dim],
  );
}

async function hello(step: string, name: string): Promise<Reply> {
  const reply = await factory.get(name).codegen("Say hello.");
  taken.push([step, reply]);
  attempts(reply);
  return reply;
}

function lastSentence(text: string): string {
  return (
    text
      .trim()
      .split(/(?<=\.) (?=[A-Z])/)
      .at(-1) ?? ""
  );
}
