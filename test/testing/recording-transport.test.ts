import { ModelFactory } from "modelwright";
import { type RecordingOptions, recordingTransport, startSimulator } from "modelwright/testing";
import { describe, expect, it, onTestFinished } from "vitest";

const TOML = `
[defaults]
num_retries = 1
retry_min_wait = "1ms"
retry_max_wait = "1ms"

[models.claude]
name = "claude-sonnet-4-5"
provider = "anthropic"
api_key = "sk-ant-very-secret-key"

[models.gpt]
name = "gpt-4o-mini"
provider = "openai"
api_key = "sk-very-secret-key"

[models.gemini]
name = "gemini-2.5-flash"
provider = "google"
api_key = "AIza-very-secret-key"
`;

const ANSWERS = {
  claude: {
    type: "message",
    role: "assistant",
    content: [{ type: "text", text: "canned" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 1, output_tokens: 1 },
  },
  gpt: { choices: [{ index: 0, message: { role: "assistant", content: "canned" }, finish_reason: "stop" }] },
  gemini: { candidates: [{ content: { role: "model", parts: [{ text: "canned" }] }, finishReason: "STOP" }] },
};
const NAMES = ["claude", "gpt", "gemini"] as const;

function factoryOf(options: RecordingOptions, toml = TOML) {
  const transport = recordingTransport(options);
  const factory = ModelFactory.parse(toml, { transport, env: {} });
  onTestFinished(async () => {
    await factory.close();
    await transport.close();
  });
  return { transport, factory };
}

describe("recordingTransport", () => {
  it.each(NAMES)("answers %s with canned JSON, with and without streaming", async (name) => {
    const { transport, factory } = factoryOf({ answer: () => ({ body: ANSWERS[name] }) });
    const model = factory.get(name);
    expect((await model.codegen("Hello")).text).toBe("canned");
    expect((await model.stream("Hello").reply).text).toBe("canned");
    expect(transport.requests).toHaveLength(2);
  });

  it.each(NAMES)("records URL, method, headers and body of requests to %s, without the key", async (name) => {
    const { transport, factory } = factoryOf({ answer: () => ({ body: ANSWERS[name] }) });
    await factory.get(name).codegen("Remember me", { temperature: 0.5 });
    const [request] = transport.requests;
    expect(request).toMatchObject({ method: "POST", headers: { "content-type": expect.stringContaining("json") } });
    expect(request?.url).toMatch(/^https:\/\/[a-z.]+\/v1/);
    expect(JSON.stringify(request?.body)).toContain("Remember me");
    expect(JSON.stringify(transport.requests)).toContain("[masked]");
    expect(JSON.stringify(transport.requests)).not.toContain("very-secret");
  });

  it.each(NAMES)("a canned error of %s is retried like a real one", async (name) => {
    let asked = 0;
    const failure = { error: { type: "overloaded", message: "come back later" } };
    const { transport, factory } = factoryOf({
      answer: () => (asked++ === 0 ? { status: 503, body: failure } : { body: ANSWERS[name] }),
    });
    const reply = await factory.get(name).codegen("Hello");
    expect(reply.attempts.map(({ error }) => error?.status)).toEqual([503, undefined]);
    expect(reply.attempts[0]?.error?.message).toContain("come back later");
    expect(transport.requests).toHaveLength(2);
  });

  it("canned headers reach the reply", async () => {
    const { factory } = factoryOf({
      answer: () => ({
        body: ANSWERS.gpt,
        headers: { "x-request-id": "req-1", "x-ratelimit-remaining-requests": "7" },
      }),
    });
    const reply = await factory.get("gpt").codegen("Hello");
    expect(reply.requestId).toBe("req-1");
    expect(reply.rateLimit?.requests?.remaining).toBe(7);
  });

  it("forwards requests without an answer", async () => {
    const simulator = await startSimulator();
    onTestFinished(() => simulator.close());
    const toml = TOML.replace(
      'provider = "openai"',
      `provider = "openai"\nbase_url = "${simulator.baseUrl("openai")}"`,
    );
    const { transport, factory } = factoryOf({ answer: () => undefined }, toml);
    expect((await factory.get("gpt").codegen("Hello")).text).toContain("simulated");
    expect(transport.requests.map(({ url }) => url)).toEqual([`${simulator.baseUrl("openai")}/chat/completions`]);
    expect(simulator.requests).toHaveLength(1);
  });
});
