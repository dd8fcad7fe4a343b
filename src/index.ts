export type { ModelInfo } from "./catalog/lookup.ts";
export type { Adjustment, Attempt } from "./core/attempt.ts";
export type { CacheMode, Call, RateLimit, RateWindow } from "./core/call.ts";
export type { Clock } from "./core/clock.ts";
export type { Cost, Price } from "./core/cost.ts";
export type { Dialect } from "./core/dialect.ts";
export {
  ConfigError,
  type ConfigProblem,
  ERROR_CODES,
  type ErrorRow,
  isModelError,
  ModelError,
  type ModelErrorCode,
  type ModelErrorInit,
  type PartialAnswer,
  type TimeoutPhase,
} from "./core/error.ts";
export type { Events, FinishReason, FlowEvent, ModelEvent } from "./core/event.ts";
export type { Logger } from "./core/logger.ts";
export type {
  AssistantMessage,
  AudioPart,
  FilePart,
  ImagePart,
  Message,
  Part,
  ReasoningPart,
  SystemMessage,
  TextPart,
  ToolCallPart,
  ToolMessage,
  ToolResultPart,
  UserMessage,
} from "./core/message.ts";
export type { OfferedModel } from "./core/offered-model.ts";
export type { Reply, Sample } from "./core/reply.ts";
export type { Effort, ModelRequest, PromptCache, ResponseFormat, Settings } from "./core/request.ts";
export type { StandardSchema } from "./core/standard-schema.ts";
export type { BreakerState, Capabilities, Capability, ModelFacts, Target, Token } from "./core/target.ts";
export type { JsonSchema, Tool, ToolCall, ToolChoice } from "./core/tool.ts";
export type { Exchange, SseMessage, Transport, WireInit, WireResponse } from "./core/transport.ts";
export type { Usage } from "./core/usage.ts";
export type { DiscoverOptions, Discovery } from "./discovery.ts";
export { type BreakerControl, ModelFactory, type Registered } from "./factory.ts";
export type { FileWatcher } from "./file-watcher.ts";
export type { HealthOptions, ModelHealth } from "./health.ts";
export type { UsageGroup, UsageTotal } from "./layers/usage-totals.ts";
export type { LintFinding } from "./lint.ts";
export type { Estimate, Input, Model, OpenAIMessage, Outcome } from "./model.ts";
export type { ModelDescription } from "./model-description.ts";
export type { ModelStream } from "./model-stream.ts";
export type { DeepPartial, ObjectReply, ObjectStream } from "./object.ts";
export type { CallOptions, CreateOptions, FactoryOptions, TokenRequest, ToolInput } from "./options.ts";
export type { OptionsFor, OptionsWithout, Unsupported } from "./options-for.ts";
export type { ReloadEvent, Reloaded } from "./reload.ts";
export type { Scope } from "./scope.ts";
export type { Session, SessionOptions } from "./session.ts";
export type { TransportInput } from "./transport/any-fetch.ts";
