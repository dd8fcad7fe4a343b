import { ModelFactory } from "modelwright";
import { gateway } from "modelwright/gateway";
import { test } from "vitest";

test("the gateway takes a factory with any names", async () => {
  const typed = await ModelFactory.load<{ coder: { tools: true }; fast: { model: "m" } }>("models.toml");
  gateway({ factory: typed });
  gateway({ factory: ModelFactory.parse("") });
  gateway({ factory: await ModelFactory.load() });
  // @ts-expect-error: not a factory
  gateway({ factory: {} });
});
