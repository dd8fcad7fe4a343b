// Prints text as it arrives, then the reply; then stops reading a second stream early.
import { fileURLToPath } from "node:url";
import { isModelError, ModelFactory } from "modelwright";

await using factory = await ModelFactory.load(fileURLToPath(new URL("../models.toml", import.meta.url)));
const model = factory.create("fast");

const stream = model.stream("Explain recursion in two sentences.");
for await (const text of stream.text) process.stdout.write(text);
const { finishReason, usage } = await stream.reply;
console.log(`\n(${finishReason}, ${usage.output} tokens)`);

const long = model.stream("Write a long story about a robot.");
for await (const text of long.text) {
  process.stdout.write(text);
  break; // closes the socket
}
const left = await long.reply.catch((error: unknown) => error);
console.log(
  isModelError(left) ? `\n(left: ${left.code}, kept "${left.partial?.text}")` : "\n(the answer was complete)",
);
