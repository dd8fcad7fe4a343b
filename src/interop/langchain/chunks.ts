import { AIMessageChunk } from "@langchain/core/messages";
import { ChatGenerationChunk } from "@langchain/core/outputs";
import type { ModelEvent } from "../../core/event.ts";

type ToolChunk = { type: "tool_call_chunk"; index: number; id?: string; name?: string; args: string };

/**
 * The events of a stream as chunks that add up to the message of `invoke`. Blocks have a number in the message, by which
 * LangChain joins them; plain text has the number 0.
 */
export class Chunks {
  #started = false;
  #blocks = 0;
  #open: { readonly kind: "text" | "reasoning"; readonly index: number | undefined } | undefined;
  #id: string | undefined;
  readonly #calls = new Map<number, number>();

  /** Whether something was passed on. */
  get started(): boolean {
    return this.#started;
  }

  /** The chunk of an event; `undefined` if it has none. */
  of(event: ModelEvent): ChatGenerationChunk | undefined {
    if ("sample" in event && event.sample !== 0) return undefined;
    switch (event.type) {
      case "start":
        this.#id = event.id;
        return undefined;
      case "text-delta":
      case "reasoning-delta":
        return this.#text(event.type === "text-delta" ? "text" : "reasoning", event.text);
      case "tool-call-start": {
        this.#open = undefined;
        const index = ++this.#blocks;
        this.#calls.set(event.index, index);
        return this.#tool({ type: "tool_call_chunk", index, id: event.id, name: event.name, args: "" });
      }
      case "tool-call-delta": {
        const index = this.#calls.get(event.index);
        return index === undefined ? undefined : this.#tool({ type: "tool_call_chunk", index, args: event.json });
      }
      default:
        return undefined;
    }
  }

  #text(kind: "text" | "reasoning", text: string): ChatGenerationChunk {
    if (this.#open?.kind !== kind) {
      // Blocks cannot be joined with plain text, so that there is none after the first block.
      const isPlain = kind === "text" && this.#blocks === 0;
      this.#open = { kind, index: isPlain ? undefined : ++this.#blocks };
    }
    const { index } = this.#open;
    const block = kind === "text" ? { type: "text", text, index } : { type: "reasoning", reasoning: text, index };
    return this.#chunk(kind === "text" ? text : "", { content: index === undefined ? text : [block] });
  }

  #tool(chunk: ToolChunk): ChatGenerationChunk {
    return this.#chunk("", { content: "", tool_call_chunks: [chunk] });
  }

  #chunk(
    text: string,
    fields: { content: string | { type: string }[]; tool_call_chunks?: ToolChunk[] },
  ): ChatGenerationChunk {
    this.#started = true;
    const message = new AIMessageChunk({ ...fields, ...(this.#id !== undefined && { id: this.#id }) });
    return new ChatGenerationChunk({ text, message });
  }
}
