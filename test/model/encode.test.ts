import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { endOf, program } from "../harness/child-programs.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { threadMs } from "../harness/thread-time.ts";

const modelOf = (name: string, provider = "openai") =>
  factoryOf(`[models.main]\nname = "${name}"\nprovider = "${provider}"\napi_key = "k"\n`).create();

describe("model.encoding", () => {
  it.each([
    ["gpt-4o", "openai", "o200k_base"],
    ["gpt-4o-mini-2024-07-18", "openai", "o200k_base"],
    ["chatgpt-4o-latest", "openai", "o200k_base"],
    ["gpt-4.1-nano", "openai", "o200k_base"],
    ["gpt-5.6-sol", "openai", "o200k_base"],
    ["o3", "openai", "o200k_base"],
    ["ft:gpt-4o-mini-2024-07-18:acme::id", "openai", "o200k_base"],
    ["openai/gpt-4.1", "openrouter", "o200k_base"],
    ["gpt-4", "openai", "cl100k_base"],
    ["gpt-4-turbo", "openai", "cl100k_base"],
    ["gpt-3.5-turbo", "openai", "cl100k_base"],
    ["ft:gpt-3.5-turbo-0125:acme::id", "openai", "cl100k_base"],
    ["openai/gpt-oss-20b", "groq", "o200k_harmony"],
    ["gpt-oss:20b", "ollama", "o200k_harmony"],
    ["gpt-6.1-terra", "openai", undefined],
    ["gpt-50", "openai", undefined],
    ["claude-sonnet-4-5", "anthropic", undefined],
    ["gemini-2.5-pro", "google", undefined],
    ["gpt-4o", "deepseek", undefined],
  ])("of %s at %s is %s", (name, provider, encoding) => {
    expect(modelOf(name, provider).encoding).toBe(encoding);
  });

  it("of a group is that of all its members, or undefined", async () => {
    const member = (name: string, id: string) =>
      `[models.${name}]\nname = "${id}"\nprovider = "openai"\napi_key = "k"\n`;
    const factory = factoryOf(
      `${member("new", "gpt-4o")}${member("newer", "gpt-4.1")}${member("old", "gpt-4")}` +
        `[groups.same]\nmembers = ["new", "newer"]\n[groups.mixed]\nmembers = ["new", "old"]\n`,
    );
    expect(factory.get("same").encoding).toBe("o200k_base");
    expect(await factory.get("same").encode("Hello")).toEqual([13225]);
    expect(factory.get("mixed").encoding).toBeUndefined();
    expect((await failureOf(factory.get("mixed").encode("Hello"))).message).toContain("different encodings");
  });
});

describe("model.encode() and decode()", () => {
  it("give the tokens of a text and the text of tokens", async () => {
    const model = modelOf("gpt-4o");
    expect(await model.encode("Hello world")).toEqual([13225, 2375]);
    expect(await model.decode([13225, 2375])).toBe("Hello world");
    expect(await model.encode("")).toEqual([]);
    expect(await model.decode([])).toBe("");
    expect(await modelOf("gpt-4").encode("Hello world")).toEqual([9906, 1917]);
  });

  it("read special tokens as text, and write them as their names", async () => {
    const model = modelOf("gpt-4o");
    expect((await model.encode("<|endoftext|>")).length).toBeGreaterThan(1);
    expect(await model.decode([199_999])).toBe("<|endoftext|>");
  });

  it("take words of any length in a moment", async () => {
    const model = modelOf("gpt-4o");
    await model.encode("loaded");
    const word = "漢字仮名交".repeat(20_000);
    const startedMs = threadMs();
    const tokens = await model.encode(word);
    expect(threadMs() - startedMs).toBeLessThan(5_000);
    expect(await model.decode(tokens)).toBe(word);
  });

  it("fail as `unsupported` with what to do, if the encoding is unknown", async () => {
    const model = modelOf("claude-sonnet-4-5", "anthropic");
    for (const failing of [model.encode("Hello"), model.decode([1])]) {
      const { code, message } = await failureOf(failing);
      expect(code).toBe("unsupported");
      expect(message).toBe(
        "main: the encoding of claude-sonnet-4-5 is unknown; countTokens() estimates the tokens of a prompt, and with { exact: true } the provider counts them",
      );
    }
  });

  it.each([
    [[-1], "tokens[0]"],
    [[13225, 1.5], "tokens[1]"],
    [[13225, 2375, 200_019], "tokens[2]"],
    [["13225"], "tokens[0]"],
    [[Number.NaN], "tokens[0]"],
  ])("refuse %j", async (tokens, place) => {
    const { code, message } = await failureOf(modelOf("gpt-4o").decode(tokens as number[]));
    expect([code, message]).toEqual(["invalid_request", `main: decode: ${place} is not a token of o200k_base`]);
  });

  it("refuse what is not a text, or not an array", async () => {
    const model = modelOf("gpt-4o");
    expect((await failureOf(model.encode(5 as never))).message).toBe("main: encode: the text must be a string");
    expect((await failureOf(model.decode("5" as never))).message).toContain("must be an array");
  });

  it("need gpt-tokenizer, and say how to install it", async () => {
    const child = program(join(import.meta.dirname, "without-gpt-tokenizer.ts"), []);
    expect(await endOf(child)).toEqual({
      code: 0,
      stdout: "unsupported main: encode and decode need the package gpt-tokenizer; run npm i gpt-tokenizer\n",
      stderr: "",
    });
  });
});
