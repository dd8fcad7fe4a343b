import type { CountTokensParameters, GenerateContentParameters } from "@google/genai";
import type { Call } from "../../core/call.ts";
import type { Decoder, Dialect, Encoded } from "../../core/dialect.ts";
import type { ModelRequest, SettingName } from "../../core/request.ts";
import type { Target } from "../../core/target.ts";
import { openWire, type Wire } from "../exchange.ts";
import { targetError } from "../wire-error.ts";
import { countClient, generateClient } from "./client.ts";
import { generateDecoder } from "./decode.ts";
import { encodeGenerate } from "./encode.ts";
import { ToolNames } from "./tool-names.ts";

const SETTINGS: ReadonlySet<SettingName> = new Set<SettingName>([
  "temperature",
  "topP",
  "topK",
  "maxNewTokens",
  "maxInputTokens",
  "stop",
  "seed",
  "frequencyPenalty",
  "presencePenalty",
  "logprobs",
  "topLogprobs",
  "reasoningEffort",
  "serviceTier",
  "modalities",
  "responseFormat",
  "metadata",
  "webSearch",
  // Gemini caches prefixes by itself; asking for it needs nothing on the wire.
  "promptCache",
  "tools",
  "toolChoice",
]);

/** Google's Gemini API, and Gemini on Vertex AI. */
export const google: Dialect = {
  name: "google",
  settings: SETTINGS,
  manySamples: true,
  open: (call) => openWire(call, generateWire(call)),
  countTokens,
};

function generateWire({ request }: Call): Wire<GenerateContentParameters> {
  return {
    encode: encodeGenerate,
    client: generateClient,
    decoder: (target) => generateDecoder(target, new ToolNames(request)),
  };
}

const COUNT_WIRE: Wire<CountTokensParameters> = {
  encode: encodeCount,
  client: countClient,
  decoder: () => new CountDecoder(),
};

function encodeCount(request: ModelRequest, target: Target): Encoded<CountTokensParameters> {
  const { model, contents, config } = encodeGenerate(request, target).params;
  const { systemInstruction, tools } = config ?? {};
  const counted = {
    ...(systemInstruction !== undefined && { systemInstruction }),
    ...(tools !== undefined && { tools: tools as NonNullable<NonNullable<CountTokensParameters["config"]>["tools"]> }),
  };
  return { params: { model, contents, config: counted }, adjustments: [] };
}

async function countTokens(call: Call): Promise<number> {
  for await (const events of openWire({ ...call, streaming: false }, COUNT_WIRE)) {
    for (const event of events) if (event.type === "response") return readCount(event.body, call);
  }
  return readCount(undefined, call);
}

function readCount(body: unknown, { target }: Call): number {
  const count = (body as { totalTokens?: unknown } | undefined)?.totalTokens;
  if (typeof count !== "number") throw targetError(target, "protocol_error", "the token count has no totalTokens");
  return count;
}

/** A count has no events of its own; its body travels as it is. */
class CountDecoder implements Decoder {
  readonly done = false;
  push(): void {}
  body(...[body, out]: Parameters<Decoder["body"]>): void {
    out.push({ type: "response", body });
  }
  end(): void {}
}
