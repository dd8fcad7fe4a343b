import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import type { FinishReason } from "../../src/index.ts";
import type { Wire } from "../harness/wires.ts";

/** What a stock SDK makes of an answer. */
export interface Heard {
  readonly text: string;
  /** In the words of the wire. */
  readonly finish: string | undefined;
  readonly toolCalls: readonly (readonly [name: string, args: unknown])[];
}

/** Called with everything that arrives of a stream. */
type OnEvent = () => void;
type Ask = (url: string, model: string, prompt: string, onEvent: OnEvent | undefined) => Promise<Heard>;

const KEY = { apiKey: "unused" };
const openaiAt = (url: string) => new OpenAI({ ...KEY, baseURL: `${url}/v1`, maxRetries: 0 });
const anthropicAt = (url: string) => new Anthropic({ ...KEY, baseURL: url, maxRetries: 0, openTelemetry: false });
const googleAt = (url: string) => new GoogleGenAI({ ...KEY, httpOptions: { baseUrl: url, apiVersion: "v1beta" } });

const parsed = (json: string): unknown => JSON.parse(json === "" ? "{}" : json);

const chat: Ask = async (url, model, prompt, onEvent) => {
  const openai = openaiAt(url);
  const request = { model, messages: [{ role: "user" as const, content: prompt }] };
  if (onEvent === undefined) {
    const [choice] = (await openai.chat.completions.create(request)).choices;
    const calls = (choice?.message.tool_calls ?? []).flatMap((call) =>
      call.type === "function" ? [call.function] : [],
    );
    const toolCalls = calls.map(({ name, arguments: json }) => [name, parsed(json)] as const);
    return { text: choice?.message.content ?? "", finish: choice?.finish_reason, toolCalls };
  }
  const calls: { name: string; json: string }[] = [];
  let [text, finish]: [string, string | undefined] = ["", undefined];
  for await (const { choices } of await openai.chat.completions.create({ ...request, stream: true })) {
    onEvent();
    text += choices[0]?.delta.content ?? "";
    finish = choices[0]?.finish_reason ?? finish;
    for (const { index, function: part } of choices[0]?.delta.tool_calls ?? []) {
      calls[index] ??= { name: part?.name ?? "", json: "" };
      calls[index].json += part?.arguments ?? "";
    }
  }
  return { text, finish, toolCalls: calls.map(({ name, json }) => [name, parsed(json)] as const) };
};

const responses: Ask = async (url, model, input, onEvent) => {
  const openai = openaiAt(url);
  const read = (response: OpenAI.Responses.Response): Heard => ({
    text: response.output
      .flatMap((item) => (item.type === "message" ? item.content : []))
      .map((part) => (part.type === "output_text" ? part.text : ""))
      .join(""),
    finish: response.incomplete_details?.reason ?? response.status,
    toolCalls: response.output.flatMap((item) =>
      item.type === "function_call" ? [[item.name, parsed(item.arguments)] as const] : [],
    ),
  });
  if (onEvent === undefined) return read(await openai.responses.create({ model, input }));
  let last: Heard = { text: "", finish: undefined, toolCalls: [] };
  for await (const event of await openai.responses.create({ model, input, stream: true })) {
    onEvent();
    if (event.type === "response.completed" || event.type === "response.incomplete" || event.type === "response.failed")
      last = read(event.response);
  }
  return last;
};

const messages: Ask = async (url, model, prompt, onEvent) => {
  const anthropic = anthropicAt(url);
  const request = { model, max_tokens: 9_000, messages: [{ role: "user" as const, content: prompt }] };
  if (onEvent === undefined) {
    const { content, stop_reason: finish } = await anthropic.messages.create(request);
    return {
      text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
      finish: finish ?? undefined,
      toolCalls: content.flatMap((block) => (block.type === "tool_use" ? [[block.name, block.input] as const] : [])),
    };
  }
  const calls: { name: string; json: string }[] = [];
  let [text, finish]: [string, string | undefined] = ["", undefined];
  for await (const event of await anthropic.messages.create({ ...request, stream: true })) {
    onEvent();
    if (event.type === "content_block_start" && event.content_block.type === "tool_use")
      calls[event.index] = { name: event.content_block.name, json: "" };
    if (event.type === "content_block_delta" && event.delta.type === "text_delta") text += event.delta.text;
    if (event.type === "content_block_delta" && event.delta.type === "input_json_delta") {
      const call = calls[event.index];
      if (call !== undefined) call.json += event.delta.partial_json;
    }
    if (event.type === "message_delta") finish = event.delta.stop_reason ?? undefined;
  }
  return {
    text,
    finish,
    toolCalls: calls.filter((call) => call !== undefined).map(({ name, json }) => [name, parsed(json)] as const),
  };
};

const gemini: Ask = async (url, model, contents, onEvent) => {
  const { models } = googleAt(url);
  type Answer = Awaited<ReturnType<typeof models.generateContent>>;
  const read = (answers: readonly Answer[]): Heard => {
    const parts = answers.flatMap(({ candidates }) => candidates?.[0]?.content?.parts ?? []);
    return {
      text: parts.map(({ text = "", thought }) => (thought === true ? "" : text)).join(""),
      finish: answers.findLast(({ candidates }) => candidates?.[0]?.finishReason)?.candidates?.[0]?.finishReason,
      toolCalls: parts.flatMap(({ functionCall }) =>
        functionCall === undefined ? [] : [[functionCall.name ?? "", functionCall.args] as const],
      ),
    };
  };
  if (onEvent === undefined) return read([await models.generateContent({ model, contents })]);
  const answers: Answer[] = [];
  for await (const answer of await models.generateContentStream({ model, contents })) {
    onEvent();
    answers.push(answer);
  }
  return read(answers);
};

export const ASK: Readonly<Record<Wire, Ask>> = {
  openai: chat,
  "openai-responses": responses,
  anthropic: messages,
  google: gemini,
};

/** The finish reasons of each wire. */
export const FINISH: Readonly<Record<Wire, Partial<Readonly<Record<FinishReason, string>>>>> = {
  openai: { stop: "stop", length: "length", "tool-calls": "tool_calls", "content-filter": "content_filter" },
  "openai-responses": {
    stop: "completed",
    length: "max_output_tokens",
    "tool-calls": "completed",
    "content-filter": "content_filter",
  },
  anthropic: { stop: "end_turn", length: "max_tokens", "tool-calls": "tool_use", "content-filter": "refusal" },
  google: { stop: "STOP", length: "MAX_TOKENS", "tool-calls": "STOP" },
};
