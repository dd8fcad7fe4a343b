import { context, metrics, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { FactoryOptions } from "../../src/factory/options.ts";
import type { Fault } from "../../src/simulator/server.ts";
import { AT_ONCE, entry } from "../harness/entry.ts";
import { factoryOf, simulate } from "../harness/simulated.ts";
import { ActiveContext } from "./active-context.ts";

const OTEL = "[telemetry]\notel = true\n";
const spans = new InMemorySpanExporter();
const reader = new PrometheusExporter({ preventServerStart: true });

beforeAll(() => {
  context.setGlobalContextManager(new ActiveContext().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
});
afterAll(() => {
  trace.disable();
  metrics.disable();
  context.disable();
});
beforeEach(() => spans.reset());

/** A model on a wire, with one fallback on the same simulator. */
async function modelOn(
  wire: "openai" | "anthropic",
  script: readonly Fault[],
  options: FactoryOptions = {},
  head = OTEL,
) {
  const simulator = await simulate({ script });
  const { url } = simulator;
  const toml = `${head}${entry(wire, url, `num_retries = 1\nfallback_models = ["spare"]\n${AT_ONCE}`, { name: "claude-x" })}${entry(wire, url, "num_retries = 0", { table: "spare", name: "spare-model" })}`;
  return { simulator, model: factoryOf(toml, options).create("main") };
}

const named = (name: string): ReadableSpan => {
  const found = spans.getFinishedSpans().filter((span) => span.name === name);
  expect(found.map((span) => span.name)).toEqual([name]);
  return found[0] as ReadableSpan;
};
const names = () => spans.getFinishedSpans().map(({ name }) => name);
const msOf = ({ duration: [seconds, nanos] }: ReadableSpan) => seconds * 1_000 + nanos / 1e6;

describe("the spans of a call", () => {
  it("are those of embeddings for embed", async () => {
    const simulator = await simulate();
    const toml = entry("google", simulator.url, "", { name: "gemini-embedding-001", priced: false });
    await factoryOf(OTEL + toml)
      .create()
      .embed(["a"], { dimensions: 8, tags: ["index"] });
    expect(names()).toEqual(["attempt gemini-embedding-001", "embeddings gemini-embedding-001"]);
    expect(named("embeddings gemini-embedding-001").attributes).toMatchObject({
      "gen_ai.operation.name": "embeddings",
      "gen_ai.embeddings.dimension.count": 8,
      "gen_ai.usage.input_tokens": 1,
      "modelwright.tags": ["index"],
    });
  });

  it.each(["codegen", "stream"] as const)("are one for %s and one below it for its attempt", async (how) => {
    const { model } = await modelOn("anthropic", []);
    const ask = () => (how === "codegen" ? model.codegen("hello", OPTIONS) : model.stream("hello", OPTIONS).reply);
    const reply = await ask();
    expect(names()).toEqual(["attempt claude-x", "chat claude-x"]);
    const call = named("chat claude-x");
    const attempt = named("attempt claude-x");
    expect(attempt.parentSpanContext?.spanId).toBe(call.spanContext().spanId);
    expect([call.kind, call.status.code, attempt.status.code]).toEqual([SpanKind.CLIENT, 0, 0]);
    expect(call.attributes).toMatchObject({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "anthropic",
      "gen_ai.request.model": "claude-x",
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.max_tokens": 100,
      "gen_ai.request.stream": how === "stream",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.response.id": reply.id,
      "gen_ai.usage.input_tokens": reply.usage.input,
      "gen_ai.usage.output_tokens": reply.usage.output,
      "modelwright.cost": reply.cost.usd,
      "modelwright.call.id": reply.callId,
      "server.address": "127.0.0.1",
    });
    expect("gen_ai.response.time_to_first_chunk" in call.attributes).toBe(how === "stream");
    expect(attempt.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
    expect(msOf(attempt)).toBeLessThanOrEqual(msOf(call));
    expect(JSON.stringify(spans.getFinishedSpans().map(({ attributes }) => attributes))).not.toMatch(/hello|test-key/);
  });

  it("belong to the span that is active where the call is made", async () => {
    const { model } = await modelOn("openai", []);
    const parent = trace.getTracer("test").startSpan("request of the user");
    const active = trace.setSpan(context.active(), parent);
    await context.with(active, () => model.codegen("hello"));
    await context.with(active, async () => {
      for await (const _ of model.stream("hello"));
    });
    parent.end();
    const calls = spans.getFinishedSpans().filter(({ name }) => name === "chat claude-x");
    expect(calls.map((span) => span.parentSpanContext?.spanId)).toEqual(Array(2).fill(parent.spanContext().spanId));
    expect(new Set(spans.getFinishedSpans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it.each(["codegen", "stream"] as const)("show retry and fallback of %s", async (how) => {
    const { model } = await modelOn("openai", [{ kind: "server" }, { kind: "server" }]);
    const reply = await (how === "codegen" ? model.codegen("hello") : model.stream("hello").reply);
    expect(reply.model).toBe("spare");
    expect(names()).toEqual(["attempt claude-x", "attempt claude-x", "attempt spare-model", "chat claude-x"]);
    const [first, second, third, call] = spans.getFinishedSpans();
    for (const [number, span] of [first, second].entries()) {
      expect(span?.attributes).toMatchObject({
        "error.type": "server_error",
        "http.response.status_code": 500,
        "modelwright.attempt.number": number + 1,
      });
      expect(span?.status.code).toBe(SpanStatusCode.ERROR);
    }
    expect(third?.attributes).toMatchObject({ "modelwright.attempt.outcome": "ok", "modelwright.model": "spare" });
    expect(call?.status.code).toBe(0);
    expect(call?.attributes["modelwright.attempts"]).toBe(3);
  });

  it.each(["codegen", "stream"] as const)("show the failure of %s", async (how) => {
    const { model } = await modelOn("openai", [{ kind: "invalid" }]);
    const asked = how === "codegen" ? model.codegen("hello") : model.stream("hello").reply;
    const error = (await asked.catch((reason) => reason)) as { code: string; message: string };
    const call = named("chat claude-x");
    expect(call.attributes["error.type"]).toBe(error.code);
    expect(call.status).toEqual({ code: SpanStatusCode.ERROR, message: error.message });
  });

  it.each(["codegen", "stream"] as const)("end when %s is aborted", async (how) => {
    const { model, simulator } = await modelOn("openai", [{ delayMs: 5_000 }]);
    const controller = new AbortController();
    const options = { signal: controller.signal };
    const asked = how === "codegen" ? model.codegen("hello", options) : model.stream("hello", options).reply;
    const ended = asked.catch(() => {});
    await expect.poll(() => simulator.requests.length).toBe(1);
    controller.abort();
    await ended;
    expect(names()).toEqual(["attempt claude-x", "chat claude-x"]);
    expect(named("chat claude-x").attributes["error.type"]).toBe("aborted");
    expect(named("attempt claude-x").attributes["modelwright.attempt.outcome"]).toBe("aborted");
  });

  it("are not created without otel = true, by the SDK either", async () => {
    for (const head of ["", "[telemetry]\notel = false\n"]) {
      const { model } = await modelOn("anthropic", [], {}, head);
      await model.codegen("hello");
    }
    expect(names()).toEqual([]);
  });

  it("give their trace id to log lines and hooks", async () => {
    const seen: string[] = [];
    const lines: unknown[] = [];
    const log = (_: string, fields?: object) => void lines.push((fields as { trace?: string } | undefined)?.trace);
    const note = (event: { traceId: string }) => void seen.push(event.traceId);
    const { model } = await modelOn("openai", [], {
      hooks: { request: note, attempt: note, success: note },
      logger: { debug: log, info: log, warn() {}, error: log },
    });
    await model.codegen("hello");
    const { traceId } = named("chat claude-x").spanContext();
    expect(seen).toEqual([traceId, traceId, traceId]);
    expect(lines).toEqual([traceId, traceId]);
  });
});

const OPTIONS = { temperature: 0.5, maxNewTokens: 100 };

describe("the metrics of calls", () => {
  it("are counted in the text that Prometheus reads", async () => {
    const before = await counted();
    const { model } = await modelOn("openai", [{ kind: "server" }]);
    let tokens = 0;
    let usd = 0;
    for (let calls = 0; calls < 5; calls++) {
      const reply = await (calls % 2 === 0 ? model.codegen("hello") : model.stream("hello").reply);
      tokens += reply.usage.output;
      usd += reply.cost.usd ?? 0;
    }
    const after = await counted();
    const grown = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    expect(grown("gen_ai_client_inference_duration_count")).toBe(5);
    expect(grown("gen_ai_client_inference_time_to_first_chunk_count")).toBe(2);
    expect(grown("gen_ai_client_inference_usage_output_tokens_total")).toBe(tokens);
    expect(grown("modelwright_cost_total")).toBeCloseTo(usd, 9);
  });
});

/** The sums of all series by name, from the exposition format. */
async function counted(): Promise<Record<string, number>> {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  const sums: Record<string, number> = {};
  for (const line of new PrometheusSerializer().serialize(resourceMetrics).split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const [, name = "", value = ""] = /^([a-zA-Z_:][\w:]*)(?:\{[^}]*\})? (\S+)/.exec(line) ?? [];
    expect(Number.isFinite(Number(value)) || value === "+Inf", line).toBe(true);
    sums[name] = (sums[name] ?? 0) + Number(value);
  }
  return sums;
}
