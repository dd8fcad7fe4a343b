import { describe, expect, it } from "vitest";
import type { SimulatedAnswer } from "../../src/simulator/server.ts";
import { CHAT, type World, world } from "./world.ts";

type Json = Readonly<Record<string, unknown>>;

const parameters = { type: "object", properties: { city: { type: "string" } } };
const TOOLS = [
  { type: "custom", name: "patch", description: "Patches files." },
  { type: "shell" },
  { type: "local_shell" },
  { type: "apply_patch" },
  {
    type: "namespace",
    name: "mcp",
    description: "A server.",
    tools: [{ type: "function", name: "weather", parameters }],
  },
];
const CALLS: SimulatedAnswer["toolCalls"] = [
  { name: "patch", arguments: { input: "*** Begin Patch" } },
  { name: "shell", arguments: { commands: ["ls"] } },
  { name: "local_shell", arguments: { type: "exec", command: ["ls"], env: {} } },
  { name: "apply_patch", arguments: { type: "delete_file", path: "a.txt" } },
  { name: "mcp__weather", arguments: { city: "Oslo" } },
];
const ITEMS = [
  { type: "custom_tool_call", name: "patch", input: "*** Begin Patch" },
  { type: "shell_call", action: { commands: ["ls"] } },
  { type: "local_shell_call", action: { type: "exec", command: ["ls"], env: {} } },
  { type: "apply_patch_call", operation: { type: "delete_file", path: "a.txt" } },
  { type: "function_call", namespace: "mcp", name: "weather", arguments: '{"city":"Oslo"}' },
];

/** Answers the first request with calls, and any other with text. */
const callingOnce = () => {
  let asked = 0;
  return { answers: (): SimulatedAnswer => (asked++ === 0 ? { toolCalls: CALLS } : { text: "Done." }) };
};

async function ask({ post }: World, path: string, body: Json): Promise<Json> {
  const response = await post(path, body);
  const answer = (await response.json()) as Json;
  expect({ status: response.status, error: answer.error ?? null }).toEqual({ status: 200, error: null });
  return answer;
}

function outputOf({ type, call_id }: Json): Json {
  const text = String(type).replace(/_call$/, "_call_output");
  const kind = type === "function_call" ? "function_call_output" : text;
  if (type === "shell_call")
    return { type: kind, call_id, output: [{ stdout: "ok", stderr: "", outcome: { type: "exit", exit_code: 0 } }] };
  return { type: kind, call_id, output: "ok", ...(type === "apply_patch_call" && { status: "completed" }) };
}

describe("tools of a Responses client", () => {
  it.each(["anthropic", "google", "openai"])(
    "are functions of %s, and come back as the calls of their kind",
    async (model) => {
      const made = await world({ simulator: callingOnce(), isUnchecked: true });
      const user = { role: "user", content: "Hello" };
      const { output } = await ask(made, "/v1/responses", { model, input: [user], tools: TOOLS, store: false });
      expect(output).toMatchObject(ITEMS);
      const calls = output as Json[];
      const input = [user, ...calls, ...calls.map(outputOf)];
      const last = await ask(made, "/v1/responses", { model, input, tools: TOOLS, store: false });
      expect(JSON.stringify(last.output)).toContain("Done.");
      const sent = JSON.stringify(made.simulator.requests[1]?.body);
      for (const { name } of CALLS ?? []) expect(sent).toContain(`"${name}"`);
    },
  );

  it("are streamed as the calls of their kind", async () => {
    const made = await world({ simulator: callingOnce(), isUnchecked: true });
    const response = await made.post("/v1/responses", {
      model: "anthropic",
      input: "Hello",
      tools: TOOLS,
      stream: true,
    });
    const text = await response.text();
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => JSON.parse(data) as Json);
    const ended = events.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item);
    expect(ended).toMatchObject(ITEMS);
    expect(events.find(({ type }) => type === "response.custom_tool_call_input.done")?.input).toBe("*** Begin Patch");
  });
});

describe("custom tools of a chat client", () => {
  const tools = [{ type: "custom", custom: { name: "patch", description: "Patches files." } }];

  it.each([false, true])("come back as custom calls (stream: %s)", async (stream) => {
    const made = await world({ simulator: { answers: () => ({ toolCalls: CALLS?.slice(0, 1) ?? [] }) } });
    const body = { model: "anthropic", messages: [{ role: "user", content: "Hello" }], tools, stream };
    const text = await (await made.post(CHAT, body)).text();
    expect(text).toMatch(/"type":"custom","custom":\{"name":"patch","input":"\*\*\* Begin Patch"\}/);
    expect(made.simulator.requests[0]?.body).toMatchObject({
      tools: [{ name: "patch", input_schema: { required: ["input"] } }],
    });
  });
});

it("sends the headers of a wire format to the same one only", async () => {
  const { post, simulator } = await world();
  const headers = { "anthropic-beta": "a-beta", "anthropic-version": "2023-06-01", "openai-beta": "b-beta" };
  const body = { max_tokens: 99, messages: [{ role: "user", content: "Hello" }] };
  await post("/v1/messages", { model: "anthropic", ...body }, headers);
  await post("/v1/messages", { model: "openai", ...body }, headers);
  await post(CHAT, { model: "openai", messages: body.messages }, headers);
  expect(simulator.requests.map(({ headers: got }) => [got["anthropic-beta"], got["openai-beta"]])).toEqual([
    ["a-beta", undefined],
    [undefined, undefined],
    [undefined, "b-beta"],
  ]);
});
