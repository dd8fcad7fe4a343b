import type { LanguageModelV4StreamPart, LanguageModelV4ToolCall, SharedV4Warning } from "@ai-sdk/provider";
import type { FlowEvent } from "../../core/event.ts";
import type { Signed } from "../../core/message.ts";
import type { Reply } from "../../core/reply.ts";
import type { Tool } from "../../core/tool.ts";
import { finishOf, inputOf, replyMetadata, usageOf, warningOf, withMetadata } from "./answer.ts";
import { keptOf, partMetadata } from "./part-metadata.ts";

type TextKind = "text" | "reasoning";
type Started = Extract<FlowEvent, { type: "start" }>;

/** The events of a stream as parts of the AI SDK. Parts begin and end where the reply has them too: see core/reply.ts. */
export class StreamParts {
  readonly #tools: readonly Tool[];
  readonly #warnings: SharedV4Warning[];
  #out: LanguageModelV4StreamPart[] = [];
  #start: Started | undefined;
  #begun = false;
  #void = false;
  #parts = 0;
  #open: { readonly kind: TextKind; readonly id: string } | undefined;
  /** Ids of the tool calls, by index. */
  readonly #calls = new Map<number, string>();
  /** The last complete call, which waits for its signature. */
  #call: { readonly index: number; readonly part: LanguageModelV4ToolCall } | undefined;

  constructor(tools: readonly Tool[], warnings: readonly SharedV4Warning[]) {
    this.#tools = tools;
    this.#warnings = [...warnings];
  }

  /** Whether the first part of the answer was written. */
  get begun(): boolean {
    return this.#begun;
  }

  get isEmpty(): boolean {
    return this.#out.length === 0;
  }

  take(): readonly LanguageModelV4StreamPart[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  push(event: FlowEvent): void {
    if (this.#void || ("sample" in event && event.sample !== 0)) return;
    if (event.type !== "signature") this.#endCall();
    switch (event.type) {
      case "start":
        this.#start = event;
        if (this.#begun) this.#describe();
        break;
      case "adjustment":
        if (!this.#begun) this.#warnings.push(warningOf(event.adjustment));
        break;
      case "raw":
        this.#out.push({ type: "raw", rawValue: event.event });
        break;
      case "text-delta":
      case "refusal-delta":
        this.#text("text", event.text);
        break;
      case "reasoning-delta":
        this.#text("reasoning", event.text);
        break;
      case "reset":
        this.#void = this.#begun;
        break;
      case "signature":
        this.#sign(event);
        break;
      default:
        this.#toolCall(event);
    }
  }

  end(reply: Reply): void {
    this.#endCall();
    this.#begin();
    this.#close();
    const finish = { finishReason: finishOf(reply), usage: usageOf(reply.usage) };
    this.#out.push({ type: "finish", ...finish, providerMetadata: replyMetadata(reply) });
  }

  fail(error: unknown): void {
    this.#out.push({ type: "error", error });
  }

  /** Events of the provider may have come before. */
  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    const early = this.take();
    this.#out.push({ type: "stream-start", warnings: this.#warnings });
    this.#describe();
    this.#out.push(...early);
  }

  #describe(): void {
    const { id, model } = this.#start ?? {};
    this.#out.push({
      type: "response-metadata",
      ...(id !== undefined && { id }),
      ...(model !== undefined && { modelId: model }),
    });
  }

  #text(kind: TextKind, delta: string): void {
    const id = this.#opened(kind);
    this.#out.push({ type: `${kind}-delta`, id, delta });
  }

  #opened(kind: TextKind): string {
    if (this.#open?.kind === kind) return this.#open.id;
    this.#begin();
    this.#close();
    this.#open = { kind, id: `${kind}-${++this.#parts}` };
    this.#out.push({ type: `${kind}-start`, id: this.#open.id });
    return this.#open.id;
  }

  /** Ends the open part. */
  #close(signed: Signed & { readonly redacted?: boolean } = {}): void {
    const part = this.#open;
    this.#open = undefined;
    if (part !== undefined)
      this.#out.push({ type: `${part.kind}-end`, id: part.id, ...withMetadata(partMetadata(signed)) });
  }

  #sign(event: Extract<FlowEvent, { type: "signature" }>): void {
    const { signature } = event;
    const { provider: owner = "" } = this.#start ?? {};
    if (event.part === "tool-call") {
      const { index, part } = this.#call ?? {};
      if (part === undefined || index !== event.index) return;
      Object.assign(part, withMetadata(partMetadata({ ...keptOf(part.providerMetadata), signature, owner })));
      return;
    }
    this.#endCall();
    // Redacted reasoning is a part of its own.
    if (event.redacted) this.#close();
    this.#opened(event.part);
    this.#close({ signature, owner, ...(event.redacted && { redacted: true }) });
  }

  #toolCall(event: FlowEvent): void {
    if (event.type === "tool-call-start") {
      this.#begin();
      this.#calls.set(event.index, event.id);
      this.#out.push({ type: "tool-input-start", id: event.id, toolName: event.name });
    } else if (event.type === "tool-call-delta") {
      const id = this.#calls.get(event.index);
      if (id !== undefined) this.#out.push({ type: "tool-input-delta", id, delta: event.json });
    } else if (event.type === "tool-call-end") {
      const { call, index } = event;
      const { id: toolCallId, name: toolName, kind } = call;
      this.#begin();
      this.#close();
      if (this.#calls.has(index)) this.#out.push({ type: "tool-input-end", id: toolCallId });
      const metadata = partMetadata({ ...(kind !== undefined && kind !== "function" && { kind }) });
      const input = inputOf(call, this.#tools);
      this.#call = { index, part: { type: "tool-call", toolCallId, toolName, input, ...withMetadata(metadata) } };
    }
  }

  #endCall(): void {
    const call = this.#call;
    this.#call = undefined;
    if (call !== undefined) this.#out.push(call.part);
  }
}
