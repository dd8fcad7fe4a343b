import { describe, expect, it } from "vitest";
import { chunk, modelAt, SPLITS, saying, sse } from "./world.ts";

const DONE = "[DONE]";

describe("leaked special tokens", () => {
  it.each(SPLITS)("are removed only from the end (pieces of %i bytes)", async (pieceBytes) => {
    const events = [
      chunk({ content: "if a < b: stop(<|im_end|>)<|im_" }),
      chunk({ content: "end|>" }),
      chunk({}, "stop"),
    ];
    const server = await saying({ body: sse(...events, DONE), pieceBytes });
    const text = async (lines: string) => (await modelAt(server.origin, lines).stream("hi").reply).text;
    expect(await text("strip_special_tokens = true")).toBe("if a < b: stop(<|im_end|>)");
    expect(await text('strip_special_tokens = { where = "anywhere" }')).toBe("if a < b: stop()");
    expect(await text("")).toBe("if a < b: stop(<|im_end|>)<|im_end|>");
  });
});

describe("reasoning in the text", () => {
  const body = sse(chunk({ content: "<thi" }), chunk({ content: "nk>\nHm.\n</think>\n\n4" }), chunk({}, "stop"), DONE);
  const provider = (id: string) => `provider = "${id}"`;

  it.each(SPLITS)("is extracted on a custom server (pieces of %i bytes)", async (pieceBytes) => {
    const server = await saying({ body, pieceBytes });
    const stream = modelAt(server.origin).stream("hi");
    let text = "";
    for await (const piece of stream.text) text += piece;
    expect(text).toBe("4");
    expect((await stream.reply).reasoning?.trim()).toBe("Hm.");
    expect(await modelAt(server.origin, "", provider("ollama")).stream("hi").reply).toMatchObject({ text: "4" });
  });

  it("is text for an entry with reasoning = false", async () => {
    const server = await saying({ body, pieceBytes: 1_460 });
    const reply = await modelAt(server.origin, "capabilities = { reasoning = false }").stream("hi").reply;
    expect(reply.text).toContain("<think>");
    expect(reply.reasoning).toBeUndefined();
  });

  it("may start in the prompt if the model's template does", async () => {
    const opened = sse(chunk({ content: "Hm." }), chunk({ content: "</think>\n\n4" }, "stop"), DONE);
    const server = await saying({ body: opened, pieceBytes: 7 });
    const reply = (name: string) => modelAt(server.origin, "", provider("vllm"), name).stream("hi").reply;
    expect(await reply("some-model")).toMatchObject({ text: "Hm.</think>\n\n4" });
    expect(await reply("deepseek-ai/DeepSeek-R1-Distill-Qwen-7B")).toMatchObject({ reasoning: "Hm.\n\n", text: "4" });
    expect(await reply("Qwen/QwQ-32B-AWQ")).toMatchObject({ text: "4" });
  });
});

describe("an end without text", () => {
  it("with a refusal is a reply with `refusal`", async () => {
    const refusal = "I can't help with that.";
    const message = { role: "assistant", content: null, refusal };
    const whole = await saying({ body: JSON.stringify({ choices: [{ index: 0, finish_reason: "stop", message }] }) });
    expect(await modelAt(whole.origin).codegen("hi")).toMatchObject({ text: "", refusal, finishReason: "refusal" });
    const streamed = await saying({
      body: sse(chunk({ refusal: "I can't " }), chunk({ refusal: "help with that." }, "stop"), DONE),
      pieceBytes: 7,
    });
    expect(await modelAt(streamed.origin).stream("hi").reply).toMatchObject({
      text: "",
      refusal,
      finishReason: "refusal",
    });
  });

  it("after reasoning up to the limit says what to raise", async () => {
    const candidates = [{ content: { role: "model" }, finishReason: "MAX_TOKENS" }];
    const usageMetadata = { promptTokenCount: 9, thoughtsTokenCount: 1_000 };
    const server = await saying({ body: JSON.stringify({ candidates, usageMetadata }) });
    const google = `provider = "google"\nbase_url = "${server.origin}"`;
    const outcome = await modelAt(server.origin, "", google).safeCodegen("hi");
    expect(outcome).toMatchObject({ ok: false, error: { code: "empty_response" } });
    if (!outcome.ok)
      expect(outcome.error.message).toContain(
        "1000 of 1000 output tokens were used for reasoning; raise max_new_tokens",
      );
    expect(server.requests).toHaveLength(1);
  });

  it("in an empty body is a protocol error", async () => {
    const server = await saying({ body: "" });
    await expect(modelAt(server.origin).codegen("hi")).rejects.toMatchObject({ code: "protocol_error" });
  });
});

describe("one of two samples without an end", () => {
  it.each(SPLITS)("is stream_truncated; the partial has both (pieces of %i bytes)", async (pieceBytes) => {
    const events = [chunk({ content: "B" }, "stop", 1), chunk({ content: "A" }, null, 0)];
    for (const body of [sse(...events, DONE), sse(...events)]) {
      const server = await saying({ body, pieceBytes });
      const model = modelAt(server.origin, "batch_size = 2");
      const error = await model.stream("hi", { samples: 2 }).reply.catch((reason: unknown) => reason);
      expect(error).toMatchObject({
        code: "stream_truncated",
        partial: { text: "A", samples: [{ text: "A" }, { text: "B" }] },
      });
    }
  });
});
