import { always, drop, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const CASSETTE = ["test/transport/cassette/replay.test.ts"];
const MEMORY = ["test/stores/memory.test.ts"];
const COPILOT = ["test/keys/copilot.test.ts"];
const LIST = ["test/model/model-list.test.ts"];

/** Recordings, the cache, lists of models, headers that depend on the request. */
export const services = [
  ...mutantsOf(
    "src/model/count-tokens.ts",
    ["test/model/tokens.test.ts"],
    [
      [
        "count-waits-for-ever",
        "a token count of a silent provider has no limit",
        "countTokens",
        replace("cancellation.cancel(late())", "undefined"),
      ],
    ],
  ),
  ...mutantsOf("src/transport/cassette/masking.ts", CASSETTE, [
    [
      "cassette-chunks-unmasked",
      "a credential that the provider repeats is recorded",
      "Masking.chunks",
      always("clean === text"),
    ],
  ]),
  ...mutantsOf("src/transport/cassette/replayer.ts", CASSETTE, [
    [
      "cassette-first-answer-only",
      "equal requests get the first answer again",
      "Cassette.next",
      replace("served + 1", "served"),
    ],
  ]),
  ...mutantsOf("src/transport/cassette/playback.ts", CASSETTE, [
    [
      "cassette-cut-is-an-end",
      "a recorded cut is repeated as a regular end",
      "Playback.#conclude",
      replace("this.#fail(new BodyCut(Object.assign(new Error(end.message), { code: end.code })))", "this.#body.end()"),
    ],
  ]),
  ...mutantsOf("src/dialects/headers-by-request.ts", COPILOT, [
    [
      "headers-every-request-has-an-image",
      "every request is announced as one with an image",
      "headersByRequest",
      replace("messages.some(hasImage)", "true"),
    ],
    [
      "headers-of-the-entry-overridden",
      "a header of the entry is replaced by the computed one",
      "headersByRequest",
      skip("delete headers[name.toLowerCase()]"),
    ],
  ]),
  ...mutantsOf("src/factory/model-list.ts", LIST, [
    [
      "list-requested-each-time",
      "every list() requests the lists of all providers",
      "ModelList.#modelsOf",
      never("!fresh && known !== undefined && this.#source.clock.monotonic() < known.untilMs"),
    ],
    [
      "list-forgotten-by-a-failure",
      "the models of a provider disappear while it is not reachable",
      "ModelList.#requested",
      replace("this.#known.get(provider)?.models ?? []", "[]"),
    ],
    [
      "list-hides-names-of-the-file",
      "a discovered model is listed again under a name of the file",
      "ModelList.#listed",
      always("!this.#source.isWritten(name)"),
    ],
  ]),
  ...mutantsOf("src/stores/memory.ts", MEMORY, [
    ["cache-bytes-unbounded", "max_bytes is not kept", "MemoryStore.#makeRoom", drop("this.#bytes <= this.#maxBytes")],
    [
      "cache-evicts-the-oldest",
      "the oldest answer is evicted, not the least recently used",
      "MemoryStore.get",
      skip("this.#entries.delete"),
    ],
    [
      "cache-large-value-evicts-all",
      "a value larger than the store evicts all others",
      "MemoryStore.set",
      never("bytes > this.#maxBytes"),
    ],
  ]),
  ...mutantsOf(
    "src/layers/answer-store.ts",
    ["test/layers/cache-store.test.ts"],
    [
      [
        "cache-reads-other-formats",
        "an answer of another version is read",
        "isStoredAnswer",
        drop("format === FORMAT"),
      ],
    ],
  ),
];
