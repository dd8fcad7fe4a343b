// From a zod schema to a typed object; then the same as a stream of partial objects.
import { fileURLToPath } from "node:url";
import { ModelFactory } from "modelwright";
import { z } from "zod";

await using factory = await ModelFactory.load(fileURLToPath(new URL("../models.toml", import.meta.url)));
const model = factory.create("fast");

const Book = z.object({ title: z.string(), year: z.int().min(1900).max(2030), tags: z.array(z.string()).min(1) });
const { object, reply } = await model.object(Book, "Suggest a book about compilers.");
console.log(object.title, object.year, object.tags, `${reply.usage.total} tokens`);

const Plan = z.object({ goal: z.string(), steps: z.array(z.string()) });
const stream = model.streamObject(Plan, "Plan a small garden.");
let partials = 0;
for await (const partial of stream) if (partial.steps !== undefined) partials += 1;
const plan = await stream.object;
console.log(`${plan.goal}: ${plan.steps.length} steps, ${partials} partial objects`);
