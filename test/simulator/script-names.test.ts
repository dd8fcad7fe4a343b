import { describe, expect, it } from "vitest";
import type { Fault, SimulatorOptions } from "../../src/simulator/server.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";

const KINDS =
  "rate-limit, quota, overloaded, server, timeout, auth, forbidden, not-found, context, too-large, filter, refusal, invalid";

const WRONG: readonly (readonly [step: unknown, message: string])[] = [
  [
    { kind: "rate_limit" },
    `script step 1: kind: unknown value "rate_limit" (did you mean "rate-limit"?); known: ${KINDS}`,
  ],
  [{ kind: "banana" }, `script step 1: kind: unknown value "banana"; known: ${KINDS}`],
  [
    { cutt: { afterEvents: 1 } },
    'script step 1: unknown key "cutt" (did you mean "cut"?); known: match, times, kind, status, body, headers, retryAfter, delayMs, answer, cut, stall, errorEvent, reset, empty, html, garbage',
  ],
  [{ cut: { after: 1 } }, 'script step 1: cut: unknown key "after"; known: afterEvents, clean'],
  [{ cut: 3 }, "script step 1: cut must be an object"],
  [
    { match: { modell: "x" } },
    'script step 1: match: unknown key "modell" (did you mean "model"?); known: model, path',
  ],
  [
    { errorEvent: { afterEvents: 1, kind: "overload" } },
    `script step 1: errorEvent: kind: unknown value "overload" (did you mean "overloaded"?); known: ${KINDS}`,
  ],
  [
    { answer: { finish: "tool_calls" } },
    'script step 1: answer: finish: unknown value "tool_calls" (did you mean "tool-calls"?); known: stop, length, tool-calls, content-filter, refusal',
  ],
  [[{ kind: "server" }], "script step 1 must be an object"],
];

describe("a step with an unknown key or value", () => {
  it.each(WRONG)("is rejected: %j", async (step, message) => {
    const simulator = await simulate();
    expect(() => simulator.script({ kind: "server" }, step as Fault)).toThrow(
      expect.objectContaining({ code: "invalid_request", message: message.replace("step 1", "step 2") }),
    );
    const response = await fetch(`${simulator.url}/v1/models`);
    expect(response.status).toBe(200);
    await expect(simulate({ script: [step as Fault] })).rejects.toMatchObject({ code: "invalid_request", message });
  });

  it("is rejected by the simulator of a factory, which can be started again", async () => {
    const factory = factoryOf('[models.a]\nname = "x"\nprovider = "simulator"\n');
    const wrong = { script: [{ kinds: "server" } as Fault] };
    await expect(factory.simulator(wrong)).rejects.toMatchObject({ code: "invalid_request" });
    expect((await factory.create().codegen("Hello.")).text).toContain("simulated");
  });

  it("in a custom answer fails the request", async () => {
    const simulator = await simulate({ answers: () => ({ content: "Hello." }) as object });
    const body = JSON.stringify({ model: "any", messages: [{ role: "user", content: "Hello" }] });
    const response = await fetch(`${simulator.url}/v1/chat/completions`, { method: "POST", body });
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining('answers(): unknown key \\"content\\"; known: text, reasoning'),
    ]);
  });
});

describe("an invalid option of the simulator", () => {
  it.each([
    [{ scripts: [] }, 'startSimulator: unknown option "scripts" (did you mean "script"?)'],
    [{ port: 99_999 }, "startSimulator: port must be an integer from 0 to 65535, not 99999"],
    [{ port: -1 }, "startSimulator: port must be an integer from 0 to 65535, not -1"],
  ])("is rejected: %j", async (options, message) => {
    await expect(simulate(options as SimulatorOptions)).rejects.toMatchObject({ code: "invalid_request", message });
  });
});
