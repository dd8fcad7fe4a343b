import { describe, expect, test } from "vitest";
import * as z from "zod";
import { isModelError } from "../../src/core/error.ts";
import type { CallOptions } from "../../src/model/options.ts";
import { PATIENT } from "../harness/entry.ts";
import { WIRES } from "../harness/wires.ts";
import { bodyOf, CALL_ROWS } from "./call-rows.ts";
import { callTest } from "./key-test.ts";
import { ask, entry, factoryOf, JumpingClock, PROMPT, simulate } from "./world.ts";

describe("an option of a call wins over the entry", () => {
  for (const [name, row] of Object.entries(CALL_ROWS)) {
    callTest(name, async () => {
      const simulator = await simulate();
      const toml = entry(row.wire ?? "openai", simulator, row.entry);
      const plain = await ask(simulator, toml);
      const asked = await ask(simulator, toml, { call: row.call });
      row.sees?.(asked);
      if (row.body === undefined) return;
      if (asked.error !== undefined) throw asked.error;
      expect(bodyOf(asked)).toMatchObject(row.body);
      expect(bodyOf(plain) ?? {}).not.toMatchObject(row.body);
    });
  }

  test.each(WIRES)("extraHeaders of a call are merged with those of the entry on the %s wire", async (wire) => {
    const simulator = await simulate();
    const main = factoryOf(entry(wire, simulator, 'extra_headers = { X-One = "entry", X-Two = "entry" }')).create();
    await main.codegen("Hi.", { extraHeaders: { "x-two": "call", "x-three": "call" } });
    expect(simulator.requests[0]?.headers).toMatchObject({ "x-one": "entry", "x-two": "call", "x-three": "call" });
  });

  callTest("stripSpecialTokens", async () => {
    const simulator = await simulate({ script: [{ answer: { text: "one<|im_end|>" }, times: 2 }] });
    const toml = entry("openai", simulator, "strip_special_tokens = true");
    expect((await ask(simulator, toml)).reply?.text).toBe("one");
    expect((await ask(simulator, toml, { call: { stripSpecialTokens: false } })).reply?.text).toBe("one<|im_end|>");
  });

  callTest("signal", async () => {
    const simulator = await simulate({ script: [{ delayMs: 5_000 }] });
    const { error } = await ask(simulator, entry("openai", simulator), { call: { signal: AbortSignal.timeout(30) } });
    expect(error?.code).toBe("aborted");
    expect((await ask(simulator, entry("openai", simulator), { call: { signal: undefined } })).reply).toBeDefined();
  });

  callTest("shouldRetry", async () => {
    const simulator = await simulate();
    const at = entry("openai", simulator, 'num_retries = 1\nretry_min_wait = "1ms"\nretry_max_wait = "1ms"');
    const asked = async (
      status: number,
      shouldRetry: CallOptions["shouldRetry"],
      hook?: CallOptions["shouldRetry"],
    ) => {
      simulator.reset();
      simulator.script({ status });
      const hooks = hook === undefined ? {} : { hooks: { shouldRetry: hook } };
      await factoryOf(at, hooks).create().safeCodegen(PROMPT, { shouldRetry });
      return simulator.requests.length;
    };
    expect(await asked(500, undefined)).toBe(2);
    expect(await asked(500, () => false)).toBe(1);
    expect(await asked(400, undefined)).toBe(1);
    expect(await asked(400, () => true)).toBe(2);
    expect(await asked(400, undefined, () => true)).toBe(2);
    expect(
      await asked(
        400,
        () => undefined,
        () => true,
      ),
    ).toBe(2);
    expect(
      await asked(
        400,
        () => false,
        () => true,
      ),
    ).toBe(1);
  });

  callTest("cache", async () => {
    const simulator = await simulate();
    const model = factoryOf(`[cache]\n${entry("openai", simulator)}`).create();
    const requests = async (cache: CallOptions["cache"]) => {
      const before = simulator.requests.length;
      await model.codegen(PROMPT, { cache });
      return simulator.requests.length - before;
    };
    await expect(model.codegen(PROMPT, { cache: "only" })).rejects.toMatchObject({ code: "not_found" });
    expect(await requests("bypass")).toBe(1);
    expect(await requests("use")).toBe(1);
    expect(await requests("use")).toBe(0);
    expect(await requests("only")).toBe(0);
    expect(await requests("refresh")).toBe(1);
    expect(await requests({ mode: "refresh" })).toBe(1);
    expect(await requests({})).toBe(0);
  });

  test("cache of a call: ttl is the time that its answer is kept", async () => {
    const simulator = await simulate();
    const clock = new JumpingClock();
    const model = factoryOf(`[cache]\n${entry("openai", simulator, PATIENT)}`, { clock }).create();
    const isStored = async (cache: CallOptions["cache"], afterMs: number) => {
      await model.codegen(PROMPT, { cache });
      clock.jump(afterMs);
      return (await model.safeCodegen(PROMPT, { cache: "only" })).ok;
    };
    const refresh = (ttl: number | string) => ({ mode: "refresh", ttl }) as const;
    expect(await isStored(refresh("1s"), 900)).toBe(true);
    expect(await isStored(refresh("1s"), 1_100)).toBe(false);
    expect(await isStored(refresh(0.5), 600)).toBe(false);
    expect(await isStored(refresh("2h"), 7_000_000)).toBe(true);
    expect(await isStored("refresh", 3_500_000)).toBe(true);
    expect(await isStored("refresh", 3_700_000)).toBe(false);
  });

  test("cache of a call: namespaces have separate answers", async () => {
    const simulator = await simulate();
    const model = factoryOf(`[cache]\nnamespace = "one"\n${entry("openai", simulator)}`).create();
    for (const namespace of ["one", "two", undefined, "two", "three"])
      await model.codegen(PROMPT, { cache: { namespace } });
    expect(simulator.requests).toHaveLength(3);
  });

  callTest("tags", async () => {
    const simulator = await simulate();
    const factory = factoryOf(entry("openai", simulator));
    await factory.create().codegen(PROMPT, { tags: ["nightly"] });
    await factory.create().codegen(PROMPT);
    expect(factory.usage("tag")).toMatchObject({ nightly: { calls: 1 } });
    expect(factory.usage().calls).toBe(2);
  });

  callTest("repair", async () => {
    const simulator = await simulate({ script: [{ answer: { text: "{}" }, times: Number.POSITIVE_INFINITY }] });
    const model = factoryOf(entry("openai", simulator, "repair = 3")).create();
    await expect(model.object(z.object({ city: z.string() }), PROMPT, { repair: 1 })).rejects.toMatchObject({
      code: "invalid_output",
    });
    expect(simulator.requests).toHaveLength(2);
  });

  callTest("raw", async () => {
    const simulator = await simulate();
    const model = factoryOf(entry("openai", simulator)).create();
    const types = async (raw: boolean) => {
      const seen = new Set<string>();
      for await (const { type } of model.stream(PROMPT, { raw })) seen.add(type);
      return seen.has("raw");
    };
    expect([await types(false), await types(true)]).toEqual([false, true]);
  });
});

/** Options as plain JavaScript may give them. */
const WRONG: readonly (readonly [options: Record<string, unknown>, words: RegExp])[] = [
  [{ temprature: 1 }, /temprature.*did you mean "temperature"/],
  [{ stopSequences: ["a"] }, /did you mean "stop"/],
  [{ max_completion_tokens: 5 }, /did you mean "maxNewTokens"/],
  [{ max_tokens_to_sample: 5 }, /did you mean "maxNewTokens"/],
  [{ maxOutputTokens: 5 }, /unknown key "maxOutputTokens" in a call's options \(did you mean "maxNewTokens"/],
  [{ n: 2 }, /did you mean "samples"/],
  [{ sample: 2 }, /did you mean "samples"/],
  [{ abortSignal: new AbortController().signal }, /"abortSignal".*did you mean "signal"/],
  [{ providerOptions: {} }, /did you mean "extraBody"/],
  [{ headers: {} }, /did you mean "extraHeaders"/],
  [{ model: "gpt-4.1" }, /"model" is "name" here, which belongs in \[models\.NAME\]/],
  [{ baseURL: "http://127.0.0.1" }, /"baseURL" is "base_url" here, which belongs in \[models\.NAME\]/],
  [{ apiKey: "k" }, /"apiKey" belongs in \[models\.NAME\]/],
  [{ maxRetries: 2 }, /"maxRetries" .*belongs in \[models\.NAME\]/],
  [{ timeout: 5 }, /"timeout" belongs in \[models\.NAME\]/],
  [{ temperature: "0.5" }, /"temperature" must be a number/],
  [{ temperature: 3 }, /"temperature" must be at most 2/],
  [{ topP: 2 }, /must be at most 1/],
  [{ topK: 1.5 }, /must be an integer/],
  [{ maxNewTokens: 0 }, /must be at least 1/],
  [{ stop: 5 }, /"stop" must be a string or an array of strings/],
  [{ seed: "x" }, /must be a (whole )?number/],
  [{ logprobs: "yes" }, /must be true or false/],
  [{ reasoningEffort: "hihg" }, /did you mean "high"/],
  [{ verbosity: "loud" }, /must be one of "low", "medium", "high"/],
  [{ responseFormat: { type: "jsonn" } }, /response_?[fF]ormat|type/],
  [{ metadata: { a: 1 } }, /must be a string/],
  [{ webSearch: { maxUse: 1 } }, /did you mean "maxUses"/],
  [{ promptCache: { ttl: "2h" } }, /must be one of "5m", "1h"/],
  [{ tools: [{ name: "a b" }] }, /letters, digits/],
  [{ toolChoice: "sometimes" }, /must be "auto", "none", "required"/],
  [{ system: 5 }, /must be a string/],
  [{ messages: [{ role: "robot", content: "x" }] }, /unknown role "robot"/],
  [{ batchSize: 0 }, /must be at least 1/],
  [{ stream: "yes" }, /must be true or false/],
  [{ strict: 1 }, /must be true or false/],
  [{ dropParams: 1 }, /must be true or false/],
  [{ drop: "temperature" }, /must be an array/],
  [{ samples: 0 }, /samples must be an integer from 1 to 128/],
  [{ samples: 129 }, /samples must be an integer from 1 to 128/],
  [{ samples: "2" }, /samples must be an integer from 1 to 128/],
  [{ signal: {} }, /signal must be an AbortSignal/],
  [{ cache: "byPass" }, /cache must be one of .*did you mean "bypass"/],
  [{ cache: 5 }, /cache must be one of use, refresh, bypass, only/],
  [{ cache: null }, /cache must be one of/],
  [{ cache: [] }, /cache must be one of/],
  [{ cache: { mode: "byPass" } }, /cache\.mode must be one of .*did you mean "bypass"/],
  [{ cache: { mode: true } }, /cache\.mode must be one of/],
  [{ cache: { tll: 5 } }, /unknown key "tll" in cache \(did you mean "ttl"/],
  [{ cache: { ttl: "5 minutes" } }, /cache\.ttl must be seconds as a number, or a string such as/],
  [{ cache: { ttl: -1 } }, /cache\.ttl must be/],
  [{ cache: { ttl: Number.POSITIVE_INFINITY } }, /cache\.ttl must be/],
  [{ cache: { namespace: "" } }, /cache\.namespace must be a string that is not empty/],
  [{ cache: { namespace: 5 } }, /cache\.namespace must be/],
  [{ tags: "a" }, /tags must be an array of strings/],
  [{ raw: "yes" }, /raw must be true or false/],
  [{ repair: -1 }, /must be at least 0/],
  [{ extraBody: [] }, /must be a table/],
  [{ extraHeaders: { "X-A": "a\nb" } }, /one line of latin-1/],
];

describe("a wrong option is an invalid_request before any request", () => {
  for (const [options, words] of WRONG) {
    test(JSON.stringify(options), async () => {
      const simulator = await simulate();
      const model = factoryOf(entry("openai", simulator)).create();
      const failures = [
        await model
          .safeCodegen(PROMPT, options as CallOptions)
          .then((outcome) => (outcome.ok ? undefined : outcome.error)),
        await model.stream(PROMPT, options as CallOptions).reply.catch((error: unknown) => error),
      ];
      for (const error of failures) {
        if (!isModelError(error)) throw new Error("the call was answered", { cause: error });
        expect(error.code).toBe("invalid_request");
        expect(error.message).toMatch(words);
      }
      expect(simulator.requests).toHaveLength(0);
    });
  }

  test("all of them are told at once", async () => {
    const simulator = await simulate();
    const outcome = await factoryOf(entry("openai", simulator))
      .create()
      .safeCodegen(PROMPT, { temprature: 1, topP: 5 } as CallOptions);
    expect(outcome).toMatchObject({ ok: false, error: { message: expect.stringMatching(/top_?p.*temprature/i) } });
  });
});
