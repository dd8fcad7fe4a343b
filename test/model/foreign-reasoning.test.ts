import { describe, expect, test } from "vitest";
import { reasoningDemandOf } from "../../src/catalog/reasoning-demands.ts";
import { type Message, ModelFactory, type Reply } from "../../src/index.ts";
import { type Arrival, serve } from "../harness/small-server.ts";

type Turn = { readonly role: string; readonly tool_calls?: unknown } & Readonly<Record<string, unknown>>;

const TOOLS = [{ name: "look" }];

const CLAUDE_CALL = {
  type: "message",
  id: "msg_1",
  role: "assistant",
  model: "claude-sonnet-4-5",
  content: [
    { type: "thinking", thinking: "I look.", signature: "EqQB+/==" },
    { type: "tool_use", id: "toolu_1", name: "look", input: {} },
  ],
  stop_reason: "tool_use",
  usage: { input_tokens: 1, output_tokens: 1 },
};

function chatAnswer(message: object) {
  return { id: "c", choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason: "stop" }] };
}

/** A server of a reasoning model: it refuses a history without reasoning unless thinking is switched off. */
function reasoner(turns: "all" | "tool-calls", takes: (reasoning: unknown) => boolean) {
  return serve(({ body }, response) => {
    const asked = (body["messages"] as Turn[]).filter(({ role, tool_calls: calls }) => {
      return role === "assistant" && (turns === "all" || calls !== undefined);
    });
    const isOff = JSON.stringify(body).includes('"disabled"');
    if (isOff || asked.every((turn) => takes(turn["reasoning_content"]))) return chatAnswer({ content: "Seen." });
    response.statusCode = 400;
    return { error: { message: "The reasoning_content in the thinking mode must be passed back to the API." } };
  });
}

const entryOf = (name: string, provider: string, url: string, more = "") =>
  `[models.${name.replace(/\W/g, "-")}]\nname = "${name}"\nprovider = "${provider}"\napi_key = "k"\nbase_url = "${url}"\nnum_retries = 0\n${more}\n`;

/** Claude calls a tool and fails when it is given the result: the fallback goes on in the middle of the loop. */
async function finishedBy(id: string, provider: string, url: string, more = ""): Promise<Reply> {
  let requests = 0;
  const claude = await serve((_, response) => {
    requests += 1;
    if (requests === 1) return CLAUDE_CALL;
    response.statusCode = 529;
    return { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
  });
  const fallback = entryOf(id, provider, url, more);
  const named = /\[models\.(.+)\]/.exec(fallback)?.[1];
  const primary = entryOf("claude-sonnet-4-5", "anthropic", claude.url, `fallback_models = ["${named}"]`);
  const factory = ModelFactory.parse(`${primary}${fallback}`, { env: {} });
  const model = factory.get("claude-sonnet-4-5");
  const history: Message[] = [
    { role: "user", content: "Hello" },
    { role: "assistant", content: "Hello!" },
    { role: "user", content: "Look" },
  ];
  const call = await model.codegen(history, { tools: TOOLS });
  const result = { type: "tool-result", id: call.toolCalls[0]?.id ?? "", content: "a.txt" } as const;
  const reply = await model.codegen([...history, call.message, { role: "tool", content: [result] }], { tools: TOOLS });
  await factory.close();
  return reply;
}

function reasoningSent({ body }: Arrival): unknown[] {
  const turns = (body["messages"] as Turn[]).filter(({ role }) => role === "assistant");
  return turns.map((turn) => turn["reasoning_content"]);
}

describe("a history that Claude began", () => {
  test.each([
    ["deepseek", "deepseek-v4-pro", "all", [" ", " "]],
    ["moonshot", "kimi-k2-thinking", "tool-calls", [undefined, " "]],
    ["zhipuai", "glm-5", "all", [" ", " "]],
  ] as const)("is continued by %s %s with a blank for reasoning", async (provider, id, turns, expected) => {
    const host = await reasoner(
      turns,
      (reasoning) => typeof reasoning === "string" && reasoning !== "" && reasoning !== ".",
    );
    const reply = await finishedBy(id, provider, host.url);
    expect(reply.text).toBe("Seen.");
    expect(host.arrivals).toHaveLength(1);
    expect(host.arrivals.flatMap(reasoningSent)).toEqual(expected);
    const { adjustments } = reply;
    expect(adjustments).toContainEqual(expect.objectContaining({ setting: "messages", to: "reasoning_content" }));
    expect(adjustments).toContainEqual(expect.objectContaining({ from: "reasoning and signatures of anthropic" }));
  });

  test("is continued without thinking by a host whose stand-in is unknown", async () => {
    const host = await reasoner("all", (reasoning) => reasoning === "its own");
    const reply = await finishedBy(
      "deepseek-v4-pro",
      "my-host",
      host.url,
      'custom_llm_provider = "openai"\nreasoning_effort = "high"',
    );
    expect(reply.text).toBe("Seen.");
    expect(host.arrivals[0]?.body).toMatchObject({ thinking: { type: "disabled" } });
    expect(host.arrivals[0]?.body).not.toHaveProperty("reasoning_effort");
    expect(host.arrivals.flatMap(reasoningSent)).toEqual([undefined, undefined]);
    expect(reply.adjustments).toContainEqual(
      expect.objectContaining({ setting: "reasoning_effort", from: "high", to: "none" }),
    );
  });

  test("is refused under strict, before any request", async () => {
    const host = await reasoner("all", () => true);
    const model = ModelFactory.parse(entryOf("deepseek-v4-pro", "deepseek", host.url, "strict = true"), {
      env: {},
    }).get("deepseek-v4-pro");
    const outcome = await model.safeCodegen([
      { role: "user", content: "Hello" },
      { role: "assistant", content: "Hello!" },
      { role: "user", content: "Look" },
    ]);
    expect(outcome).toMatchObject({ ok: false, error: { code: "unsupported" } });
    expect(host.arrivals).toHaveLength(0);
  });
});

describe("reasoning of the host itself", () => {
  test.each(["I think.", ""])("goes back as it came: %j", async (reasoning) => {
    const host = await serve(() => chatAnswer({ content: "Seen.", reasoning_content: reasoning }));
    const model = ModelFactory.parse(entryOf("deepseek-v4-pro", "deepseek", host.url), { env: {} }).get(
      "deepseek-v4-pro",
    );
    const first = await model.codegen("Look");
    const stored = JSON.parse(JSON.stringify(first.message)) as Message;
    const next = await model.codegen([{ role: "user", content: "Look" }, stored, { role: "user", content: "Sure?" }]);
    expect(reasoningSent(host.arrivals[1] as Arrival)).toEqual([reasoning]);
    expect(next.adjustments).toEqual([]);
  });
});

test.each([
  ["deepseek", "deepseek-chat", undefined],
  ["deepseek", "deepseek-flash", " "],
  ["moonshot", "kimi-k2-0905-preview", undefined],
  ["moonshot", "kimi-k2.5", " "],
  ["openrouter", "moonshotai/kimi-k2-thinking", " "],
  ["openrouter", "anthropic/claude-sonnet-4.5", undefined],
  ["vllm", "deepseek-v4-pro", undefined],
])("%s wants reasoning in the history of %s: %j", (provider, id, standIn) => {
  expect(reasoningDemandOf(provider, id)?.standIn).toBe(standIn);
});

test.each([
  ["fireworks", "accounts/fireworks/models/deepseek-v4p1-flash"],
  ["together", "moonshotai/Kimi-K2-Thinking"],
  [undefined, "zai-org/GLM-5"],
])("%s is asked without thinking where %s lacks its reasoning", (provider, id) => {
  const demand = reasoningDemandOf(provider, id);
  expect(demand?.standIn).toBeUndefined();
  expect(Object.keys(demand?.off ?? {})).toHaveLength(1);
});
