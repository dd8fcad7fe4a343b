// A manual tool loop: the model calls tools, the program returns the results, until the model answers.
import { fileURLToPath } from "node:url";
import { type Message, ModelFactory, type ToolCall } from "modelwright";

await using factory = await ModelFactory.load(fileURLToPath(new URL("../models.toml", import.meta.url)));
const model = factory.create("coder");

const tools = [
  {
    name: "get_weather",
    description: "Current weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];
const MAX_TURNS = 5;

const messages: Message[] = [{ role: "user", content: "What is the weather in Lisbon? Use get_weather." }];
let reply = await model.codegen(messages, { tools });
for (let turn = 0; reply.toolCalls.length > 0 && turn < MAX_TURNS; turn++) {
  const results = await Promise.all(reply.toolCalls.map(answer));
  messages.push(reply.message, { role: "tool", content: results });
  reply = await model.codegen(messages, { tools });
}
console.log(reply.text);

async function answer({ id, name, json }: ToolCall) {
  console.log(`${name}(${json})`);
  if (name !== "get_weather")
    return { type: "tool-result" as const, id, content: `unknown function ${name}`, error: true };
  return { type: "tool-result" as const, id, content: JSON.stringify({ celsius: 21, sky: "clear" }) };
}
