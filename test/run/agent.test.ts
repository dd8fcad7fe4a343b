import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { factoryOf } from "../harness/simulated.ts";
import { agent } from "./agent.ts";

const MOST_LINES = 5;

const asking = (city: string) =>
  `{ tool_calls = [{ name = "weather", arguments = { city = "${city}" } }, { name = "time", arguments = { city = "${city}" } }] }`;
const TOML = `
[models.four_steps]
name = "gpt-4o"
provider = "openai"
mock_response = [${asking("Oslo")}, ${asking("Rome")}, ${asking("Lima")}, "Lima is warmest."]
`;

test(`an agent with two tools and four steps takes at most ${MOST_LINES} lines`, async () => {
  const factory = factoryOf(TOML);
  const asked: string[] = [];
  const text = await agent(factory.create(), async (question) => {
    asked.push(question);
    return "fine";
  });
  expect(text).toBe("Lima is warmest.");
  expect(asked).toEqual(["Oslo", "Rome", "Lima"].flatMap((city) => [`weather in ${city}`, `time in ${city}`]));
  expect((await factory.simulator()).requests).toHaveLength(4);
  const source = readFileSync(new URL("agent.ts", import.meta.url), "utf8");
  const body = source.slice(source.indexOf("export async function agent"), source.lastIndexOf("}"));
  expect(body.trim().split("\n").slice(1).length).toBeLessThanOrEqual(MOST_LINES);
});
