import { ModelFactory } from "../dist/index.js";
import type { Client } from "./client.ts";
import { inputOf, MAX_TOKENS, MODEL_NAMES, type Scenario, type Wire } from "./scenarios.ts";

/** A model with the defaults of models.toml. */
export function modelwright(wire: Wire, origin: string, scenario: Scenario): Client {
  const factory = ModelFactory.parse(`
    [models.measured]
    name = "${MODEL_NAMES[wire]}"
    provider = "${wire}"
    base_url = "${wire === "openai" ? `${origin}/v1` : origin}"
    api_key = "bench"
    max_new_tokens = ${MAX_TOKENS}
  `);
  const model = factory.get("measured");
  const input = inputOf(scenario);
  const options = scenario.tools && { tools: scenario.tools };
  return {
    call: async () => (await model.codegen(input, options)).text.length,
    async stream() {
      let length = 0;
      for await (const event of model.stream(input, options))
        if (event.type === "text-delta") length += event.text.length;
      return length;
    },
  };
}
