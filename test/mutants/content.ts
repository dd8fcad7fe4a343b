import { mutantsOf } from "./mutant.ts";

const HISTORY = ["test/model/history.test.ts"];
const STATE = ["test/dialects/openai/opaque-state.test.ts"];
const REASONING = ["test/model/foreign-reasoning.test.ts"];

/** Images, files and state that must not be lost on the way. */
export const content = [
  ...mutantsOf("src/layers/target-search.ts", HISTORY, [
    [
      "media-no-fallback",
      "a target that cannot take an image ends the call",
      'const kind = this.#unsent.get(failure) === "media" ? "general" : failure.row.fallback;',
      "const kind = failure.row.fallback;",
    ],
  ]),
  ...mutantsOf("src/core/media.ts", HISTORY, [
    [
      "media-of-results-unseen",
      "the images of tool results go to a model that cannot read them",
      'if (part.type === "tool-result") return mediaOf(part.content);',
      "",
    ],
  ]),
  ...mutantsOf("src/dialects/openai/opaque-fields.ts", STATE, [
    [
      "state-fragment-lost",
      "the last fragment of opaque reasoning replaces the others",
      "open[name] = before + value",
      "open[name] = value",
    ],
    [
      "state-data-twice",
      "an encrypted entry that is repeated goes back twice",
      'if (data !== undefined) return data === open["data"];',
      "",
    ],
  ]),
  ...mutantsOf("src/dialects/chat-signature.ts", STATE, [
    [
      "state-over-other-wire",
      "state of the chat wire goes back over another wire of its provider",
      "return WORDS.has(signature) || readOpaqueFields(signature) !== undefined;",
      "return WORDS.has(signature);",
    ],
  ]),
  ...mutantsOf("src/dialects/openai/chat-stand-in.ts", REASONING, [
    [
      "stand-in-for-calls-only",
      "only turns with tool calls get reasoning, whatever the host wants",
      'turns === "tool-calls" && message.tool_calls === undefined',
      "message.tool_calls === undefined",
    ],
    [
      "thinking-stays-on",
      "a host whose stand-in is unknown goes on thinking",
      "return { messages, off: demand.off };",
      "return { messages, off: {} };",
    ],
  ]),
];
