import type { RateLimit } from "../../core/rate-limit.ts";
import type { WireName } from "../../core/wire-name.ts";
import type { EmbeddingAsk, Received, WireEvent } from "../server-wire.ts";
import type { Answer } from "./answer.ts";
import type { AnswerForm } from "./answer-writer.ts";
import type { Json } from "./json.ts";
import type { Problem } from "./problem.ts";
import type { SimulatedRequest } from "./request.ts";

/** The server side of a wire format: writes answers and errors like the provider. */
export interface WireServer {
  readonly name: WireName;
  /** The provider of this wire format: the owner of signatures in requests. */
  readonly vendor: string;
  /** The header of a response for the id of the request, if the provider sends one. */
  readonly requestIdHeader?: string;
  readonly answer: AnswerForm;
  /** The id of an answer in the provider's format. */
  answerId(unique: string): string;
  /** Its words for service tiers, by all words that mean the same; other tiers are not reported. */
  readonly tiers: Readonly<Record<string, string>>;
  /** Whether a signature of the vendor is from this wire format; a provider may have several. */
  readsState(signature: string): boolean;
  /** Whether text has a place for state. */
  readonly signsText?: true;
  /** Whether clients return tool calls without their opaque state, or the wire format has no field for it. */
  readonly losesCallState?: true;
  /** The signature of a tool call that holds opaque state of another provider. Default: the state itself. */
  callState?(state: string): string;
  /** Clients do not return reasoning, or only a part of it, so that its text must be with its state. */
  readonly dropsReasoning?: true;
  /** Rate limits of the provider that answered, as headers. Absent if the wire format has none. */
  limitHeaders?(limit: RateLimit, nowMs: number): Readonly<Record<string, string>>;
  /** The response of the token counting endpoint. */
  counted(tokens: number): Json;
  problem(problem: Problem, requestId: string): { readonly status: number; readonly body: Json };
  models(models: readonly ServedModel[]): Json;
  model(model: ServedModel): Json;
  /** Absent if the provider has no embeddings. */
  readonly embeddings?: ServedEmbeddings;
}

/** A model in a list of models. */
export interface ServedModel {
  readonly id: string;
  readonly title: string;
  readonly owner: string;
  readonly version: string;
  readonly createdS: number;
  /** Most tokens of a prompt. */
  readonly context?: number | undefined;
  readonly maxOutput?: number | undefined;
  /** It computes embeddings and generates nothing. */
  readonly embeds?: boolean | undefined;
}

/** The embeddings of a wire format. */
export interface ServedEmbeddings {
  /** Throws a Rejection for a body that the provider would reject. */
  read(received: Pick<Received, "path" | "model" | "body">): EmbeddingAsk;
  /** `tokens`: of all texts. Default: an estimate. */
  body(ask: EmbeddingAsk, vectors: readonly Float32Array[], path: string, tokens?: number): Json;
}

/** A wire format of the simulator, which also checks requests like the provider, and makes up the answers. */
export interface SimulatedServer extends WireServer {
  /** Throws a Rejection for a body that the provider would reject. */
  read(received: Received): SimulatedRequest;
  body(request: SimulatedRequest, answer: Answer): Json;
  events(request: SimulatedRequest, answer: Answer): readonly WireEvent[];
  /** An error in a stream, after `sent` events. */
  problemEvents(problem: Problem, requestId: string, sent: readonly WireEvent[]): readonly WireEvent[];
  /** Headers of every response: the request id and, if the provider reports them, rate limits. */
  headers(requestId: string, usedTokens: number, nowMs: number): Readonly<Record<string, string>>;
  /** Headers of a 429; `waitMs` is the time until the limit resets, if known. */
  exhausted(waitMs: number | undefined, nowMs: number): Readonly<Record<string, string>>;
}
