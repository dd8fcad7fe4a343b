import { append } from "../../../core/append.ts";
import type { Json } from "../../served/json.ts";
import type { ReasoningSignature } from "../responses-signature.ts";

/** An output item while it is written. */
export interface WrittenItem {
  readonly index: number;
  /** The item in `output_item.added`. */
  opening(): Json;
  /** The `.done` events of the open part. */
  endings(): readonly Json[];
  /** The item in `output_item.done`; not `complete` if the token limit truncated it. */
  done(complete: boolean): Json;
}

type PartKind = "output_text" | "refusal";

const FIELDS = { output_text: "text", refusal: "refusal" } as const;
const STEMS = { output_text: "response.output_text", refusal: "response.refusal" } as const;

interface Part {
  readonly kind: PartKind;
  text: string;
  readonly logprobs: Json[];
  readonly annotations: Json[];
}

export class MessageItem implements WrittenItem {
  readonly index: number;
  readonly #id: string;
  readonly #parts: Part[] = [];
  #phase: string | undefined;

  constructor(index: number, id: string) {
    this.index = index;
    this.#id = id;
  }

  text(delta: string, logprobs: readonly Json[]): readonly Json[] {
    return this.#add("output_text", delta, logprobs);
  }

  refusal(delta: string): readonly Json[] {
    return this.#add("refusal", delta);
  }

  /** Citations of the text so far. */
  annotate(annotations: readonly Json[]): readonly Json[] {
    const part = this.#parts.at(-1);
    if (part?.kind !== "output_text") return [];
    return annotations.map((annotation) => {
      const place = { ...this.#place(), annotation_index: part.annotations.length };
      part.annotations.push(annotation);
      return { type: "response.output_text.annotation.added", ...place, annotation };
    });
  }

  /** Sets the phase, for example `commentary`. */
  setPhase(phase: string): void {
    this.#phase = phase;
  }

  opening(): Json {
    return { id: this.#id, type: "message", status: "in_progress", role: "assistant", content: [] };
  }

  endings(): readonly Json[] {
    const last = this.#parts.at(-1);
    return last === undefined ? [] : this.#ending(last);
  }

  done(complete: boolean): Json {
    const status = complete ? "completed" : "incomplete";
    const phase = this.#phase === undefined ? {} : { phase: this.#phase };
    const content = this.#parts.map(partOf);
    return { id: this.#id, type: "message", status, role: "assistant", ...phase, content };
  }

  #add(kind: PartKind, delta: string, tokens: readonly Json[] = []): readonly Json[] {
    const last = this.#parts.at(-1);
    const before = last !== undefined && last.kind !== kind ? this.#ending(last) : [];
    const begun = last?.kind === kind ? [] : [this.#open(kind)];
    const part = this.#parts.at(-1);
    if (part !== undefined) {
      part.text += delta;
      append(part.logprobs, tokens);
    }
    const logprobs = kind === "output_text" ? { logprobs: tokens } : {};
    return [...before, ...begun, { type: `${STEMS[kind]}.delta`, ...this.#place(), delta, ...logprobs }];
  }

  #open(kind: PartKind): Json {
    const part = { kind, text: "", logprobs: [], annotations: [] };
    this.#parts.push(part);
    return { type: "response.content_part.added", ...this.#place(), part: partOf(part) };
  }

  #ending(part: Part): readonly Json[] {
    const logprobs = part.kind === "output_text" ? { logprobs: part.logprobs } : {};
    return [
      { type: `${STEMS[part.kind]}.done`, ...this.#place(), [FIELDS[part.kind]]: part.text, ...logprobs },
      { type: "response.content_part.done", ...this.#place(), part: partOf(part) },
    ];
  }

  /** Identifies the last part. */
  #place(): Json {
    return { item_id: this.#id, output_index: this.index, content_index: this.#parts.length - 1 };
  }
}

function partOf({ kind, text, logprobs, annotations }: Part): Json {
  return kind === "output_text"
    ? { type: kind, annotations: [...annotations], logprobs, text }
    : { type: kind, refusal: text };
}

/** An item of the provider, such as a search that it ran. */
export class OtherItem implements WrittenItem {
  readonly index: number;
  readonly #item: Json;

  constructor(index: number, item: Json) {
    this.index = index;
    this.#item = item;
  }

  opening(): Json {
    return "status" in this.#item ? { ...this.#item, status: "in_progress" } : this.#item;
  }

  endings(): readonly Json[] {
    return [];
  }

  done(): Json {
    return this.#item;
  }
}

export class ReasoningItem implements WrittenItem {
  readonly index: number;
  readonly #id: string;
  #text = "";
  #sealed: Partial<ReasoningSignature> = {};

  constructor(index: number, id: string) {
    this.index = index;
    this.#id = id;
  }

  summary(delta: string): readonly Json[] {
    const part = { type: "summary_text", text: "" };
    const begun = this.#text === "" ? [{ type: "response.reasoning_summary_part.added", ...this.#place(), part }] : [];
    this.#text += delta;
    return [...begun, { type: "response.reasoning_summary_text.delta", ...this.#place(), delta }];
  }

  /** Also replaces the id: the provider recognizes an item only by the id it issued. */
  sign(sealed: Partial<ReasoningSignature>): void {
    this.#sealed = sealed;
  }

  opening(): Json {
    return { id: this.#id, type: "reasoning", summary: [] };
  }

  endings(): readonly Json[] {
    if (this.#text === "") return [];
    const part = { type: "summary_text", text: this.#text };
    return [
      { type: "response.reasoning_summary_text.done", ...this.#place(), text: this.#text },
      { type: "response.reasoning_summary_part.done", ...this.#place(), part },
    ];
  }

  done(): Json {
    const { id = this.#id, encrypted_content } = this.#sealed;
    const summary = this.#text === "" ? [] : [{ type: "summary_text", text: this.#text }];
    return { id, type: "reasoning", summary, ...(encrypted_content !== undefined && { encrypted_content }) };
  }

  #place(): Json {
    return { item_id: this.#id, output_index: this.index, summary_index: 0 };
  }
}
