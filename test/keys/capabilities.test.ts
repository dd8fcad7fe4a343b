import { expect } from "vitest";
import type { Input } from "../../src/core/input.ts";
import type { RecordedRequest } from "../../src/simulator/server.ts";
import { failureOf } from "../harness/outcomes.ts";
import type { Wire } from "../harness/wires.ts";
import { keyTest } from "./key-test.ts";
import { answered, ask, entry, factoryOf, PROMPT, simulate } from "./world.ts";

const TOOL = 'tools = [{ name = "read_file" }]';
const IMAGE = { type: "image", data: "iVBORw0KGgo=", mediaType: "image/png" } as const;
const PDF = { type: "file", data: "JVBERi0=", mediaType: "application/pdf" } as const;
const WAV = { type: "audio", data: "UklGRg==", mediaType: "audio/wav" } as const;

/** With `capability = false` what needs it is left out and reported; with true it is sent. */
function holdsBack(capability: string, lines: string, setting: string, field: string, wire: Wire = "openai") {
  return async () => {
    const simulator = await simulate();
    const asked = (able: boolean) =>
      answered(simulator, entry(wire, simulator, `${lines}\ncapabilities = { ${capability} = ${able} }`));
    const [able, unable] = [await asked(true), await asked(false)];
    expect(able.body).toHaveProperty(field);
    expect(unable.body).not.toHaveProperty(field);
    expect(able.reply.adjustments).toEqual([]);
    expect(unable.reply.adjustments).toMatchObject([{ setting }]);
    expect(
      factoryOf(entry(wire, simulator, `capabilities = { ${capability} = false }`))
        .create()
        .supports(capability as "tools"),
    ).toBe(false);
  };
}

keyTest("models.*.capabilities", holdsBack("stop", 'stop = ["END"]', "stop", "stop"));
keyTest(
  "models.*.capabilities.reasoning",
  holdsBack("reasoning", 'reasoning_effort = "low"', "reasoning_effort", "reasoning_effort"),
);
keyTest("models.*.capabilities.stop", holdsBack("stop", 'stop = ["END"]', "stop", "stop"));
keyTest("models.*.capabilities.tools", holdsBack("tools", TOOL, "tools", "tools"));
keyTest(
  "models.*.capabilities.parallel_tools",
  holdsBack("parallel_tools", `parallel_tool_calls = true\n${TOOL}`, "parallel_tool_calls", "parallel_tool_calls"),
);
keyTest(
  "models.*.capabilities.prompt_cache",
  holdsBack("prompt_cache", "prompt_cache = true", "prompt_cache", "messages[0].content[0].cache_control", "anthropic"),
);
keyTest(
  "models.*.capabilities.temperature",
  holdsBack("temperature", "temperature = 0.5", "temperature", "temperature"),
);
keyTest(
  "models.*.capabilities.web_search",
  holdsBack("web_search", "web_search = true", "web_search", "web_search_options"),
);

/** Also against what the catalog knows: it may be wrong, or older than the model. */
keyTest("models.*.capabilities.{temperature,reasoning,stop,parallel_tools}", async () => {
  const simulator = await simulate();
  const asked = async (name: string, lines: string) =>
    (await answered(simulator, entry("openai", simulator, lines, { name }))).body;
  expect(await asked("o3-mini", "temperature = 0.5")).not.toHaveProperty("temperature");
  expect(await asked("o3-mini", "temperature = 0.5\ncapabilities = { temperature = true }")).toHaveProperty(
    "temperature",
  );
  expect(await asked("o1-mini", 'reasoning_effort = "low"')).not.toHaveProperty("reasoning_effort");
  expect(await asked("o1-mini", 'reasoning_effort = "low"\ncapabilities = { reasoning = true }')).toHaveProperty(
    "reasoning_effort",
  );
  expect(await asked("o1-mini", 'stop = ["END"]')).not.toHaveProperty("stop");
  expect(await asked("o1-mini", 'stop = ["END"]\ncapabilities = { stop = true }')).toHaveProperty("stop");
  expect(await asked("o3-mini", `parallel_tool_calls = false\n${TOOL}`)).not.toHaveProperty("parallel_tool_calls");
  expect(
    await asked("o3-mini", `parallel_tool_calls = false\n${TOOL}\ncapabilities = { parallel_tools = true }`),
  ).toHaveProperty("parallel_tool_calls");
});

/** A model that cannot read a part is not asked: content is never left out. */
function readsPart(capability: string, part: object, sent: RegExp) {
  return async () => {
    const simulator = await simulate();
    const input = [{ role: "user", content: [{ type: "text", text: PROMPT }, part] }] as Input;
    const asked = (able: boolean) =>
      ask(simulator, entry("openai", simulator, `capabilities = { ${capability} = ${able} }`), { input });
    const [able, unable] = [await asked(true), await asked(false)];
    expect(JSON.stringify(able.requests[0]?.body)).toMatch(sent);
    expect(unable.error?.code).toBe("unsupported");
    expect(unable.error?.message).toContain("messages[0]");
    expect(unable.requests).toHaveLength(0);
  };
}

keyTest("models.*.capabilities.vision", readsPart("vision", IMAGE, /image_url/));
keyTest("models.*.capabilities.files", readsPart("files", PDF, /file_data/));
keyTest("models.*.capabilities.audio", readsPart("audio", WAV, /input_audio/));

keyTest("models.*.capabilities.json_schema", async () => {
  const simulator = await simulate();
  const format =
    'response_format = { type = "json_schema", name = "place", schema = { type = "object", properties = { city = { type = "string" } }, required = ["city"] } }';
  const asked = async (wire: Wire, able: boolean) =>
    (await answered(simulator, entry(wire, simulator, `${format}\ncapabilities = { json_schema = ${able} }`))).body;
  expect(await asked("openai", true)).toHaveProperty("response_format.json_schema");
  expect(await asked("openai", false)).not.toHaveProperty("response_format.json_schema");
  expect(await asked("anthropic", true)).toHaveProperty("output_config.format");
  expect(await asked("anthropic", false)).toHaveProperty("tools[0].name", "json_tool_call");
  expect(await asked("google", true)).toHaveProperty("generationConfig.responseJsonSchema");
  expect(await asked("google", false)).not.toHaveProperty("generationConfig.responseJsonSchema");
});

keyTest("models.*.capabilities.streaming", async () => {
  const simulator = await simulate();
  for (const able of [true, false]) {
    const stream = factoryOf(entry("openai", simulator, `capabilities = { streaming = ${able} }`))
      .create()
      .stream(PROMPT);
    expect((await stream.reply).text).not.toBe("");
    expect((simulator.requests.at(-1) as RecordedRequest).body).toMatchObject(able ? { stream: true } : {});
    expect(Object.hasOwn(simulator.requests.at(-1)?.body as object, "stream")).toBe(able);
  }
});

keyTest("models.*.capabilities.context", async () => {
  const simulator = await simulate();
  const input = "word ".repeat(100);
  const refused = await ask(simulator, entry("openai", simulator, "capabilities = { context = 50 }"), { input });
  expect(refused.error?.code).toBe("context_too_long");
  expect(refused.requests).toHaveLength(0);
  expect(
    (await ask(simulator, entry("openai", simulator, "capabilities = { context = 5000 }"), { input })).reply,
  ).toBeDefined();
});

keyTest("models.*.capabilities.max_output", async () => {
  const simulator = await simulate();
  for (const most of [100, 200]) {
    expect(
      (await answered(simulator, entry("anthropic", simulator, `capabilities = { max_output = ${most} }`))).body,
    ).toMatchObject({ max_tokens: most });
    expect(
      (
        await answered(
          simulator,
          entry("openai", simulator, `max_new_tokens = 500\ncapabilities = { max_output = ${most} }`),
        )
      ).body,
    ).toMatchObject({ max_completion_tokens: most });
  }
});

keyTest("models.*.capabilities.embeddings", async () => {
  const simulator = await simulate();
  const at = (able: boolean) =>
    factoryOf(entry("openai", simulator, `capabilities = { embeddings = ${able} }`, { name: "gpt-4o" })).create();
  expect((await at(true).embed(["a"])).embeddings).toHaveLength(1);
  expect(await failureOf(at(false).embed(["a"]))).toMatchObject({ code: "unsupported" });
  expect([at(true), at(false)].map((model) => model.supports("embeddings"))).toEqual([true, false]);
  expect(simulator.requests).toHaveLength(1);
});
