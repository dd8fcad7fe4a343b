import { always, drop, never, replace } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const SQLITE = ["test/stores/sqlite-values.test.ts"];
const SEMANTIC = ["test/layers/semantic-cache.test.ts"];
const CALLS = ["test/model/semantic-cache.test.ts"];

/** Stored answers in shared stores, and answers to similar questions. */
export const caching = [
  ...mutantsOf("src/stores/value-text.ts", SQLITE, [
    [
      "values-any-checksum",
      "a damaged value is used",
      "valueIn",
      never("checksum(json) !== text.slice(0, CHECKSUM_DIGITS)"),
    ],
  ]),
  ...mutantsOf("src/stores/sqlite-value-rows.ts", SQLITE, [
    [
      "values-evict-nothing",
      "the store grows beyond its bounds",
      "SqliteValueRows.#makeRoom",
      always("entries <= maxEntries && bytes <= maxBytes"),
    ],
    [
      "values-by-first-use",
      "the oldest value is evicted, not the least recently used one",
      "SqliteValueRows.get",
      never("row !== undefined"),
    ],
  ]),
  ...mutantsOf("src/stores/shared-values.ts", SQLITE, [
    [
      "values-wait-again",
      "every call waits for a store that is down",
      "SharedValues.#step",
      never("this.#failure !== undefined && this.#clock.monotonic() < this.#failure.untilMs"),
    ],
  ]),
  ...mutantsOf("src/layers/cache-key.ts", SEMANTIC, [
    [
      "semantic-any-scope",
      "an answer goes to a similar question of another scope",
      "partitionKey",
      drop("scopes: input.scopes"),
    ],
    [
      "semantic-any-history",
      "an answer goes to another conversation",
      "partitionKey",
      replace("input.messages.slice(0, -1)", "[]"),
    ],
  ]),
  ...mutantsOf("src/layers/semantic-cache.ts", SEMANTIC, [
    [
      "semantic-any-similarity",
      "any question of a partition is similar enough",
      "SemanticCache.#similar",
      drop("similarity >= this.#settings.threshold"),
    ],
  ]),
  ...mutantsOf("src/layers/embeddings.ts", CALLS, [
    [
      "semantic-asks-again",
      "a function that failed is called for every call",
      "Embeddings.#start",
      never("clock.monotonic() < this.#pausedUntilMs"),
    ],
    [
      "semantic-leaves-running",
      "an abandoned call does not abort the embedding function",
      "Embeddings.#start",
      never("!isSettled"),
    ],
  ]),
];
