import { describe, expect, it } from "vitest";
import { CHAT, type World, world } from "./world.ts";

const MESSAGES = "/v1/messages";

async function ask({ post }: World, body: object): Promise<{ status: number; text: string }> {
  const response = await post(MESSAGES, { model: "anthropic", max_tokens: 100, ...body });
  return { status: response.status, text: await response.text() };
}

describe("blocks that a target gets as its client sent them", () => {
  it("keep the pair of a call and its result", async () => {
    const made = await world();
    const call = { type: "tool_use", id: "toolu_1", name: "look", input: {}, cache_control: { type: "ephemeral" } };
    const messages = [
      { role: "user", content: "Look." },
      { role: "assistant", content: [{ ...call, caller: { type: "direct" } }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "A tree." }] },
    ];
    const tools = [{ name: "look", input_schema: { type: "object" } }];
    expect(await ask(made, { messages, tools })).toMatchObject({ status: 200 });
    const sent = made.simulator.requests.at(-1)?.body as { messages: { content: { id?: string }[] }[] };
    expect(sent.messages[1]?.content[0]).toMatchObject({ type: "tool_use", name: "look" });
    expect(sent.messages[2]?.content[0]).toMatchObject({ tool_use_id: sent.messages[1]?.content[0]?.id });
  });

  it("are no raw error if they lack what their type has", async () => {
    const made = await world();
    const messages = [
      { role: "user", content: "Hello" },
      { role: "assistant", content: [{ type: "text", citations: [{}] }] },
    ];
    const { status, text } = await ask(made, { messages });
    expect(status).toBeLessThan(500);
    expect(text).not.toContain("TypeError");
  });

  it("count against a budget, and are refused if their size is unknown", async () => {
    const budget = "[budgets.small]\nusd = 0.01\n";
    const made = await world({ toml: budget, lines: "num_retries = 0\npricing = { input = 3, output = 15 }" });
    const result = (text: string) => ({
      ...{ type: "search_result", source: "https://example.com", title: "Sea" },
      content: [{ type: "text", text }],
    });
    const about = (block: object) => ({
      messages: [{ role: "user", content: [block, { type: "text", text: "Hm?" }] }],
    });
    expect(await ask(made, about(result("blue ".repeat(20_000))))).toMatchObject({ status: 402 });
    const file = { type: "container_upload", file_id: "file_1" };
    expect(await ask(made, about(file))).toMatchObject({ status: 402 });
    const tools = [{ type: "code_execution_20250825", name: "code_execution" }];
    expect(await ask(made, { messages: [{ role: "user", content: "2 + 2?" }], tools })).toMatchObject({ status: 402 });
    expect(made.simulator.requests).toEqual([]);
    expect(await ask(made, about(result("blue")))).toMatchObject({ status: 200 });
  });

  it("cannot ask for another model", async () => {
    const made = await world();
    const messages = [{ role: "user", content: "Hello" }];
    const { status, text } = await ask(made, { messages, fallbacks: [{ model: "claude-opus-4-5" }] });
    expect([status, text]).toEqual([400, expect.stringContaining("fallbacks")]);
  });

  it("do not replace the user of a key", async () => {
    const toml = '[gateway.keys.ann]\nkey = "mw-ann-0123456789ab"\nuser = "ann"\n';
    const { post, simulator } = await world({ toml });
    const headers = { authorization: "Bearer mw-ann-0123456789ab" };
    const messages = [{ role: "user", content: "Hello" }];
    const metadata = { user_id: "bob", trace: "t" };
    await post(MESSAGES, { model: "anthropic", max_tokens: 100, messages, metadata }, headers);
    await post(CHAT, { model: "openai", messages, user: "bob", safety_identifier: "bob" }, headers);
    expect(simulator.requests.map(({ body }) => body)).toMatchObject([
      { metadata: { user_id: "ann", trace: "t" } },
      { user: "ann", safety_identifier: "ann" },
    ]);
  });
});
