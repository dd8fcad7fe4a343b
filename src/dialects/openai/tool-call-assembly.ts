import type { Adjustment } from "../../core/attempt.ts";
import { ModelError } from "../../core/error.ts";
import type { FlowEvent } from "../../core/event.ts";
import type { Target } from "../../core/target.ts";
import type { ToolCall } from "../../core/tool.ts";
import { synthesizeToolId } from "./tool-ids.ts";

/** A piece of a tool call as a server sent it; every field may be missing. */
export interface ToolFragment {
  readonly index: number | undefined;
  readonly id: string | undefined;
  readonly name: string | undefined;
  readonly json: string;
}

interface OpenCall {
  /** Position in the answer. */
  readonly order: number;
  readonly wireIndex: number | undefined;
  readonly wireId: string | undefined;
  /** Known from the first fragment on, or made up. */
  readonly id: string;
  name: string | undefined;
  json: string;
}

/**
 * Puts the tool calls of one sample together. Fragments come interleaved, without ids, without indexes, or with an index
 * that two calls share; a call is told from another by id first, by index second, and by being the only one open last.
 */
export class ToolCallAssembly {
  readonly #calls: OpenCall[] = [];
  readonly #target: Target;
  readonly #sample: number;
  readonly #seed: () => string;

  constructor(target: Target, sample: number, seed: () => string) {
    this.#target = target;
    this.#sample = sample;
    this.#seed = seed;
  }

  get size(): number {
    return this.#calls.length;
  }

  add(fragment: ToolFragment, out: FlowEvent[]): void {
    const call = this.#continued(fragment, out) ?? this.#open(fragment);
    const started = call.name !== undefined;
    call.name ??= fragment.name;
    call.json += fragment.json;
    if (call.name === undefined) return;
    if (!started) this.#start(call, call.name, out);
    const json = started ? fragment.json : call.json;
    if (json !== "") out.push({ type: "tool-call-delta", index: call.order, json, sample: this.#sample });
  }

  /**
   * Ends every call. Throws `invalid_tool_call` for arguments that are not JSON; in an answer that was cut at its length
   * such a call is no call and has no end.
   */
  end(out: FlowEvent[], cut: boolean): void {
    for (const call of this.#calls) {
      if (cut && isCut(call)) continue;
      out.push({ type: "tool-call-end", index: call.order, call: this.#finished(call, out), sample: this.#sample });
    }
    this.#calls.length = 0;
  }

  /** The open call a fragment belongs to; `undefined` when it begins a new one. */
  #continued(fragment: ToolFragment, out: FlowEvent[]): OpenCall | undefined {
    if (fragment.id !== undefined) return this.#sameId(fragment, fragment.id);
    if (fragment.index === undefined) return this.#last(fragment);
    const sameIndex = this.#at(fragment.index);
    if (sameIndex !== undefined) return beginsAnother(sameIndex, fragment) ? undefined : sameIndex;
    return fragment.name === undefined && this.#calls.length > 0 ? this.#onlyOpen(fragment, out) : undefined;
  }

  #last(fragment: ToolFragment): OpenCall | undefined {
    const last = this.#calls.at(-1);
    return fragment.name === undefined || (last !== undefined && repeatsName(last, fragment)) ? last : undefined;
  }

  #sameId(fragment: ToolFragment, id: string): OpenCall | undefined {
    const same = this.#calls.findLast((call) => call.wireId === id);
    const elsewhere = same !== undefined && fragment.index !== undefined && same.wireIndex !== fragment.index;
    if (same !== undefined && !(elsewhere && fragment.name !== undefined)) return same;
    // A new id is no new call by itself: some servers give every fragment an id of its own.
    const there = fragment.index === undefined ? undefined : this.#at(fragment.index);
    return fragment.name === undefined || (there !== undefined && repeatsName(there, fragment)) ? there : undefined;
  }

  #at(index: number): OpenCall | undefined {
    return (
      this.#calls.findLast((call) => call.wireIndex === index) ??
      this.#calls.find((call) => call.wireIndex === undefined && call.order === index)
    );
  }

  /** A continuation under an index nobody has seen belongs to the one call that still lacks something. */
  #onlyOpen(fragment: ToolFragment, out: FlowEvent[]): OpenCall {
    const open = this.#calls.filter((call) => parseArguments(call.json) === undefined || call.json.trim() === "");
    const [only, second] = open;
    const last = this.#calls.at(-1);
    if (only === undefined && last !== undefined && fragment.json.trim() === "") return last;
    if (only === undefined || second !== undefined)
      throw this.#invalid("a fragment of a tool call belongs to none of the open calls");
    const reason =
      "a fragment of a tool call came under a new index, without an id; it was added to the only open call";
    const adjustment: Adjustment = {
      setting: "tools",
      from: { index: fragment.index },
      to: { index: only.wireIndex },
      reason,
    };
    out.push({ type: "adjustment", adjustment });
    return only;
  }

  #open(fragment: ToolFragment): OpenCall {
    const order = this.#calls.length;
    const taken = fragment.id === undefined || this.#calls.some((call) => call.id === fragment.id);
    const id =
      taken || fragment.id === undefined ? synthesizeToolId(`${this.#seed()} ${this.#sample} ${order}`) : fragment.id;
    const call: OpenCall = { order, wireIndex: fragment.index, wireId: fragment.id, id, name: undefined, json: "" };
    this.#calls.push(call);
    return call;
  }

  #start(call: OpenCall, name: string, out: FlowEvent[]): void {
    out.push({ type: "tool-call-start", index: call.order, id: call.id, name, sample: this.#sample });
  }

  #finished(call: OpenCall, out: FlowEvent[]): ToolCall {
    if (call.name === undefined) throw this.#invalid("a tool call has no name");
    if (call.json.trim() === "") {
      out.push({ type: "tool-call-delta", index: call.order, json: "{}", sample: this.#sample });
      return { id: call.id, name: call.name, arguments: {}, json: "{}" };
    }
    const parsed = parseArguments(call.json);
    if (parsed === undefined) throw this.#invalid(`the arguments of the tool call ${call.name} are not JSON`);
    return { id: call.id, name: call.name, arguments: parsed.value ?? {}, json: call.json };
  }

  #invalid(words: string): ModelError {
    const { provider, modelId, entry } = this.#target;
    const toolCalls = this.#calls.map(({ id, name, json }) => ({
      id,
      name: name ?? "",
      arguments: parseArguments(json)?.value,
      json,
    }));
    const partial = { text: "", reasoning: "", toolCalls };
    return new ModelError({
      code: "invalid_tool_call",
      message: `${provider} (${modelId}): ${words}`,
      provider,
      model: entry,
      partial,
    });
  }
}

/** Servers without ids put whole calls under one index, one after the other. */
function beginsAnother(call: OpenCall, fragment: ToolFragment): boolean {
  if (fragment.name === undefined || call.name === undefined) return false;
  const complete = call.json.endsWith("}") && parseArguments(call.json) !== undefined;
  if (fragment.name !== call.name) return complete || call.json === "";
  return complete && fragment.json.startsWith("{");
}

/** Servers that name the tool in every fragment: what cannot begin arguments goes on with those that are not whole yet. */
function repeatsName(call: OpenCall, fragment: ToolFragment): boolean {
  const goesOn = call.json !== "" && fragment.json !== "" && !fragment.json.trimStart().startsWith("{");
  return goesOn && fragment.name === call.name && parseArguments(call.json) === undefined;
}

function isCut(call: OpenCall): boolean {
  return call.name === undefined || parseArguments(call.json) === undefined;
}

/** `undefined` when the text is no JSON. */
function parseArguments(json: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(json) };
  } catch {
    return undefined;
  }
}
