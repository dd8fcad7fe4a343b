import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Decoder } from "../../../src/core/dialect.ts";
import { isModelError } from "../../../src/core/error.ts";
import type { ModelErrorCode } from "../../../src/core/error-codes.ts";
import type { FinishReason, FlowEvent } from "../../../src/core/event.ts";
import { modelErrorOf } from "../../../src/core/failure.ts";
import { PROBLEM_KINDS } from "../../../src/core/problem-kind.ts";
import { messagesDecoder } from "../../../src/dialects/anthropic/decode.ts";
import { messagesAnswer } from "../../../src/dialects/anthropic/server/messages-answer.ts";
import { anthropic } from "../../../src/dialects/anthropic/server/write-response.ts";
import { generateDecoder } from "../../../src/dialects/google/decode.ts";
import { generateAnswer } from "../../../src/dialects/google/server/generate-answer.ts";
import { google } from "../../../src/dialects/google/server/write-response.ts";
import { ToolNames } from "../../../src/dialects/google/tool-names.ts";
import { decodeChat } from "../../../src/dialects/openai/chat-decode.ts";
import { decodeResponses } from "../../../src/dialects/openai/responses-decode.ts";
import { chatAnswer } from "../../../src/dialects/openai/server/chat-answer.ts";
import { responsesAnswer } from "../../../src/dialects/openai/server/responses-answer.ts";
import { openaiChat } from "../../../src/dialects/openai/server/write-chat-response.ts";
import { openaiResponses } from "../../../src/dialects/openai/server/write-responses-response.ts";
import { samplesOf, type WrittenSample } from "../../../src/dialects/served/answer-parts.ts";
import { type AnswerForm, type AnswerHead, writeAll } from "../../../src/dialects/served/answer-writer.ts";
import type { SimulatedServer as ServerWire } from "../../../src/dialects/served/wire-server.ts";
import type { WireEvent } from "../../../src/dialects/server-wire.ts";
import { PROBLEM_CODES } from "../../harness/problem-codes.ts";
import type { Wire } from "../../harness/wires.ts";
import { requestOf } from "../contract.ts";
import { answersOf } from "./answers.ts";
import { REQUEST_WIRES } from "./wires.ts";

interface AnswerWire {
  readonly form: AnswerForm;
  readonly server: ServerWire;
  readonly manySamples: boolean;
  decoder(samples: number): Decoder;
  /** Ends for which the wire has no word of its own, and what they are read as. */
  readonly ends: Readonly<Partial<Record<FinishReason, FinishReason>>>;
  /** Whether a stream shows calls that were cut. */
  readonly cutCalls: boolean;
  /** What of a signature is not made of the part itself. */
  sign(signature: string): string | undefined;
}

const same = (signature: string) => signature;
const asRequest = (samples: number) => requestOf({ samples });

const WIRES: Readonly<Record<Wire, AnswerWire>> = {
  openai: {
    form: chatAnswer,
    server: openaiChat,
    manySamples: true,
    decoder: (samples) => decodeChat(REQUEST_WIRES.openai.target, true, asRequest(samples)),
    ends: { unknown: "stop" },
    cutCalls: true,
    sign: same,
  },
  "openai-responses": {
    form: responsesAnswer,
    server: openaiResponses,
    manySamples: false,
    decoder: () => decodeResponses(REQUEST_WIRES["openai-responses"].target),
    ends: { unknown: "stop" },
    cutCalls: true,
    // Every item has an id and repeats its text; only what is encrypted must come back.
    sign: (signature) => {
      const { summary: _, ...state } = JSON.parse(signature) as Record<string, unknown>;
      return "encrypted_content" in state || "phase" in state ? JSON.stringify(state) : undefined;
    },
  },
  anthropic: {
    form: messagesAnswer,
    server: anthropic,
    manySamples: false,
    decoder: () => messagesDecoder(REQUEST_WIRES.anthropic.target, { throughTool: false }),
    ends: { unknown: "stop" },
    cutCalls: true,
    sign: same,
  },
  google: {
    form: generateAnswer,
    server: google,
    manySamples: true,
    decoder: (samples) => {
      const request = asRequest(samples);
      return generateDecoder(REQUEST_WIRES.google.target, { names: new ToolNames(request), samples });
    },
    ends: {},
    cutCalls: false,
    sign: same,
  },
};

const head = (samples: number): AnswerHead => ({
  id: "unused",
  model: "unused",
  createdS: 1_767_225_600,
  body: { n: samples, stream_options: { include_usage: true } },
});

function streamed({ form, decoder }: AnswerWire, events: readonly FlowEvent[], samples: number): readonly FlowEvent[] {
  const reader = decoder(samples);
  const out: FlowEvent[] = [];
  for (const { name, data } of writeAll(form.stream(head(samples)), events))
    reader.push(typeof data === "string" ? data : JSON.stringify(data), name, out);
  reader.end(out);
  return out;
}

function whole({ form, decoder }: AnswerWire, events: readonly FlowEvent[], samples: number): readonly FlowEvent[] {
  const reader = decoder(samples);
  const out: FlowEvent[] = [];
  reader.body(JSON.parse(JSON.stringify(form.body(head(samples), events))), out);
  reader.end(out);
  return out;
}

/** What an answer says: its parts with their pieces together, and the facts about it. */
function said({ ends, sign }: AnswerWire, events: readonly FlowEvent[], complete: boolean) {
  const responses = events.flatMap((event) => (event.type === "response" ? [event] : []));
  return {
    id: responses.find(({ id }) => id !== undefined)?.id,
    model: responses.find(({ servedModel }) => servedModel !== undefined)?.servedModel,
    tier: responses.findLast(({ serviceTier }) => serviceTier !== undefined)?.serviceTier,
    usage: events.findLast((event) => event.type === "usage")?.usage,
    samples: samplesOf(events).map(({ index, parts, refusal, reason }: WrittenSample) => ({
      index,
      refusal,
      reason: ends[reason] ?? reason,
      // A body has no call that was cut.
      parts: parts
        .filter((part) => !complete || part.type !== "call" || "arguments" in part)
        .map((part) => {
          if (part.type === "other") return part;
          const { signature } = part;
          return { ...part, signature: signature === undefined ? undefined : sign(signature) };
        }),
    })),
  };
}

/** What the ends are read as for which a wire has no word that says just that; the properties have the others. */
const ENDS: Readonly<Record<Wire, Readonly<Partial<Record<FinishReason, FinishReason | ModelErrorCode>>>>> = {
  openai: { "content-filter": "content_filtered", unknown: "stop" },
  "openai-responses": { "content-filter": "content_filtered", unknown: "stop" },
  anthropic: { "content-filter": "refusal", unknown: "stop" },
  google: { "content-filter": "content_filtered", refusal: "content_filtered", unknown: "unknown" },
};

/** Whether an event may already end the answer. */
function isEnding({ data }: WireEvent): boolean {
  return /"(?:finish_reason|finishReason|stop_reason)":"|"response\.(?:completed|incomplete)"/.test(
    JSON.stringify(data),
  );
}

function codeOf(run: () => void): string {
  try {
    run();
  } catch (error) {
    return isModelError(error) ? error.code : String(error);
  }
  return "no error";
}

describe.each(Object.keys(WIRES) as Wire[])("an answer on the wire %s", (wire) => {
  const row = WIRES[wire];
  const drawn = fc
    .integer({ min: 1, max: row.manySamples ? 3 : 1 })
    .chain((samples) => fc.tuple(answersOf(wire, samples), fc.constant(samples)));

  it("is decoded from its stream without a change", () => {
    fc.assert(
      fc.property(drawn, ([events, samples]) => {
        const complete = !row.cutCalls;
        expect(said(row, streamed(row, events, samples), complete)).toEqual(said(row, events, complete));
      }),
    );
  });

  it("fails with an error written after any of its events", () => {
    // A request that is too large is refused before there is a stream, by its status alone.
    const kinds = PROBLEM_KINDS.filter((kind) => kind !== "too-large");
    const cuts = fc.tuple(drawn, fc.nat(), fc.constantFrom(...kinds));
    fc.assert(
      fc.property(cuts, ([[events, samples], at, kind]) => {
        const all = writeAll(row.form.stream(head(samples)), events);
        // Behind the end nothing is read any more.
        const sent = all.slice(0, at % Math.max(1, all.findIndex(isEnding)));
        const reader = row.decoder(samples);
        const code = codeOf(() => {
          for (const { name, data } of [...sent, ...row.server.problemEvents({ kind }, "request", sent)])
            reader.push(typeof data === "string" ? data : JSON.stringify(data), name, []);
          reader.end([]);
        });
        // OpenAI calls it an error of the server; only the status, which a stream has no more, says which.
        const isUnsaid = kind === "overloaded" && wire.startsWith("openai");
        expect(code).toBe(isUnsaid ? "server_error" : PROBLEM_CODES[kind]);
      }),
    );
  });

  it.each(Object.entries(ENDS[wire]))("with the finish reason %s is decoded as %s", (reason, meant) => {
    const events: readonly FlowEvent[] = [
      { type: "text-delta", text: "Half", sample: 0 },
      { type: "finish", reason: reason as FinishReason, sample: 0 },
    ];
    for (const read of [streamed, whole]) {
      let ending = "";
      const code = codeOf(() => {
        const last = read(row, events, 1).at(-1);
        if (last?.type === "finish") ending = last.reason;
      });
      expect(ending === "" ? code : ending).toBe(meant);
    }
  });

  it.each(PROBLEM_KINDS)("is an error if the provider reports the problem %s", (kind) => {
    const { status, body } = row.server.problem({ kind }, "request");
    expect(modelErrorOf({ status, body }, REQUEST_WIRES[wire].target).code).toBe(PROBLEM_CODES[kind]);
  });

  it("is decoded from its body without a change", () => {
    fc.assert(
      fc.property(drawn, ([events, samples]) => {
        expect(said(row, whole(row, events, samples), true)).toEqual(said(row, events, true));
      }),
    );
  });
});
