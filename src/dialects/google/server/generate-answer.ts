import type { Candidate, FunctionCall, GenerateContentResponse, Part } from "@google/genai";
import { append } from "../../../core/append.ts";
import type { FlowEvent, TokenLogprob } from "../../../core/event.ts";
import { samplesOf, type WrittenPart, type WrittenSample } from "../../served/answer-parts.ts";
import {
  AnswerFacts,
  type AnswerForm,
  type AnswerHead,
  type AnswerWriter,
  refuseReset,
} from "../../served/answer-writer.ts";
import type { Json } from "../../served/json.ts";
import type { Problem } from "../../served/problem.ts";
import type { WireEvent } from "../../server-wire.ts";
import { finishReasonOf } from "../finish-reasons.ts";
import { logprobsResult } from "../logprobs.ts";
import { usageMetadata } from "../usage.ts";
import { googleProblem } from "./write-error.ts";

/** The fields of the SDK's response that are sent. */
interface Answer extends Pick<GenerateContentResponse, "candidates" | "modelVersion" | "responseId"> {
  /** The API also reports the tier here. */
  usageMetadata?: NonNullable<GenerateContentResponse["usageMetadata"]> & { serviceTier?: string };
}

/** Answers of generateContent. */
export const generateAnswer: AnswerForm = {
  stream: (head) => new GenerateWriter(head),
  body: writeBody,
};

/** A function call is one part that contains its signature, so it is held until the next event may bring the signature. */
interface HeldCall {
  readonly index: number;
  readonly part: Part;
}

class GenerateWriter implements AnswerWriter {
  readonly #facts: AnswerFacts;
  readonly #held = new Map<number, HeldCall>();
  readonly #refusals = new Map<number, string>();
  /** Citations of the same wire format, which come with the end of a candidate. */
  readonly #citations = new Map<number, Json[]>();
  readonly #logprobs = new Map<number, TokenLogprob[]>();

  constructor(head: AnswerHead) {
    this.#facts = new AnswerFacts(head);
  }

  push(event: FlowEvent, out: WireEvent[]): void {
    refuseReset(event);
    this.#facts.push(event);
    if (!("sample" in event)) return;
    const { sample } = event;
    if (event.type === "signature" && event.part === "tool-call") {
      this.#signCall(event, out);
      return;
    }
    this.#sendHeld(sample, out);
    switch (event.type) {
      case "text-delta":
        this.#send(sample, { text: event.text }, out);
        break;
      case "reasoning-delta":
        this.#send(sample, { text: event.text, thought: true }, out);
        break;
      case "signature":
        this.#send(sample, signaturePart(event.part === "reasoning", event.signature), out);
        break;
      case "tool-call-end": {
        const { id, name, arguments: args } = event.call;
        this.#held.set(sample, { index: event.index, part: { functionCall: callOf(id, name, args) } });
        break;
      }
      case "wire-output":
        this.#send(sample, event.block, out);
        break;
      case "text-end":
        append(this.#citationsOf(sample), event.annotations);
        break;
      case "logprobs":
        this.#noteLogprobs(sample, event.tokens);
        break;
      case "refusal-delta":
        this.#refusals.set(sample, (this.#refusals.get(sample) ?? "") + event.text);
        break;
      case "finish":
        out.push(
          this.#chunk(
            {
              ...candidateOf(sample, [{ text: "" }]),
              ...merged(this.#citationsOf(sample)),
              ...logprobsOf(this.#logprobs.get(sample) ?? []),
              ...endOf(event.reason, this.#refusals.get(sample)),
            },
            this.#facts.usageExtras,
          ),
        );
        break;
      default:
    }
  }

  end(): void {}

  fail(problem: Problem, _requestId: string, out: WireEvent[]): void {
    out.push({ data: googleProblem(problem).body });
  }

  keepAlive(): void {}

  #citationsOf(sample: number): Json[] {
    const known = this.#citations.get(sample) ?? [];
    this.#citations.set(sample, known);
    return known;
  }

  #noteLogprobs(sample: number, tokens: readonly TokenLogprob[]): void {
    const known = this.#logprobs.get(sample) ?? [];
    append(known, tokens);
    this.#logprobs.set(sample, known);
  }

  #send(sample: number, part: Part, out: WireEvent[]): void {
    out.push(this.#chunk(candidateOf(sample, [part])));
  }

  #sendHeld(sample: number, out: WireEvent[]): void {
    const held = this.#held.get(sample);
    this.#held.delete(sample);
    if (held !== undefined) this.#send(sample, held.part, out);
  }

  /** The signature of a call that was already sent is dropped. */
  #signCall(
    event: { readonly sample: number; readonly index: number; readonly signature: string },
    out: WireEvent[],
  ): void {
    const held = this.#held.get(event.sample);
    if (held?.index !== event.index) return;
    this.#held.delete(event.sample);
    this.#send(event.sample, { ...held.part, thoughtSignature: event.signature }, out);
  }

  #chunk(candidate: Candidate, extras?: Json): WireEvent {
    return { data: { candidates: [candidate], ...tailOf(this.#facts, extras) } satisfies Answer };
  }
}

function candidateOf(index: number, parts: readonly Part[]): Candidate {
  return { content: { parts: [...parts], role: "model" }, index };
}

function logprobsOf(tokens: readonly TokenLogprob[]): Pick<Candidate, "logprobsResult" | "avgLogprobs"> {
  if (tokens.length === 0) return {};
  const sum = tokens.reduce((total, { logprob }) => total + logprob, 0);
  return { avgLogprobs: sum / tokens.length, logprobsResult: logprobsResult(tokens) };
}

function merged(facts: readonly Json[]): Json {
  const all: Record<string, unknown> = {};
  for (const fact of facts) Object.assign(all, fact);
  return all;
}

function endOf(reason: WrittenSample["reason"], refusal = ""): Pick<Candidate, "finishReason" | "finishMessage"> {
  const finishReason = finishReasonOf(reason) as NonNullable<Candidate["finishReason"]>;
  return { finishReason, ...(refusal !== "" && { finishMessage: refusal }) };
}

function tailOf({ id, model, usage, serviceTier }: AnswerFacts, extras?: Json): Omit<Answer, "candidates"> {
  const counts = {
    ...(usage !== undefined && usageMetadata(usage)),
    ...(serviceTier !== undefined && { serviceTier }),
    ...extras,
  };
  return {
    ...(Object.keys(counts).length > 0 && { usageMetadata: counts }),
    modelVersion: model,
    responseId: id,
  };
}

function signaturePart(thought: boolean, thoughtSignature: string): Part {
  return { text: "", ...(thought && { thought }), thoughtSignature };
}

function writeBody(head: AnswerHead, events: Iterable<FlowEvent>): Json {
  const list = [...events];
  const facts = new AnswerFacts(head);
  for (const event of list) facts.push(event);
  const candidates = samplesOf(list).map((sample) => ({
    ...candidateOf(sample.index, sample.parts.flatMap(partsOf)),
    ...merged(sample.annotations),
    ...logprobsOf(sample.logprobs),
    ...endOf(sample.reason, sample.refusal),
  }));
  return { candidates, ...tailOf(facts, facts.usageExtras) } satisfies Answer;
}

/** A truncated call is omitted. */
function partsOf(part: WrittenPart): readonly Part[] {
  if (part.type === "other") return [part.block];
  const signed = part.signature === undefined ? {} : { thoughtSignature: part.signature };
  if (part.type !== "call")
    return [{ text: part.text, ...(part.type === "reasoning" && { thought: true }), ...signed }];
  const { id, name, arguments: args } = part;
  return args === undefined ? [] : [{ functionCall: callOf(id, name, args), ...signed }];
}

/** A call may have no id. */
function callOf(id: string, name: string, args: unknown): FunctionCall {
  return { ...(id !== "" && { id }), name, args: args as NonNullable<FunctionCall["args"]> };
}
