import * as z from "zod";
import { type Model, tool } from "../../src/index.ts";

const parameters = z.object({ city: z.string() });

export async function agent(model: Model, ask: (question: string) => Promise<string>): Promise<string> {
  const weather = tool({ name: "weather", parameters, execute: ({ city }) => ask(`weather in ${city}`) });
  const time = tool({ name: "time", parameters, execute: ({ city }) => ask(`time in ${city}`) });
  const { reply } = await model.run("Compare the weather at noon in three cities.", { tools: [weather, time] });
  return reply.text;
}
