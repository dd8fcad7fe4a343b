import type { FlowEvent } from "../../core/event.ts";
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
  /** Makes the id of a call to which the provider gave none. */
  idOf(sample: number, index: number): string;
  /** The caller's name of a tool. */
  nameOf(wire: string): string;
  broken(words: string): Error;
}

/** Reads the parts of one candidate, whole or in chunks. */
export class Candidate {
  finishReason: string | undefined;
  finishMessage: string | undefined;
  calls = 0;
  readonly #sample: number;
  readonly #context: CandidateContext;
  #open: OpenCall | undefined;

  constructor(sample: number, context: CandidateContext) {
    this.#sample = sample;
    this.#context = context;
  }

  push(candidate: Tree, out: FlowEvent[]): void {
    const content = candidate["content"] as Tree | undefined;
    const parts = content?.["parts"];
    for (const part of Array.isArray(parts) ? (parts as Tree[]) : []) this.#part(part, out);
    const { finishReason, finishMessage } = candidate;
    if (typeof finishMessage === "string") this.finishMessage = finishMessage;
    if (typeof finishReason !== "string") return;
    this.finishReason = finishReason;
    // Arguments in pieces that the limit cut are no call.
    if (finishReason === "MAX_TOKENS") this.#open = undefined;
    this.#close(out);
  }

  #part(part: Tree, out: FlowEvent[]): void {
    const signature = typeof part["thoughtSignature"] === "string" ? part["thoughtSignature"] : undefined;
    const call = part["functionCall"];
    if (typeof call === "object" && call !== null) this.#call(call as Tree, signature, out);
    else if (typeof part["text"] === "string") this.#text(part["text"], part["thought"] === true, signature, out);
    else if (OTHER_OUTPUT.some((kind) => part[kind] !== undefined && part[kind] !== null))
      out.push({ type: "other-output", sample: this.#sample });
  }

  #text(text: string, thought: boolean, signature: string | undefined, out: FlowEvent[]): void {
    const sample = this.#sample;
    if (text !== "") out.push({ type: thought ? "reasoning-delta" : "text-delta", text, sample });
    if (signature !== undefined)
      out.push({ type: "signature", part: thought ? "reasoning" : "text", signature, sample });
  }

  #call(call: Tree, signature: string | undefined, out: FlowEvent[]): void {
    const name = typeof call["name"] === "string" ? call["name"] : undefined;
    if (name !== undefined) this.#begin(call, name, signature, out);
    const open = this.#open;
    // The closing mark of a call in pieces is an empty call of its own; it may be missing, or come late.
    if (open === undefined) return;
    open.signature ??= signature;
    const rows = call["partialArgs"];
    for (const row of Array.isArray(rows) ? (rows as Tree[]) : []) {
      if (!open.args.add(row))
        throw this.#context.broken(`an argument of tool call "${open.name}" has no place: ${row["jsonPath"]}`);
    }
    if (call["willContinue"] !== true) this.#close(out, call["args"]);
  }

  #begin(call: Tree, wireName: string, signature: string | undefined, out: FlowEvent[]): void {
    this.#close(out);
    const index = this.calls++;
    const given = call["id"];
    const id = typeof given === "string" && given !== "" ? given : this.#context.idOf(this.#sample, index);
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
    const json = whole === undefined || whole === null ? open.args.toJson() : argumentsText(whole);
    out.push({ type: "tool-call-delta", index, json, sample });
    out.push({ type: "tool-call-end", index, call: { id, name, arguments: JSON.parse(json), json }, sample });
    if (signature !== undefined) out.push({ type: "signature", part: "tool-call", index, signature, sample });
  }
}

/** Parts that the reply has no place for. */
const OTHER_OUTPUT = ["inlineData", "fileData", "executableCode", "codeExecutionResult", "toolCall", "toolResponse"];

/** Some gateways write the arguments as text. */
function argumentsText(whole: unknown): string {
  if (typeof whole === "string" && whole.trimStart().startsWith("{")) {
    try {
      JSON.parse(whole);
      return whole;
    } catch {
      // A text that only looks like JSON is the argument itself.
    }
  }
  return JSON.stringify(whole);
}
