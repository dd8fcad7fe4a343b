import { readFileSync } from "node:fs";
import * as library from "modelwright";
import * as aiSdk from "modelwright/ai-sdk";
import * as gateway from "modelwright/gateway";
import * as injection from "modelwright/inject";
import * as langchain from "modelwright/langchain";
import * as doubles from "modelwright/testing";
import { describe, expect, it } from "vitest";
import { camelOf } from "../../src/config/entry-config.ts";
import type { Option } from "../../src/config/option.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { declarationsOf } from "./declarations.ts";

// A name that disappears from here is a breaking change; a new one is a promise.

const [main, inject, testing] = declarationsOf("src/index.ts", "src/inject/index.ts", "src/testing/index.ts");

/** Options of a call that exist since the first version: none of them may disappear. */
const CALL_OPTIONS: readonly string[] = [
  ...["allow?", "batchSize?", "cache?", "continueOnLength?", "drop?", "dropParams?", "extraBody?"],
  ...["extraHeaders?", "frequencyPenalty?", "logitBias?", "logprobs?", "maxInputBytes?", "maxInputTokens?"],
  ...["maxNewTokens?", "maxTokens?", "messages?", "metadata?", "modalities?", "modifyParams?"],
  ...["parallelToolCalls?", "prediction?", "presencePenalty?", "priority?", "promptCache?", "raw?", "reasoningEffort?"],
  ...["repair?", "responseFormat?", "samples?", "seed?", "serviceTier?", "shouldRetry?", "signal?", "stop?", "stream?"],
  ...["strict?", "stripSpecialTokens?", "system?", "tags?", "temperature?", "toolChoice?", "tools?", "topK?"],
  ...["topLogprobs?", "topP?", "user?", "verbosity?", "webSearch?"],
];

describe("modelwright", () => {
  it("exports these values", () => {
    expect(valuesOf(library)).toMatchInlineSnapshot(
      `"class ConfigError, class ModelError, class ModelFactory, function isModelError, function localFile, function toOpenAI, function toResponse, function tool, function trimMessages, object ERROR_CODES"`,
    );
  });

  it("also exports these types", () => {
    expect(main?.names.filter((name) => !(name in library)).join(" ")).toMatchInlineSnapshot(
      `"Adjustment AdjustmentEvent AssistantMessage Attempt AttemptEvent AudioInput AudioPart BreakerControl BreakerState BudgetControl BudgetEvent BudgetNotice BudgetStatus CacheControl CacheEvent CacheMode CacheOptions CacheOutcome CacheStats CachedAnswer Call CallOptions Capabilities Capability Clock ConfigProblem Cost CreateOptions DeepPartial Dialect DiscoverOptions Discovery Effort EmbedOptions Embedder EmbeddingReply ErrorDetails ErrorRow Estimate Events Exchange FactoryOptions FailedAttempt FailureEvent FallbackEvent FileInput FilePart FileWatcher FinishReason FlowEvent HealthOptions HookCall Hooks ImageInput ImagePart Input JsonSchema Layer LedgerField LedgerGroup LedgerPeriod LedgerQuery LedgerReader LedgerSum LintFinding ListOptions ListedModel LocalFile Logger MediaData Message MessageInput Model ModelDescription ModelErrorCode ModelErrorInit ModelEvent ModelFacts ModelHealth ModelInfo ModelRequest ModelStream Next ObjectReply ObjectStream OfferedModel OpenAICompletion OpenAIMessage Operation OptionsFor OptionsWithout Outcome Part PartialAnswer PartialRun Price PromptCache RateLimit RateWindow ReasoningPart Refusal Registered ReloadEvent Reloaded Reply RequestChange RequestEvent RequestOperation ResponseFormat ResponseOptions RetryEvent RunControl RunEvent RunOptions RunResult RunStep RunStream RunTool Sample Scope Session SessionOptions Settings ShouldRetry SlowEvent SseMessage StandardSchema StopReason SuccessEvent SystemMessage Target TextPart TimeoutPhase Token TokenRequest Tool ToolCall ToolCallOf ToolCallPart ToolChoice ToolContext ToolDefinition ToolInput ToolKind ToolMessage ToolParameters ToolResult ToolResultInput ToolResultPart ToolsInput Transport TransportInput TrimOptions UnavailableList Unsupported Usage UsageGroup UsageTotal UserMessage WireInit WireResponse"`,
    );
  });

  it.each(["ModelFactory", "Model", "ModelStream", "Session", "ModelError", "ConfigError"])(
    "%s has these members",
    (name) => {
      expect(main?.membersOf(name)).toMatchSnapshot();
    },
  );

  it.each([
    "Reply",
    "Sample",
    "Attempt",
    "Usage",
    "Cost",
    "FactoryOptions",
    "SessionOptions",
    "ModelDescription",
    "Capabilities",
  ])("%s has these fields", (name) => {
    expect(main?.membersOf(name)).toMatchSnapshot();
  });

  it("CallOptions has these fields, and those of the options that a call may set", () => {
    const fields = main?.membersOf("CallOptions") ?? [];
    expect(fields).toEqual(expect.arrayContaining([...CALL_OPTIONS]));
    const perCall = Object.entries<Option>(OPTIONS).filter(([, { perCall }]) => perCall === true);
    const added = perCall.map(([key]) => `${camelOf(key)}?`).filter((field) => !CALL_OPTIONS.includes(field));
    expect(fields.filter((field) => !CALL_OPTIONS.includes(field))).toEqual(added.sort());
  });

  it("has these error codes", () => {
    expect(Object.keys(library.ERROR_CODES).join(" ")).toMatchInlineSnapshot(
      `"rate_limited quota_exhausted overloaded server_error connection_failed timed_out stream_truncated protocol_error degenerate_output unauthorized forbidden not_found invalid_request unsupported context_too_long request_too_large content_filtered refused invalid_output invalid_tool_call empty_response budget_exceeded limit_exceeded state_unavailable rejected circuit_open bulkhead_full redirect_blocked proxy_refused aborted all_models_failed"`,
    );
  });
});

describe("modelwright/inject", () => {
  it("exports these values", () => {
    expect(valuesOf(injection)).toMatchInlineSnapshot(`"class Container, function isModel, function resolveModel"`);
  });

  it("also exports these types", () => {
    expect(inject?.names.filter((name) => !(name in injection)).join(" ")).toMatchInlineSnapshot(
      `"ContainerOptions DependencySpec Guard Inject ModuleSource Resolver ResolverContext"`,
    );
  });

  it.each(["Container", "ContainerOptions", "DependencySpec", "ResolverContext"])("%s has these members", (name) => {
    expect(inject?.membersOf(name)).toMatchSnapshot();
  });
});

describe("modelwright/testing", () => {
  it("exports these values", () => {
    expect(valuesOf(doubles)).toMatchInlineSnapshot(
      `"function blockNetwork, function cassette, function faultServer, function recordingTransport, function scripted, function startSimulator, function testDialect"`,
    );
  });

  it("also exports these types", () => {
    expect(testing?.names.filter((name) => !(name in doubles)).join(" ")).toMatchInlineSnapshot(
      `"BlockedNetwork CannedAnswer Cassette CassetteOptions CertificateKind DialectAnswer DialectContract DialectFailure DialectResponse ExpectedReply Fault FaultExpectation FaultRoute FaultScript FaultServer FaultServerOptions FaultStep GzipMode LineEnd ModelErrorInit ProblemKind PromptSegment RateLimits ReasoningWish ReceivedRequest RecordedRequest RecordingOptions RecordingTransport RequestMatch ScriptStep ScriptedAttempt ScriptedCall ScriptedDialect SentRequest SimulatedAnswer SimulatedFinish SimulatedRequest SimulatedTool SimulatedTurn SimulatedUsage Simulator SimulatorOptions ToolResult WireName"`,
    );
  });

  it.each([
    "Simulator",
    "SimulatorOptions",
    "FaultServer",
    "FaultServerOptions",
    "ReceivedRequest",
    "FaultExpectation",
    "ScriptedDialect",
    "RecordingTransport",
    "BlockedNetwork",
  ])("%s has these members", (name) => {
    expect(testing?.membersOf(name)).toMatchSnapshot();
  });
});

describe("modelwright/ai-sdk", () => {
  it("exports these values, and no types: those of @ai-sdk/provider describe them", () => {
    expect(valuesOf(aiSdk)).toMatchInlineSnapshot(`"function embeddingModel, function languageModel"`);
  });
});

describe("modelwright/gateway", () => {
  it("exports this value", () => {
    expect(valuesOf(gateway)).toMatchInlineSnapshot(`"function gateway"`);
  });
});

describe("modelwright/langchain", () => {
  it("exports this value", () => {
    expect(valuesOf(langchain)).toMatchInlineSnapshot(`"function chatModel"`);
  });
});

it("the entry points of package.json are these modules", () => {
  const { exports } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    exports: Record<string, { default?: string }>;
  };
  const modules = Object.entries(exports).filter(([, entry]) => entry.default?.endsWith(".js"));
  expect(modules.map(([name, entry]) => [name, entry.default])).toEqual([
    [".", "./dist/index.js"],
    ["./inject", "./dist/inject/index.js"],
    ["./ai-sdk", "./dist/interop/ai-sdk.js"],
    ["./gateway", "./dist/gateway/index.js"],
    ["./langchain", "./dist/interop/langchain.js"],
    ["./testing", "./dist/testing/index.js"],
  ]);
});

function valuesOf(module: object): string {
  return Object.entries(module)
    .map(([name, value]) => `${kindOf(value)} ${name}`)
    .sort()
    .join(", ");
}

function kindOf(value: unknown): string {
  if (typeof value !== "function") return typeof value;
  return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
}
