import type { FlowEvent } from "../../core/event.ts";
import { checkToolCall } from "../../core/tool-arguments.ts";
import type { AnswerIds } from "../answer-ids.ts";
import { logprobsIn } from "./logprobs.ts";
import { PartialArguments } from "./partial-args.ts";

type Tree = Readonly<Record<string, unknown>>;

interface OpenCall {
  readonly id: string;
  readonly name: string;
  readonly index: number;
  readonly args: PartialArguments;
  signature: string | undefined;
}

export interface CandidateContext {
  /** Creates an id for a call without one. */
  idOf(slot: number, index: number): string;
  /** The caller's name for a tool. */
  nameOf(wire: string): string;
  readonly deliverInvalid?: boolean | undefined;
  failure(code: "invalid_tool_call" | "protocol_error", words: string): Error;
}

/** The sample of a candidate, its position among the candidates, and the ids of its message. */
export interface CandidatePlace {
  readonly sample: number;
  readonly slot: number;
  readonly ids: AnswerIds;
}

/** Reads the parts of one candidate, complete or in chunks. */
export class Candidate {
  finishReason: string | undefined;
  finishMessage: string | undefined;
  calls = 0;
  /** Whether its finish reason proves the end; it does not for servers that send one with every chunk. */
  ended = false;
  /** Whether a part of it was read. */
  spoke = false;
  hasText = false;
  readonly #sample: number;
  readonly #slot: number;
  readonly #ids: AnswerIds;
  readonly #context: CandidateContext;
  #open: OpenCall | undefined;
  #sawReason = false;
  #endedAtCall = false;
  #answered = false;

  constructor({ sample, slot, ids }: CandidatePlace, context: CandidateContext) {
    this.#sample = sample;
    this.#slot = slot;
    this.#ids = ids;
    this.#context = context;
  }

  push(candidate: Tree, out: FlowEvent[]): void {
    const parts = partsOf(candidate);
    const content = parts.filter(isContent);
    if (content.length > 0) this.#goOn(content.every(isCall));
    for (const part of parts) this.#part(part, out);
    this.#facts(candidate, out);
    const { finishReason, finishMessage } = candidate;
    if (typeof finishMessage === "string") this.finishMessage = finishMessage;
    if (typeof finishReason === "string" && finishReason !== "") this.#finish(finishReason, parts);
    this.#answered ||= parts.some(isAnswer);
  }

  /** Ends a call without a closing marker. */
  close(out: FlowEvent[]): void {
    if (this.finishReason === undefined) return;
    // Partial arguments truncated by the token limit are not a call.
    if (this.finishReason === "MAX_TOKENS") this.#open = undefined;
    this.#close(out);
  }

  #goOn(withCalls: boolean): void {
    this.spoke = true;
    if (this.ended && !(withCalls && this.#endedAtCall)) {
      const words = `content came after the end of a candidate (finishReason ${this.finishReason})`;
      throw this.#context.failure("protocol_error", words);
    }
    this.finishReason = undefined;
  }

  /**
   * A first finish reason after text is the end; one with or before the first text is sent with every chunk. Some servers
   * send one with every call; more calls may follow.
   */
  #finish(reason: string, parts: readonly Tree[]): void {
    if (reason === UNSPECIFIED) {
      this.finishReason ??= reason;
      return;
    }
    if (!this.#sawReason) {
      this.ended = this.#answered;
      this.#endedAtCall = parts.some(isCall);
    }
    this.#sawReason = true;
    this.finishReason = reason;
  }

  #part(part: Tree, out: FlowEvent[]): void {
    const signature = typeof part["thoughtSignature"] === "string" ? part["thoughtSignature"] : undefined;
    if (isTree(part["functionCall"])) this.#call(part["functionCall"], signature, out);
    else if (typeof part["text"] === "string") this.#text(part["text"], part["thought"] === true, signature, out);
    else if (isOtherOutput(part)) {
      out.push({ type: "other-output", sample: this.#sample, wire: "google" });
      out.push({ type: "wire-output", wire: "google", block: part, sample: this.#sample });
    }
  }

  /** What the candidate says of its text. */
  #facts(candidate: Tree, out: FlowEvent[]): void {
    const facts = FACTS.filter((name) => isTree(candidate[name])).map((name) => ({ [name]: candidate[name] }));
    if (facts.length > 0) out.push({ type: "text-end", wire: "google", annotations: facts, sample: this.#sample });
    const tokens = logprobsIn(candidate["logprobsResult"]);
    if (tokens.length > 0) out.push({ type: "logprobs", tokens, sample: this.#sample });
  }

  #text(text: string, thought: boolean, signature: string | undefined, out: FlowEvent[]): void {
    const sample = this.#sample;
    this.hasText ||= text !== "" && !thought;
    if (text !== "") out.push({ type: thought ? "reasoning-delta" : "text-delta", text, sample });
    if (signature !== undefined)
      out.push({ type: "signature", part: thought ? "reasoning" : "text", signature, sample });
  }

  #call(call: Tree, signature: string | undefined, out: FlowEvent[]): void {
    const { name } = call;
    if (typeof name === "string" && name !== "") this.#begin(call, name, signature, out);
    const open = this.#open;
    if (open === undefined) {
      // The closing marker of a streamed call is a separate empty call; it may be missing or late.
      if (!isClosingMark(call)) throw this.#context.failure("invalid_tool_call", "a tool call has no name");
      return;
    }
    open.signature ??= signature;
    const rows = call["partialArgs"];
    for (const row of Array.isArray(rows) ? (rows as Tree[]) : []) {
      if (open.args.add(row)) continue;
      const words = `an argument of tool call "${open.name}" has an invalid path: ${row["jsonPath"]}`;
      throw this.#context.failure("invalid_tool_call", words);
    }
    if (call["willContinue"] !== true) this.#close(out, call["args"]);
  }

  #begin(call: Tree, wireName: string, signature: string | undefined, out: FlowEvent[]): void {
    this.#close(out);
    const index = this.calls++;
    const given = typeof call["id"] === "string" ? call["id"] : undefined;
    const id = this.#ids.take(given, () => this.#context.idOf(this.#slot, index), out);
    const name = this.#context.nameOf(wireName);
    this.#open = { id, name, index, args: new PartialArguments(), signature };
    out.push({ type: "tool-call-start", index, id, name, sample: this.#sample });
  }

  #close(out: FlowEvent[], whole?: unknown): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { id, name, index, signature } = open;
    const sample = this.#sample;
    const given = whole === undefined || whole === null ? open.args.toJson() : argumentsText(whole);
    const checked = checkToolCall({ id, name, json: given, deliverInvalid: this.#context.deliverInvalid });
    if ("problem" in checked) {
      out.push({ type: "tool-call-delta", index, json: given, sample });
      throw this.#context.failure("invalid_tool_call", checked.problem);
    }
    const { call } = checked;
    out.push({ type: "tool-call-delta", index, json: call.json, sample });
    out.push({ type: "tool-call-end", index, call, sample });
    if (signature !== undefined) out.push({ type: "signature", part: "tool-call", index, signature, sample });
  }
}

/** The zero value of the enum: no reason. */
const UNSPECIFIED = "FINISH_REASON_UNSPECIFIED";

const FACTS = ["citationMetadata", "groundingMetadata", "urlContextMetadata"] as const;

/** Parts without a field in the reply. */
const OTHER_OUTPUT = ["inlineData", "fileData", "executableCode", "codeExecutionResult", "toolCall", "toolResponse"];

/** Images in the reasoning are drafts. */
function isOtherOutput(part: Tree): boolean {
  return part["thought"] !== true && OTHER_OUTPUT.some((kind) => part[kind] !== undefined && part[kind] !== null);
}

function isContent(part: Tree): boolean {
  return isAnswer(part) || (typeof part["text"] === "string" && part["text"] !== "");
}

function isAnswer(part: Tree): boolean {
  const { text, functionCall } = part;
  if (isTree(functionCall)) return !isClosingMark(functionCall);
  return (typeof text === "string" && text !== "" && part["thought"] !== true) || isOtherOutput(part);
}

function isCall(part: Tree): boolean {
  return isTree(part["functionCall"]);
}

function isClosingMark({ name, args, partialArgs }: Tree): boolean {
  const hasPieces = Array.isArray(partialArgs) && partialArgs.length > 0;
  return (name ?? args ?? undefined) === undefined && !hasPieces;
}

function partsOf(candidate: Tree): readonly Tree[] {
  const { content } = candidate;
  const parts = isTree(content) ? content["parts"] : undefined;
  return Array.isArray(parts) ? parts.filter(isTree) : [];
}

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

/** Some gateways send the arguments as a string. */
function argumentsText(whole: unknown): string {
  return typeof whole === "string" ? whole : JSON.stringify(whole);
}
