import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { isModelError } from "../../../src/core/error.ts";
import type { Reply } from "../../../src/core/reply.ts";
import { decodeChat } from "../../../src/dialects/openai/chat-decode.ts";
import { decodeResponses } from "../../../src/dialects/openai/responses-decode.ts";
import { fixture } from "../../harness/fixtures.ts";
import { describeWith } from "../../harness/needs.ts";
import { readAnswer, targetOf, type WireAnswer, type WireEvent } from "../contract.ts";

const RECORDINGS = fixture("recordings");
const FOLDERS = [
  ...["openai-chat", "openai-responses", "azure", "alibaba", "deepseek", "mistral", "moonshotai"],
  ...["perplexity", "xai", "xai-responses", "openai-compatible"],
];

interface RecordedPart {
  readonly type: string;
  readonly text: string;
  readonly thinking: readonly { readonly text: string }[];
}

interface RecordedDelta {
  readonly content?: string | readonly RecordedPart[] | null;
  readonly reasoning_content?: string | null;
  readonly tool_calls?: readonly { index?: number; function: { name?: string; arguments?: string } }[];
}

interface RecordedUsage {
  readonly prompt_tokens: number;
  readonly input_tokens: number;
  readonly total_tokens: number;
}

interface RecordedItem {
  readonly type: string;
  readonly content: readonly { readonly text: string }[];
  readonly call_id: string;
  readonly name: string;
  readonly arguments: string;
  readonly input?: string;
  readonly operation?: unknown;
  readonly action?: unknown;
  readonly environment?: { readonly type: string } | null;
}

/** The event fields that the plain reader uses. */
interface Recorded {
  readonly type?: string;
  readonly choices?: readonly { delta?: RecordedDelta; message?: RecordedDelta; finish_reason?: string | null }[];
  readonly usage?: RecordedUsage | null;
  readonly response?: Recorded;
  readonly delta?: string;
  readonly text?: string;
  readonly output?: readonly RecordedItem[];
  readonly status?: string;
  readonly error?: unknown;
}

interface Recording {
  readonly name: string;
  readonly form: "stream" | "body";
  readonly events: readonly Recorded[];
}

function recordings(): Recording[] {
  return FOLDERS.flatMap((folder) =>
    readdirSync(resolve(RECORDINGS, folder)).map((file) => {
      const text = readFileSync(resolve(RECORDINGS, folder, file), "utf8");
      const stream = file.endsWith(".chunks.txt");
      const events = (stream ? text.split("\n").filter((line) => line.trim() !== "") : [text]).map((line) =>
        JSON.parse(line),
      );
      return { name: `${folder}/${file}`, form: stream ? "stream" : "body", events };
    }),
  );
}

/** The content of a recording, read naively as a reference for the decoder. */
interface Plain {
  text: string;
  reasoning: string;
  calls: Record<string, { name: string; json: string }>;
  finish: string | undefined;
  tokens: [prompt: number, total: number] | undefined;
}

function plainChat({ events }: Recording): Plain {
  const plain: Plain = { text: "", reasoning: "", calls: {}, finish: undefined, tokens: undefined };
  for (const { choices, usage } of events) {
    const choice = choices?.[0];
    plainDelta(choice?.delta ?? choice?.message ?? {}, plain);
    plain.finish = choice?.finish_reason ?? plain.finish;
    if (usage) plain.tokens = [usage.prompt_tokens, usage.total_tokens];
  }
  return plain;
}

function plainDelta(delta: RecordedDelta, plain: Plain): void {
  const { content } = delta;
  if (typeof content === "string") plain.text += content;
  else {
    for (const part of content ?? []) {
      if (part.type === "text") plain.text += part.text;
      else plain.reasoning += part.thinking.map(({ text }) => text).join("");
    }
  }
  plain.reasoning += delta.reasoning_content ?? "";
  delta.tool_calls?.forEach((call, position) => {
    const key = String(call.index ?? position);
    const { name, json } = plain.calls[key] ?? { name: "", json: "" };
    plain.calls[key] = { name: name + (call.function.name ?? ""), json: json + (call.function.arguments ?? "") };
  });
}

function plainResponse({ events }: Recording): Plain {
  const response = events.at(-1)?.response ?? events.at(-1) ?? {};
  const plain: Plain = { text: "", reasoning: "", calls: {}, finish: response.status, tokens: undefined };
  // The text of a stream comes from its deltas, that of a body from its items.
  const repeated = events.filter(({ type }) => type === "response.output_text.done");
  for (const { type, delta } of events) if (type === "response.output_text.delta") plain.text += delta;
  if (repeated.length > 0) plain.text = repeated.map(({ text }) => text).join("");
  for (const item of response.output ?? []) {
    if (item.type === "message" && events.length === 1) plain.text += item.content.map(({ text }) => text).join("");
    const call = plainCall(item);
    if (call !== undefined) plain.calls[item.call_id] = call;
  }
  const { usage } = response;
  if (usage && usage.input_tokens > 0) plain.tokens = [usage.input_tokens, usage.total_tokens];
  return plain;
}

/** The calls that the client answers; the provider runs a shell in a container itself. */
function plainCall(item: RecordedItem): Plain["calls"][string] | undefined {
  const { type, name, input, operation, action, environment } = item;
  if (type === "function_call") return { name, json: item.arguments };
  if (type === "custom_tool_call") return { name, json: JSON.stringify({ input }) };
  if (type === "apply_patch_call") return { name: "apply_patch", json: JSON.stringify(operation) };
  const local = !environment?.type.startsWith("container");
  if (type === "shell_call" && local) return { name: "shell", json: JSON.stringify(action) };
  return type === "local_shell_call" ? { name: "local_shell", json: JSON.stringify(action) } : undefined;
}

/** Its deltas stop in the middle of the text that its done event repeats, so text was lost. */
const SHORTENED = "openai-responses/openai-shell-container.1.chunks.txt";

function isResponses({ events }: Recording): boolean {
  return events.some(({ output, type }) => output !== undefined || type === "error" || type?.startsWith("response."));
}

function decode(recording: Recording): Reply {
  const responses = isResponses(recording);
  const target = targetOf({ provider: "recorded", dialect: responses ? "openai-responses" : "openai" });
  const decoder = responses ? decodeResponses : decodeChat;
  const stream: WireEvent[] = recording.events.map((data) => ({
    ...(data.type !== undefined && { event: data.type }),
    data,
  }));
  if (!responses) stream.push({ data: "[DONE]" });
  const answer: WireAnswer = { stream, body: recording.events[0] };
  return readAnswer({ target, decoder }, answer, recording.form).reply;
}

function isFailure({ events }: Recording): boolean {
  return events.some(({ error }) => error);
}

describeWith("recordings", "recorded provider answers", () => {
  const all = recordings();
  const answers = all.filter((recording) => !isFailure(recording) && recording.name !== SHORTENED);

  it("are all present", () => {
    expect(all.length).toBeGreaterThanOrEqual(60);
    expect(answers.length).toBeGreaterThanOrEqual(55);
  });

  it.each(answers.map((recording) => [recording.name, recording] as const))("%s", (_, recording) => {
    const reply = decode(recording);
    const plain = isResponses(recording) ? plainResponse(recording) : plainChat(recording);
    expect(reply.text).toBe(plain.text);
    expect(reply.toolCalls.map(({ name, json }) => ({ name, json }))).toEqual(Object.values(plain.calls));
    for (const call of reply.toolCalls) expect(JSON.parse(call.json)).toEqual(call.arguments);
    expect(reply.rawFinishReason).toBe(plain.finish);
    expect(reply.finishReason).toBe(Object.keys(plain.calls).length > 0 ? "tool-calls" : "stop");
    const { input, cacheRead, cacheWrite, total, reasoning, output } = reply.usage;
    expect([input + cacheRead + cacheWrite, total]).toEqual(plain.tokens ?? [0, 0]);
    expect(reasoning).toBeLessThanOrEqual(output);
    if (!isResponses(recording)) expect(reply.reasoning ?? "").toBe(plain.reasoning);
    expect(reply.id).toEqual(expect.any(String));
  });

  it("openai-phase, shortened with gaps in its sequence numbers, keeps its complete text", () => {
    const recording = all.find(({ name }) => name === "openai-responses/openai-phase.1.chunks.txt") as Recording;
    const { text } = decode(recording);
    expect(text.startsWith("Got it — I’ll quickly check")).toBe(true);
    expect(text).toContain("Here are a few **AI headlines for today");
  });

  it("openai-shell-container, shortened in the middle of its text, is a protocol error", () => {
    const recording = all.find(({ name }) => name === SHORTENED) as Recording;
    expect(() => decode(recording)).toThrow(expect.objectContaining({ code: "protocol_error" }));
  });

  it.each(all.filter(isFailure).map((recording) => [recording.name, recording] as const))(
    "%s throws a ModelError",
    (_, recording) => {
      expect.assertions(1);
      try {
        decode(recording);
      } catch (error) {
        expect(isModelError(error), String(error)).toBe(true);
      }
    },
  );
});
