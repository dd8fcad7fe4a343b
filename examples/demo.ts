// The newcomer's tour: the shipped models.toml, no key, no network. Ends with 1 when something is not as it should be.
import { fileURLToPath } from "node:url";
import { type Message, type Model, ModelFactory, type Reply } from "modelwright";
import { z } from "zod";
import { attemptLine, heading, say, scoreTable, wrap } from "./demo-print.ts";

const QUESTION = "Write a TypeScript function that reverses the words of a sentence.";
const CONFIG = fileURLToPath(new URL("../models.toml", import.meta.url));

const factory = await ModelFactory.load(CONFIG, { random: () => 0.3 });
const simulator = await factory.simulator({ delayMs: 12 });
const scores: Reply[] = [];
let expected = 0;

/** Each step says how many requests it needs; they are counted on the server, not here. */
function expect(what: string, requests: number, holds: boolean): void {
  expected += requests;
  const seen = simulator.requests.length;
  if (holds && seen === expected) return;
  console.error(`demo: ${what}: ${holds ? `${seen} requests on the server, expected ${expected}` : "not as expected"}`);
  process.exitCode = 1;
}

heading("1", "One question, three models, three wire formats: only the name changes");
for (const name of ["coder", "fast", "backup"] as const) {
  const reply = await factory.get(name).codegen(QUESTION);
  scores.push(reply);
  const { dialect, modelId } = factory.describe(name);
  say(`${name.padEnd(7)} ${modelId.padEnd(18)} ${`${dialect} wire`.padEnd(15)}`, wrap(firstLine(reply.text)));
}
expect("three models", 3, scores.every((reply) => reply.text.includes("simulated")));

heading("2", "Streaming, as it arrives");
const stream = factory.get("fast").stream("Explain recursion in one sentence.");
process.stdout.write("  ");
for await (const text of stream.text) process.stdout.write(text.replaceAll("\n", "\n  "));
process.stdout.write("\n");
scores.push(await stream.reply);
expect("stream", 1, (await stream.reply).finishReason === "stop");

heading("3", "Structured output: a zod schema in, a typed object out");
const Book = z.object({ title: z.string(), year: z.int().min(1900).max(2030), tags: z.array(z.string()).min(1) });
const { object: book, reply: bookReply } = await factory.get("backup").object(Book, "Suggest a book about compilers.");
say("object", JSON.stringify(book));
scores.push(bookReply);
expect("structured output", 1, Book.safeParse(book).success);

heading("4", "A tool call and its answer");
scores.push(await weather(factory.get("coder")));
expect("tools", 2, (scores.at(-1)?.text ?? "").length > 0);

heading("5", "A rate limit (429): waited for as the provider asks, then answered");
simulator.script({ kind: "rate-limit", retryAfter: 0.4 });
scores.push(await show(factory.get("fast")));
expect("rate limit", 2, scores.at(-1)?.attempts.length === 2);

heading("6", "An outage: the fallback of models.toml answers, the program notices nothing");
simulator.script({ match: { model: "claude-sonnet-4-5" }, kind: "server", times: 4 });
scores.push(await show(factory.get("coder")));
expect("outage", 5, scores.at(-1)?.model === "fast");

heading("✓", "What it took");
scoreTable(scores);
const { requests, cost } = factory.usage();
console.log(`  ${requests} requests, ${simulator.requests.length} seen by the server, $${(cost.usd ?? 0).toFixed(6)} at list prices (simulated, so nothing was paid)`);
console.log("  next: npx modelwright chat, or edit models.toml; with keys: MODELWRIGHT_PROFILE=live npx modelwright run \"…\"");
await factory.close();

async function weather(model: Model): Promise<Reply> {
  const tools = [{ name: "get_weather", description: "Current weather of a city", parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] } }];
  const question: Message[] = [{ role: "user", content: "What is the weather in Lisbon? Use get_weather." }];
  const asked = await model.codegen(question, { tools, toolChoice: "required" });
  const [call] = asked.toolCalls;
  if (call === undefined) throw new Error("the model called no tool");
  say("model asks", `${call.name}(${call.json})`);
  const result = { celsius: 21, sky: "clear" };
  say("we answer", JSON.stringify(result));
  const history: Message[] = [...question, asked.message, { role: "tool", content: [{ type: "tool-result", id: call.id, content: JSON.stringify(result) }] }];
  const reply = await model.codegen(history, { tools });
  say("model says", wrap(firstLine(reply.text)));
  return reply;
}

async function show(model: Model): Promise<Reply> {
  const reply = await model.codegen("Say hello.");
  for (const attempt of reply.attempts) attemptLine(attempt);
  say("answer", wrap(firstLine(reply.text)));
  return reply;
}

function firstLine(text: string): string {
  return text.split("\n").find((line) => line.trim() !== "") ?? "";
}
