import { append } from "../../../core/append.ts";
import type { FlowEvent, TokenLogprob } from "../../../core/event.ts";
import { chunkExtras, FROM_CHUNK, REASONING_FIELDS, readOpaqueFields } from "../../chat-signature.ts";
import { samplesOf, type WrittenCall, type WrittenSample, type WrittenText } from "../../served/answer-parts.ts";
import {
  AnswerFacts,
  type AnswerForm,
  type AnswerHead,
  type AnswerWriter,
  refuseReset,
} from "../../served/answer-writer.ts";
import { asObject, type Json } from "../../served/json.ts";
import type { Problem } from "../../served/problem.ts";
import type { WireEvent } from "../../server-wire.ts";
import { chatFinishWord } from "../finish-reasons.ts";
import { completeLogprobs } from "../logprobs.ts";
import { joinStates } from "../opaque-fields.ts";
import { chatUsage } from "../usage.ts";
import { CalledTools, customInput } from "./called-tools.ts";
import { openaiProblem } from "./write-error.ts";

export interface ChatHead extends AnswerHead {
  /** The field for reasoning; its name depends on the host. */
  readonly reasoningField?: (typeof REASONING_FIELDS)[number];
  /** `system_fingerprint` of the response. */
  readonly fingerprint?: string;
}

/** Answers of chat completions. */
export const chatAnswer: AnswerForm<ChatHead> = {
  stream: (head) => new ChatWriter(head),
  body: writeBody,
};

type ReasoningField = (typeof REASONING_FIELDS)[number];

const DEFAULT_FIELD: ReasoningField = "reasoning_content";

class ChatWriter implements AnswerWriter {
  readonly #head: ChatHead;
  readonly #facts: AnswerFacts;
  readonly #begun = new Set<number>();
  readonly #tools: CalledTools;
  /** Calls of custom tools, which are written when their input is complete. */
  #custom: Set<number> | undefined;
  /** Log probabilities of the next text, by sample. */
  #logprobs: Map<number, TokenLogprob[]> | undefined;

  constructor(head: ChatHead) {
    this.#head = head;
    this.#tools = new CalledTools(head.body);
    this.#facts = new AnswerFacts(head);
  }

  push(event: FlowEvent, out: WireEvent[]): void {
    refuseReset(event);
    this.#facts.push(event);
    if (event.type === "logprobs") this.#keepLogprobs(event.sample, event.tokens);
    const delta = this.#deltaOf(event);
    if (delta === undefined || !("sample" in event)) return;
    if (!this.#begun.has(event.sample)) {
      this.#begun.add(event.sample);
      const content = event.type.startsWith("tool-call") ? null : "";
      out.push(this.#chunk(event.sample, { role: "assistant", content, refusal: null }));
    }
    const finish = event.type === "finish" ? chatFinishWord(event.reason) : null;
    const logprobs = event.type === "text-delta" || finish !== null ? this.#takeLogprobs(event.sample) : null;
    out.push(this.#chunk(event.sample, delta, finish, logprobs));
  }

  #keepLogprobs(sample: number, tokens: readonly TokenLogprob[]): void {
    this.#logprobs ??= new Map();
    const held = this.#logprobs.get(sample) ?? [];
    append(held, tokens);
    this.#logprobs.set(sample, held);
  }

  #takeLogprobs(sample: number): Json | null {
    const tokens = this.#logprobs?.get(sample);
    this.#logprobs?.delete(sample);
    return logprobsOf(tokens ?? []);
  }

  end(out: WireEvent[]): void {
    const { usage } = this.#facts;
    if (this.#reportsUsage && usage !== undefined)
      out.push({ data: { ...this.#frame(), choices: [], usage: { ...chatUsage(usage), ...this.#facts.usageExtras } } });
    out.push({ data: "[DONE]" });
  }

  fail(problem: Problem, _requestId: string, out: WireEvent[]): void {
    out.push({ data: openaiProblem(problem).body });
  }

  keepAlive(): void {}

  #deltaOf(event: FlowEvent): Json | undefined {
    switch (event.type) {
      case "text-delta":
        return { content: event.text };
      case "reasoning-delta":
        return { [this.#head.reasoningField ?? DEFAULT_FIELD]: event.text };
      case "refusal-delta":
        return { refusal: event.text };
      case "tool-call-start": {
        const { index, id, name } = event;
        if (this.#tools.of(name).kind === "custom") {
          this.#custom ??= new Set();
          this.#custom.add(index);
          return undefined;
        }
        return { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] };
      }
      case "tool-call-delta":
        if (this.#custom?.has(event.index)) return undefined;
        return { tool_calls: [{ index: event.index, function: { arguments: event.json } }] };
      case "tool-call-end":
        return this.#custom?.has(event.index)
          ? { tool_calls: [{ index: event.index, ...customCall(event.call) }] }
          : undefined;
      case "signature":
        return event.part === "tool-call" ? callState(event.index, event.signature) : messageState(event);
      case "text-end":
        return event.annotations.length === 0 ? undefined : { annotations: event.annotations };
      case "finish":
        return {};
      default:
        return undefined;
    }
  }

  get #reportsUsage(): boolean {
    return asObject(this.#head.body.stream_options)?.include_usage === true;
  }

  #frame(): Json {
    const { id, model, serviceTier } = this.#facts;
    return frameOf(id, model, serviceTier, this.#head, "chat.completion.chunk");
  }

  #chunk(index: number, delta: Json, finish: string | null = null, logprobs: Json | null = null): WireEvent {
    const choices = [{ index, delta, logprobs, finish_reason: finish }];
    if (this.#reportsUsage) return { data: { ...this.#frame(), usage: null, choices } };
    return { data: { ...this.#frame(), choices, ...(finish !== null && this.#facts.usageExtras) } };
  }
}

function frameOf(id: string, model: string, tier: string | undefined, head: ChatHead, object: string): Json {
  return {
    id,
    object,
    created: head.createdS,
    model,
    ...(tier !== undefined && { service_tier: tier }),
    ...(head.fingerprint !== undefined && { system_fingerprint: head.fingerprint }),
  };
}

/** Opaque fields that the host expects back with a call, as a fragment of that call. The AI SDK requires a function in each. */
function callState(index: number, signature: string): Json | undefined {
  const state = readOpaqueFields(signature);
  if (state === undefined) return undefined;
  return { tool_calls: [{ index, ...state, function: { arguments: "", ...asObject(state["function"]) } }] };
}

type TextSignature = Pick<Extract<FlowEvent, { type: "signature" }>, "signature"> & { readonly redacted?: boolean };

/** Opaque fields are fields of the message. A signature that only names the reasoning field needs no field. */
function messageState({ signature, redacted }: TextSignature): Json | undefined {
  const state = readOpaqueFields(signature);
  if (state !== undefined) return "chunk" in state ? undefined : state;
  if ((REASONING_FIELDS as readonly string[]).includes(signature) || signature === FROM_CHUNK) return undefined;
  return { thinking_blocks: [thinkingBlock(signature, redacted === true)] };
}

/** LiteLLM's format for the signature of another provider. */
function thinkingBlock(signature: string, redacted: boolean): Json {
  return redacted ? { type: "redacted_thinking", data: signature } : { type: "thinking", signature };
}

function writeBody(head: ChatHead, events: Iterable<FlowEvent>): Json {
  const list = [...events];
  const facts = new AnswerFacts(head);
  for (const event of list) facts.push(event);
  const { id, model, serviceTier, usage } = facts;
  return {
    ...frameOf(id, model, serviceTier, head, "chat.completion"),
    choices: samplesOf(list).map((sample) => writeChoice(sample, head, new CalledTools(head.body))),
    ...(usage !== undefined && { usage: { ...chatUsage(usage), ...facts.usageExtras } }),
  };
}

function writeChoice(sample: WrittenSample, head: ChatHead, tools: CalledTools): Json {
  const text = sample.texts.map((part) => part.text).join("");
  return {
    index: sample.index,
    message: writeMessage(sample, text, head, tools),
    logprobs: logprobsOf(sample.logprobs),
    finish_reason: chatFinishWord(sample.reason),
  };
}

function logprobsOf(tokens: readonly TokenLogprob[]): Json | null {
  return tokens.length === 0 ? null : { content: completeLogprobs(tokens), refusal: null };
}

function writeMessage(sample: WrittenSample, text: string, head: ChatHead, tools: CalledTools): Json {
  const { calls, refusal } = sample;
  const chunks = chunksOf(sample);
  return {
    role: "assistant",
    content: chunks ?? (text === "" && (calls.length > 0 || refusal !== "") ? null : text),
    ...reasoningFields(sample.reasoning, head),
    refusal: refusal === "" ? null : refusal,
    annotations: sample.annotations,
    ...(calls.length > 0 && { tool_calls: calls.map((call) => writeCall(call, tools)) }),
  };
}

/** Reasoning that was a content chunk is written as one again. */
function chunksOf({ parts }: WrittenSample): readonly Json[] | undefined {
  const isChunk = (part: WrittenText) => part.type === "reasoning" && chunkExtras(part.signature) !== undefined;
  const said = parts.filter(
    (part): part is WrittenText => part.type === "text" || (part.type === "reasoning" && isChunk(part)),
  );
  if (!said.some(isChunk)) return undefined;
  return said.map((part) =>
    part.type === "text"
      ? { type: "text", text: part.text }
      : { type: "thinking", thinking: [{ type: "text", text: part.text }], ...chunkExtras(part.signature) },
  );
}

function reasoningFields(reasoning: readonly WrittenText[], head: ChatHead): Json {
  const fields: Record<string, unknown> = {};
  for (const part of reasoning) {
    if (chunkExtras(part.signature) !== undefined) continue;
    const field = REASONING_FIELDS.find((name) => name === part.signature) ?? head.reasoningField ?? DEFAULT_FIELD;
    if (part.text !== "") fields[field] = `${fields[field] ?? ""}${part.text}`;
    const { signature, redacted } = part;
    const state = signature === undefined ? undefined : messageState({ signature, ...(redacted && { redacted }) });
    joinStates(fields, state ?? {});
  }
  return fields;
}

function writeCall(call: WrittenCall, tools: CalledTools): Json {
  const { id, name, json, signature } = call;
  if (tools.of(name).kind === "custom") return customCall(call);
  const { function: inner, ...fields } = readOpaqueFields(signature) ?? {};
  return { ...fields, id, type: "function", function: { ...asObject(inner), name, arguments: json } };
}

function customCall({ id, name, arguments: args, json }: Omit<WrittenCall, "type">): Json {
  return { id, type: "custom", custom: { name, input: customInput(args, json) } };
}
