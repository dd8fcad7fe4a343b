import fc from "fast-check";
import type { CallInput } from "../../../src/core/call.ts";
import type {
  AssistantMessage,
  MediaPart,
  Message,
  ReasoningPart,
  TextPart,
  ToolCallPart,
  ToolResultPart,
} from "../../../src/core/message.ts";
import { EFFORTS, type Settings } from "../../../src/core/request.ts";
import type { JsonSchema, Tool } from "../../../src/core/tool.ts";
import type { Wire } from "../../harness/wires.ts";
import { PIXEL } from "../contract.ts";
import type { RequestWire } from "./wires.ts";

type UserParts = Exclude<Extract<Message, { role: "user" }>["content"], string>;
type AssistantPart = Exclude<AssistantMessage["content"], string>[number];

/** Text that no wire trims or drops: it shows something at both ends. */
const words = fc.oneof(
  fc.constantFrom("Hello.", "two\n\nlines", "{}", "<think>x</think>", "Grüße 🚀", 'a "quote" \\ and \u2028'),
  fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => `x${text}x`),
);
const some = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const text = (cache: boolean): fc.Arbitrary<TextPart> =>
  fc.tuple(words, cache ? fc.boolean() : fc.constant(false)).map(([said, mark]) => {
    return { type: "text", text: said, ...(mark && { cache: true }) };
  });

const image = fc
  .tuple(fc.boolean(), some(fc.constantFrom("auto" as const, "low" as const, "high" as const)))
  .map(([inline, detail]) => {
    const source = inline ? { data: PIXEL, mediaType: "image/png" } : { url: "https://example.com/a.png" };
    return { type: "image" as const, ...source, ...(detail !== undefined && { detail }) };
  });

const file = fc.tuple(fc.constantFrom("pdf", "text", "url"), some(fc.constant("a.pdf"))).map(([kind, filename]) => {
  const data = Buffer.from("the bytes").toString("base64");
  const mediaType = kind === "text" ? "text/plain" : "application/pdf";
  const source = kind === "url" ? { url: "https://example.com/a.pdf" } : { data, mediaType };
  return { type: "file" as const, ...source, ...(filename !== undefined && { filename }) };
});

const audio = fc
  .constantFrom("audio/wav", "audio/mpeg")
  .map((mediaType) => ({ type: "audio" as const, data: "AAAA", mediaType }));

/** What a user may say on a wire. */
function userParts({ dialect }: RequestWire): fc.Arbitrary<UserParts> {
  const media: fc.Arbitrary<MediaPart> = fc.oneof(image, file, audio);
  const carried = media.filter((part) => dialect.mediaRefusal?.(part) === undefined);
  return fc.array(fc.oneof(text(true), text(true), carried), { minLength: 1, maxLength: 3 });
}

const opaque = fc.string({ unit: fc.constantFrom(..."abcXYZ019+/="), minLength: 4, maxLength: 16 });

/** Reasoning with the state that the wire's own provider gives it. */
const REASONING: Readonly<Record<Wire, (text: string, state: string) => Omit<ReasoningPart, "type">>> = {
  openai: (said, state) =>
    state.length % 2 === 0
      ? { text: said, signature: "reasoning_content" }
      : { text: "", signature: JSON.stringify({ reasoning_details: [{ type: "reasoning.encrypted", data: state }] }) },
  "openai-responses": (said, state) => {
    const summary = [{ type: "summary_text", text: said }];
    return { text: said, signature: JSON.stringify({ id: `rs_${state}`, summary, encrypted_content: state }) };
  },
  anthropic: (said, state) =>
    state.length % 2 === 0 ? { text: said, signature: state } : { text: "", signature: state, redacted: true },
  google: (said, state) => ({ text: said, signature: state }),
};

const SIGNED_CALL: Readonly<Partial<Record<Wire, (state: string) => string>>> = {
  openai: (state) => JSON.stringify({ extra_content: { google: { thought_signature: state } } }),
  google: (state) => state,
};
const SIGNED_TEXT: Readonly<Partial<Record<Wire, (state: string) => string>>> = {
  "openai-responses": () => JSON.stringify({ phase: "commentary" }),
  google: (state) => state,
};

/** Of the wire's own provider, of another one, or of nobody known. */
function reasoning(wire: Wire, owner: string): fc.Arbitrary<ReasoningPart> {
  const own = fc.tuple(words, opaque).map(([said, state]): ReasoningPart => {
    return { type: "reasoning", ...REASONING[wire](said, state), owner };
  });
  const foreign = words.map((said): ReasoningPart => {
    return { type: "reasoning", text: said, signature: "of another", owner: "elsewhere" };
  });
  const unsigned = words.map((said): ReasoningPart => ({ type: "reasoning", text: said }));
  return fc.oneof({ arbitrary: own, weight: 4 }, foreign, unsigned);
}

function answerText(wire: Wire, owner: string): fc.Arbitrary<TextPart> {
  const sign = SIGNED_TEXT[wire];
  return fc.tuple(words, some(opaque)).map(([said, state]) => {
    const signed = sign === undefined || state === undefined ? {} : { signature: sign(state), owner };
    return { type: "text", text: said, ...signed };
  });
}

const NAMES = ["get_weather", "f", "run-it"] as const;
const json = fc.dictionary(fc.constantFrom("a", "b c", "ü", "__proto__x"), fc.jsonValue({ maxDepth: 2 }), {
  maxKeys: 3,
});

/** Calls that are not of functions; the id of a local shell's item goes back to its provider. */
const CALLS: Readonly<Partial<Record<Wire, (owner: string) => fc.Arbitrary<Omit<ToolCallPart, "id">>>>> = {
  openai: () => words.map((input) => ({ type: "tool-call", kind: "custom", name: "run", arguments: { input } })),
  "openai-responses": (owner) =>
    fc.oneof(
      words.map((input) => ({
        type: "tool-call" as const,
        kind: "custom" as const,
        name: "run",
        arguments: { input },
      })),
      words.map((diff) => ({
        type: "tool-call" as const,
        kind: "apply_patch" as const,
        name: "apply_patch",
        arguments: { type: "update_file", path: "a.ts", diff },
      })),
      words.map((command) => ({
        type: "tool-call" as const,
        kind: "shell" as const,
        name: "shell",
        arguments: { commands: [command], max_output_length: 100 },
      })),
      words.map((command) => ({
        type: "tool-call" as const,
        kind: "shell" as const,
        name: "local_shell",
        arguments: { type: "exec", command: [command], env: {} },
        signature: JSON.stringify({ id: "lsh_1", type: "local_shell_call" }),
        owner,
      })),
    ),
};

function call(wire: Wire, owner: string): fc.Arbitrary<Omit<ToolCallPart, "id">> {
  const other = CALLS[wire]?.(owner);
  const plain = functionCall(wire, owner);
  return other === undefined ? plain : fc.oneof({ arbitrary: plain, weight: 3 }, other);
}

function functionCall(wire: Wire, owner: string): fc.Arbitrary<Omit<ToolCallPart, "id">> {
  const sign = SIGNED_CALL[wire];
  return fc.tuple(fc.constantFrom(...NAMES), json, some(opaque)).map(([name, value, state]) => {
    const signed = sign === undefined || state === undefined ? {} : { signature: sign(state), owner };
    // What is sent is JSON: it has no negative zero.
    return { type: "tool-call", name, arguments: JSON.parse(JSON.stringify(value)) as unknown, ...signed };
  });
}

type Content = ToolResultPart["content"];

const result: fc.Arbitrary<Pick<ToolResultPart, "content" | "error">> = fc
  .tuple(
    fc.oneof(
      words as fc.Arbitrary<Content>,
      fc.array(fc.oneof(text(false), text(false), image), { minLength: 1, maxLength: 2 }),
    ),
    fc.boolean(),
  )
  .map(([content, error]) => ({ content, ...(error && { error }) }));

const IDS = ["call_1", "toolu-2", "a.b c", "y".repeat(70)];

/** A turn of the model, with the results of its calls. */
function exchange(wire: Wire, owner: string): fc.Arbitrary<readonly Message[]> {
  const answers = fc.tuple(call(wire, owner), result, fc.constantFrom(...IDS));
  return fc
    .tuple(
      fc.array(reasoning(wire, owner), { maxLength: 1 }),
      fc.array(answerText(wire, owner), { maxLength: 1 }),
      fc.uniqueArray(answers, { maxLength: 3, selector: ([, , id]) => id }),
      fc.boolean(),
      answerText(wire, owner),
    )
    .map(([thoughts, texts, answered, apart, spare]) => {
      const calls = answered.map(([part, , id]): AssistantPart => ({ ...part, id }));
      const spoken: readonly AssistantPart[] = texts.length + calls.length === 0 ? [spare] : [...texts, ...calls];
      // Where it was decoded, the state of a whole message stands at its end.
      const isState = ({ text: said, redacted }: ReasoningPart) =>
        wire === "openai" && said === "" && redacted !== true;
      const said = [...thoughts.filter((part) => !isState(part)), ...spoken, ...thoughts.filter(isState)];
      const results = answered.map(([, part, id]): ToolResultPart => ({ type: "tool-result", id, ...part }));
      const told: readonly Message[] = apart
        ? results.map((part) => ({ role: "tool", content: [part] }))
        : [{ role: "tool", content: results }];
      return [{ role: "assistant", content: said }, ...(results.length > 0 ? told : [])];
    });
}

const system: fc.Arbitrary<Message> = fc
  .oneof(words, fc.array(text(true), { minLength: 1, maxLength: 2 }))
  .map((content) => ({ role: "system", content }));

function conversation(wire: Wire, row: RequestWire): fc.Arbitrary<readonly Message[]> {
  const user = fc.oneof(words, userParts(row)).map((content): Message => ({ role: "user", content }));
  const group = fc.oneof(
    exchange(wire, row.target.provider),
    exchange(wire, row.target.provider),
    user.map((message) => [message]),
    system.map((message) => [message]),
  );
  return fc
    .tuple(fc.array(system, { maxLength: 1 }), user, fc.array(group, { maxLength: 3 }), user)
    .map(([first, opening, groups, last]) => [...first, opening, ...groups.flat(), last]);
}

const closed = (properties: JsonSchema): JsonSchema => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});
const schema: fc.Arbitrary<JsonSchema> = fc.constantFrom(
  closed({ city: { type: "string", description: "Where." } }),
  closed({
    list: { type: "array", items: closed({ n: { type: "integer" } }) },
    kind: { type: "string", enum: ["a", "b"] },
  }),
  // Some wires enforce less of these, which is reported.
  { type: "object", properties: { age: { type: "integer", minimum: 0 }, note: { type: "string", minLength: 2 } } },
);
const tools: fc.Arbitrary<readonly Tool[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom(...NAMES),
      description: some(words),
      parameters: schema,
      strict: some(fc.constant(true as const)),
    })
    .map((tool): Tool => given(tool) as Tool),
  { minLength: 1, maxLength: 3, selector: ({ name }) => name },
);
const number = (min: number, max: number) => fc.double({ min, max, noNaN: true }).map((value) => Math.abs(value));

const responseFormat: fc.Arbitrary<Settings["responseFormat"]> = fc.oneof(
  fc.constantFrom({ type: "text" } as const, { type: "json_object" } as const),
  fc
    .record({ name: fc.constantFrom("answer", "point"), schema, strict: some(fc.boolean()), description: some(words) })
    .map((format) => given({ type: "json_schema" as const, ...format }) as Settings["responseFormat"]),
);

/** Every setting that is sent. `maxInputTokens` is checked before and never sent. */
const settings: fc.Arbitrary<Settings> = fc
  .record({
    temperature: some(number(0, 2)),
    topP: some(number(0, 1)),
    topK: some(fc.integer({ min: 1, max: 100 })),
    maxNewTokens: some(fc.integer({ min: 1, max: 30_000 })),
    stop: some(fc.array(words, { minLength: 1, maxLength: 6 })),
    seed: some(fc.integer()),
    frequencyPenalty: some(number(0, 2)),
    presencePenalty: some(number(0, 2)),
    logitBias: some(fc.constantFrom({ "50256": -100 }, { "1": 2, "2": 3 })),
    logprobs: some(fc.boolean()),
    topLogprobs: some(fc.integer({ min: 0, max: 20 })),
    reasoningEffort: some(fc.constantFrom(...EFFORTS)),
    verbosity: some(fc.constantFrom("low" as const, "medium" as const, "high" as const)),
    serviceTier: some(fc.constantFrom("auto", "flex")),
    modalities: some(fc.constantFrom(["text"], ["text", "audio"])),
    prediction: some(fc.constantFrom({ type: "content", content: "likely" }, "likely")),
    responseFormat: some(responseFormat),
    user: some(fc.constantFrom("user-7", "jane@example.com")),
    metadata: some(fc.constantFrom({ run: "7" }, {})),
    webSearch: some(
      fc.constantFrom(
        true,
        { contextSize: "low" as const },
        { maxUses: 3 },
        { contextSize: "high" as const, maxUses: 2 },
      ),
    ),
    promptCache: some(
      fc.constantFrom(true, false, { ttl: "1h" as const }, { points: ["last-user", "tools"] as const }),
    ),
    tools: some(tools),
    toolChoice: some(fc.constantFrom("auto" as const, "none" as const, "required" as const, "named" as const)),
    parallelToolCalls: some(fc.boolean()),
  })
  .map(({ toolChoice, ...rest }) => {
    const name = rest.tools?.[0]?.name;
    const named = name === undefined ? undefined : { name };
    return given({ ...rest, toolChoice: toolChoice === "named" ? named : toolChoice }) as Settings;
  });

const extraBody = fc.constantFrom<Readonly<Record<string, unknown>>>({}, {}, { customField: { nested: [1, "x"] } });

/** What a program may ask over a wire. */
export function requestsOf(wire: Wire, row: RequestWire): fc.Arbitrary<CallInput> {
  return fc
    .record({
      messages: conversation(wire, row),
      settings,
      samples: row.dialect.manySamples === true ? fc.integer({ min: 1, max: 3 }) : fc.constant(1),
      extraBody,
    })
    .map((request) => ({ ...request, extraHeaders: {}, raw: false, tags: [] }));
}
