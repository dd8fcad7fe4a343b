// One question, one answer, and its cost. Runs with the models.toml of this repository: no key, no network.
import { fileURLToPath } from "node:url";
import { ModelFactory } from "modelwright";

await using factory = await ModelFactory.load(fileURLToPath(new URL("../models.toml", import.meta.url)));
const model = factory.create("coder");

const reply = await model.codegen("Write a TypeScript function that reverses a string.");
console.log(reply.text);
console.log(`${reply.model}: ${reply.usage.total} tokens, $${reply.cost.usd}, ${reply.attempts.length} request`);
