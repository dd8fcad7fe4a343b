import { always, drop, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const HOOKS = ["test/hooks/before-after.test.ts"];
const EVENTS = ["test/hooks/events.test.ts"];
const AUDIT = ["test/hooks/audit.test.ts"];
const CASSETTE = ["test/transport/cassette/replay.test.ts"];
const MEMORY = ["test/stores/memory.test.ts"];

/** Hooks, audit, recordings, the cache. */
export const services = [
  ...mutantsOf("src/layers/interception.ts", HOOKS, [
    [
      "middleware-error-untyped",
      "an error that a middleware throws reaches the caller as it is",
      "safely",
      always("isModelError(error)"),
    ],
    [
      "after-sees-a-delivered-answer",
      "a stream delivers its finish before the after hook approves",
      "KeptEnd.take",
      never("isLast || this.#end.length > 0"),
    ],
    [
      "after-keeps-the-broken-end",
      "the end of an answer that started again is delivered",
      "KeptEnd.take",
      never('event.type === "reset"'),
    ],
    ["before-false-ignored", "a hook that returns false refuses nothing", "refusalIn", never("answer === false")],
  ]),
  ...mutantsOf("src/layers/hook-observer.ts", EVENTS, [
    [
      "hook-rejection-unhandled",
      "a listener that rejects ends the process",
      "teller",
      never("result instanceof Promise"),
    ],
  ]),
  ...mutantsOf("src/layers/audit.ts", AUDIT, [
    [
      "audit-with-content",
      "prompts and answers are in the audit file without `content = true`",
      "audit",
      replace("content && { messages: input.messages, text }", "{ messages: input.messages, text }"),
    ],
  ]),
  ...mutantsOf("src/target/audit-file.ts", AUDIT, [
    ["audit-only-on-close", "audit lines stay in memory until the end", "AuditFile.write", skip("this.#offTimer")],
    [
      "audit-failure-logged-always",
      "a failing disk is logged for each line",
      "AuditFile.#append",
      never("this.#isFailing"),
    ],
  ]),
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
    "src/layers/cache.ts",
    ["test/layers/cache.test.ts"],
    [["cache-stores-fallbacks", "the answer of a fallback is stored", "isStorable", always("event.model === primary")]],
  ),
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
