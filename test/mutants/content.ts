import { drop, never, replace } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const HISTORY = ["test/model/history.test.ts"];
const STATE = ["test/dialects/openai/opaque-state.test.ts"];
const REASONING = ["test/model/foreign-reasoning.test.ts"];

/** Images, files and opaque state of a history. */
export const content = [
  ...mutantsOf("src/layers/target-search.ts", HISTORY, [
    [
      "media-no-fallback",
      "a model that cannot take an image ends the call",
      "TargetSearch.#candidatesAfter",
      never('this.#unsent?.get(failure) === "media"'),
    ],
  ]),
  ...mutantsOf("src/core/media.ts", HISTORY, [
    [
      "media-of-results-unseen",
      "images in tool results are sent to a model that cannot read them",
      "mediaOf",
      never('part.type === "tool-result"'),
    ],
  ]),
  ...mutantsOf("src/dialects/openai/opaque-fields.ts", STATE, [
    ["state-fragment-lost", "the last fragment of encrypted reasoning replaces the others", "extend", drop("before")],
    [
      "state-data-twice",
      "a repeated entry of encrypted reasoning is sent back twice",
      "continues",
      never("data !== undefined"),
    ],
  ]),
  ...mutantsOf("src/dialects/chat-signature.ts", STATE, [
    [
      "state-over-other-wire",
      "reasoning state of the chat wire is sent over another wire of its provider",
      "isChatSignature",
      drop("readOpaqueFields(signature) !== undefined"),
    ],
  ]),
  ...mutantsOf("src/dialects/openai/chat-stand-in.ts", REASONING, [
    [
      "stand-in-for-calls-only",
      "only messages with tool calls get stand-in reasoning",
      "lacks",
      drop('turns === "tool-calls"'),
    ],
    [
      "thinking-stays-on",
      "a host without a known stand-in keeps reasoning on",
      "withStandIns",
      replace("demand.off", "{}"),
    ],
  ]),
];
