// The model calls a tool, `run` executes it and sends the result, until the model answers.
import { fileURLToPath } from "node:url";
import { ModelFactory, tool } from "modelwright";
import { z } from "zod";

await using factory = await ModelFactory.load(fileURLToPath(new URL("../models.toml", import.meta.url)));

const weather = tool({
  name: "get_weather",
  description: "Current weather of a city",
  parameters: z.object({ city: z.string() }),
  execute: async ({ city }) => ({ city, celsius: 21, sky: "clear" }),
});

const model = factory.create("coder");
const { reply, steps } = await model.run("What is the weather in Lisbon? Use get_weather.", { tools: [weather] });
for (const step of steps) for (const { name, json } of step.reply.toolCalls) console.log(`${name}(${json})`);
console.log(reply.text);
