/// <reference types="node" preserve="true" />
import "./core/require-node.ts";

export type { ModelInfo } from "./catalog/lookup.ts";
export type { FileWatcher } from "./config/file-watcher.ts";
export type { Adjustment, Attempt } from "./core/attempt.ts";
export type { CacheMode, Call } from "./core/call.ts";
export type { Clock } from "./core/clock.ts";
export { ConfigError, type ConfigProblem } from "./core/config-error.ts";
export type { Cost, Price } from "./core/cost.ts";
export type { Dialect } from "./core/dialect.ts";
export type { Embedder } from "./core/embedder.ts";
export {
  type ErrorDetails,
  isModelError,
  ModelError,
  type ModelErrorInit,
  type TimeoutPhase,
} from "./core/error.ts";
export { ERROR_CODES, type ErrorRow, type ModelErrorCode } from "./core/error-codes.ts";
export type { Events, FinishReason, FlowEvent, ModelEvent } from "./core/event.ts";
export type {
  AdjustmentEvent,
  AttemptEvent,
  BudgetEvent,
  CacheEvent,
  FailureEvent,
  FallbackEvent,
  HookCall,
  Hooks,
  Refusal,
  RequestChange,
  RequestEvent,
  RetryEvent,
  SlowEvent,
  SuccessEvent,
} from "./core/hooks.ts";
export type { Input, OpenAIMessage } from "./core/input.ts";
export type { Layer, Next } from "./core/layer.ts";
export type { LedgerField, LedgerGroup, LedgerPeriod, LedgerQuery, LedgerSum } from "./core/ledger.ts";
export { type LocalFile, localFile } from "./core/local-file.ts";
export type { Logger } from "./core/logger.ts";
export type {
  AudioInput,
  FileInput,
  ImageInput,
  MediaData,
  MessageInput,
  ToolResultInput,
} from "./core/media-source.ts";
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
export type { BudgetNotice, CachedAnswer, CacheOutcome } from "./core/notices.ts";
export type { OfferedModel } from "./core/offered-model.ts";
export type { Operation, RequestOperation } from "./core/operation.ts";
export type { ToolInput, ToolParameters, ToolsInput } from "./core/option-values.ts";
export type { PartialAnswer } from "./core/partial-answer.ts";
export type { RateLimit, RateWindow } from "./core/rate-limit.ts";
export type { Reply, Sample } from "./core/reply.ts";
export type { Effort, ModelRequest, PromptCache, ResponseFormat, Settings } from "./core/request.ts";
export type { PartialRun, RunStep, ToolResult } from "./core/run-step.ts";
export type { Scope } from "./core/scope.ts";
export type { FailedAttempt, ShouldRetry } from "./core/should-retry.ts";
export type { StandardSchema } from "./core/standard-schema.ts";
export type { BreakerState, Capabilities, Capability, ModelFacts, Target, Token } from "./core/target.ts";
export type { JsonSchema, Tool, ToolCall, ToolChoice, ToolKind } from "./core/tool.ts";
export type { ToolContext } from "./core/tool-context.ts";
export type { Exchange, SseMessage, Transport, WireInit, WireResponse } from "./core/transport.ts";
export type { Usage } from "./core/usage.ts";
export type { BreakerControl, BudgetControl, CacheControl } from "./factory/controls.ts";
export { ModelFactory } from "./factory/factory.ts";
export type { LedgerReader } from "./factory/ledger-reader.ts";
export type { ListedModel, ListOptions, UnavailableList } from "./factory/model-list.ts";
export type { CreateOptions, FactoryOptions, TokenRequest } from "./factory/options.ts";
export type { ReloadEvent, Reloaded } from "./factory/reload.ts";
export type { Registered } from "./factory/typed-names.ts";
export type { BudgetStatus } from "./layers/budget-status.ts";
export type { CacheStats } from "./layers/cache-counts.ts";
export type { UsageGroup, UsageTotal } from "./layers/usage-totals.ts";
export type { CacheOptions } from "./model/cache-option.ts";
export type { DiscoverOptions, Discovery } from "./model/discovery.ts";
export type { EmbeddingReply, EmbedOptions } from "./model/embed.ts";
export type { HealthOptions, ModelHealth } from "./model/health.ts";
export type { Estimate, Model } from "./model/model.ts";
export type { DeepPartial, ObjectReply, ObjectStream } from "./model/object.ts";
export type { CallOptions } from "./model/options.ts";
export type { OptionsFor, OptionsWithout, Unsupported } from "./model/options-for.ts";
export type { Outcome } from "./model/outcome.ts";
export type { RunEvent, RunResult, StopReason } from "./model/run.ts";
export type { RunControl, RunOptions } from "./model/run-options.ts";
export type { RunStream } from "./model/run-stream.ts";
export type { Session, SessionOptions } from "./model/session.ts";
export type { ModelStream } from "./model/stream.ts";
export { type OpenAICompletion, toOpenAI } from "./model/to-openai.ts";
export { type ResponseOptions, toResponse } from "./model/to-response.ts";
export { type RunTool, type ToolCallOf, type ToolDefinition, tool } from "./model/tool.ts";
export { type TrimOptions, trimMessages } from "./model/trim-messages.ts";
export type { LintFinding } from "./target/lint-finding.ts";
export type { ModelDescription } from "./target/model-description.ts";
export type { TransportInput } from "./transport/any-fetch.ts";
