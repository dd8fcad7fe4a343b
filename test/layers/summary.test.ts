import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Message } from "../../src/index.ts";
import { serving } from "../harness/ask.ts";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { failureOf } from "../harness/outcomes.ts";
import { factoryOf } from "../harness/simulated.ts";
import { smallBody, smallStream } from "../harness/small-answers.ts";
import type { Said } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const SUMMARY = "They planned a trip to Oslo.";
const OLD = "We talk about the trip to Oslo. ".repeat(28);
const HISTORY: readonly Message[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: `first ${OLD}` },
  { role: "assistant", content: `second ${OLD}, the end` },
  { role: "user", content: `Which weather? ${"Tell me more about it. ".repeat(30)}` },
  { role: "assistant", content: [{ type: "tool-call", id: "call_one", name: "weather", arguments: { city: "Oslo" } }] },
  { role: "tool", content: [{ type: "tool-result", id: "call_one", content: "Snow." }] },
];
const TOOL = { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } };

const asksForSummary = (body: string) => body.includes("<conversation>");

/** A host that answers a request for a summary with `summary`, and others with "fine". */
async function host(wire: Wire, summary: () => Said | Promise<Said> = () => said(wire, SUMMARY)) {
  const server = await serving((request) => {
    if (asksForSummary(request.body)) return summary();
    return request.body.includes('"stream":true') || request.path.includes("stream")
      ? smallStream(wire)
      : smallBody(wire);
  });
  return {
    server,
    model: (lines = "", more = "") => {
      const keys = `overflow = "summarize"\ncapabilities = { context = 760, max_output = 100 }\nnum_retries = 0\n${AT_ONCE}\n${lines}`;
      return factoryOf(`${entry(wire, server.origin, keys)}${more}`).create("main");
    },
  };
}

function said(wire: Wire, text: string): Said {
  return { body: smallBody(wire).body.replace('"fine"', JSON.stringify(text)) };
}

const bodies = (requests: readonly { readonly body: string }[]) => requests.map(({ body }) => body);

describe.each(WIRES)('overflow = "summarize" on the %s wire', (wire) => {
  it.each(["codegen", "stream"] as const)(
    "replaces the oldest messages by a summary in one more request: %s",
    async (kind) => {
      const { server, model } = await host(wire);
      const asked = model();
      const options = { tools: [TOOL] };
      const reply =
        kind === "codegen" ? await asked.codegen(HISTORY, options) : await asked.stream(HISTORY, options).reply;
      const [first = "", second = "", ...more] = bodies(server.requests);
      expect(more).toEqual([]);
      expect(first).toContain("first We talk");
      expect(first).toContain("second We talk");
      expect(first).not.toContain("Snow.");
      expect(first).not.toContain('"tools"');
      expect(first).not.toContain("Be brief.");
      expect(second).toContain(SUMMARY);
      expect(second).toContain("Summary of 2 earlier messages");
      expect(second).not.toContain("We talk about");
      for (const kept of ["Be brief.", "Which weather?", "Snow.", '"tools"']) expect(second).toContain(kept);
      expect(reply.text).toBe("fine");
      expect(reply.adjustments).toMatchObject([{ setting: "messages", from: 6, to: 5 }]);
      expect(reply.adjustments[0]?.reason).toMatch(
        /^overflow = "summarize": one more request replaced the oldest 2 messages by a summary, because the context window leaves about \d+ tokens for the messages$/,
      );
      expect(reply.attempts.map(({ outcome }) => outcome)).toEqual(["ok", "ok"]);
      expect(reply.usage).toMatchObject({ input: 6, output: 2, total: 8 });
      expect(reply.cost.usd).toBeCloseTo((6 * 3 + 2 * 15) / 1e6, 12);
    },
  );

  it("sends a prompt that fits as it is, in one request", async () => {
    const { server, model } = await host(wire);
    const reply = await model().codegen("Hello");
    expect([server.requests.length, reply.adjustments]).toEqual([1, []]);
  });

  it("fails as `context_too_long` with the cause if the request for the summary fails", async () => {
    const { server, model } = await host(wire, () => ({ status: 500, body: '{"error":{"message":"no"}}' }));
    const error = await failureOf(model().codegen(HISTORY));
    expect([error.code, server.requests.length]).toEqual(["context_too_long", 1]);
    expect(error.message).toContain("the request for a summary failed");
    expect(error.cause).toMatchObject({ code: "server_error", status: 500 });
    expect(error.attempts).toHaveLength(1);
  });
});

describe('overflow = "summarize"', () => {
  it("goes to a fallback for long prompts if there is no summary", async () => {
    const { server, model } = await host("openai", () => said("openai", " "));
    const large = entry("openai", server.origin, "", { table: "large" });
    const reply = await model('context_window_fallbacks = ["large"]', large).codegen(HISTORY);
    expect(reply.model).toBe("large");
    expect(reply.attempts.map(({ model: name }) => name)).toEqual(["main", "large"]);
    expect(bodies(server.requests)[1]).toContain("first We talk");
  });

  it("retries the request for the summary like any other", async () => {
    let asked = 0;
    const server = await serving(({ body }) => {
      if (!asksForSummary(body)) return smallBody("openai");
      asked += 1;
      return asked === 1 ? { status: 503, body: "{}" } : said("openai", SUMMARY);
    });
    const keys = `overflow = "summarize"\ncapabilities = { context = 760, max_output = 100 }\n${AT_ONCE}`;
    const reply = await factoryOf(entry("openai", server.origin, keys))
      .create()
      .codegen(HISTORY);
    expect(reply.attempts.map(({ outcome }) => outcome)).toEqual(["error", "ok", "ok"]);
    expect(server.requests).toHaveLength(3);
  });

  it("fails if the summary is too long to fit", async () => {
    const { server, model } = await host("openai", () =>
      said("openai", Array.from({ length: 1_000 }, (_, index) => `word ${index}`).join(" ")),
    );
    const error = await failureOf(model().codegen(HISTORY));
    expect([error.code, server.requests.length]).toEqual(["context_too_long", 1]);
    expect(error.message).toContain("with a summary of the oldest 2 messages the prompt has about");
  });

  it("fails before any request if not even the newest message and a summary fit", async () => {
    const { server, model } = await host("openai");
    const error = await failureOf(model().codegen([...HISTORY, { role: "user", content: OLD.repeat(3) }]));
    expect([error.code, server.requests.length]).toEqual(["context_too_long", 0]);
    expect(error.message).toContain("nothing was sent");
  });

  it("leaves out the middle of what to summarize if it does not fit either, and says so", async () => {
    const { server, model } = await host("openai");
    const long = [{ role: "user", content: `begin ${OLD.repeat(20)} end` } as const, ...HISTORY.slice(2)];
    const reply = await model().codegen(long);
    const [first = ""] = bodies(server.requests);
    expect(first).toContain("begin We talk");
    expect(first).toContain(", the end");
    expect(first.length).toBeLessThan(4_000);
    expect(reply.adjustments[0]?.reason).toMatch(
      /; it was written without the middle \d+ characters, which did not fit either$/,
    );
  });

  it("reports a summary that its token limit cut off", async () => {
    const cut = () => ({ body: said("openai", SUMMARY).body.replace('"stop"', '"length"') });
    const { model } = await host("openai", cut);
    const reply = await model().codegen(HISTORY);
    expect(reply.finishReason).toBe("stop");
    expect(reply.adjustments[0]?.reason).toMatch(/; it was cut off at \d+ tokens$/);
  });

  it("spends the deadline of the call on both requests", async () => {
    const { server, model } = await host("openai", () => new Promise<Said>(() => {}));
    const error = await failureOf(model("deadline = 1.5").codegen(HISTORY));
    expect([error.code, error.phase, server.requests.length]).toEqual(["timed_out", "deadline", 1]);
  });

  it("ends with the caller's signal", async () => {
    const controller = new AbortController();
    const { model } = await host("openai", () => {
      controller.abort();
      return new Promise<Said>(() => {});
    });
    expect((await failureOf(model().codegen(HISTORY, { signal: controller.signal }))).code).toBe("aborted");
  });

  it("has a row of the ledger and a reservation of the budgets for each request", async () => {
    const folder = mkdtempSync(join(tmpdir(), "modelwright-summary-"));
    const { server } = await host("openai");
    const keys = 'overflow = "summarize"\ncapabilities = { context = 760, max_output = 100 }';
    const toml = `${entry("openai", server.origin, keys)}[ledger]\n[budgets.team]\nusd = 1\n[budgets.small]\nusd = 0.000_001\nmatch = { tags = ["small"] }\n`;
    const factory = factoryOf(toml, { baseDir: folder });
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const reply = await factory.create().codegen(HISTORY);
    expect(await factory.ledger.query()).toMatchObject([{ attempts: 2, usd: reply.cost.usd }]);
    expect(await factory.budgets.status("team")).toMatchObject([{ spent: reply.cost.usd, reserved: 0 }]);
    const error = await failureOf(factory.create().codegen(HISTORY, { tags: ["small"] }));
    expect([error.code, (error.cause as { code?: string }).code]).toEqual(["context_too_long", "budget_exceeded"]);
    expect(server.requests).toHaveLength(2);
    await factory.close();
  });

  it("asks once for two hedged requests to the same model", async () => {
    let main = 0;
    const server = await serving(({ body }) => {
      if (asksForSummary(body)) return said("openai", SUMMARY);
      main += 1;
      return main === 1 ? undefined : smallBody("openai");
    });
    const keys = 'overflow = "summarize"\ncapabilities = { context = 760, max_output = 100 }\nhedge_after = 0.3';
    const reply = await factoryOf(entry("openai", server.origin, keys))
      .create()
      .codegen(HISTORY);
    expect(reply.text).toBe("fine");
    expect(bodies(server.requests).filter(asksForSummary)).toHaveLength(1);
    expect(server.requests).toHaveLength(3);
  });
});
