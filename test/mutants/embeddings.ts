import { always, never, replace, skip } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const EMBED = ["test/model/embed.test.ts"];
const WIRES = ["test/model/embed-over-wires.test.ts"];

/** Order, truth and limits of vectors. */
export const embeddings = [
  ...mutantsOf("src/dialects/embeddings.ts", EMBED, [
    [
      "embed-order-of-arrival",
      "vectors are in the order of the response",
      "orderedVectors",
      replace("vectors[index] = vector", "vectors[position] = vector"),
    ],
  ]),
  ...mutantsOf("src/layers/vector-guard.ts", EMBED, [
    ["embed-any-length", "vectors of another length are delivered", "problemIn", never("vector.length !== length")],
    ["embed-any-number", "NaN is delivered", "problemIn", never("!vector.every(Number.isFinite)")],
    ["embed-any-count", "vectors are missing", "problemIn", never("vectors.length !== count")],
  ]),
  ...mutantsOf("src/factory/embedding-route.ts", EMBED, [
    [
      "embed-any-fallback",
      "a fallback with another model computes vectors",
      "entryRoute",
      always("hasSameVectors(target, primary)"),
    ],
    ["embed-mixed-group", "a group of several models computes vectors", "groupRoute", never("stranger !== undefined")],
  ]),
  ...mutantsOf("src/model/embed.ts", EMBED, [
    [
      "embed-goes-on",
      "a failed request does not cancel the others",
      "BatchCalls.#fail",
      skip("cancellation.cancel(reason)"),
    ],
  ]),
  ...mutantsOf("src/model/embedding-batches.ts", EMBED, [
    [
      "embed-any-tokens",
      "requests exceed the provider's limit of tokens",
      "planBatches",
      never("tokens + own > most.tokens"),
    ],
  ]),
  ...mutantsOf("src/dialects/google/embeddings.ts", WIRES, [
    [
      "embed-truncated-silently",
      "a truncated text is not reported",
      "decodeEmbedding",
      skip("out.push(shortened(index))"),
    ],
  ]),
];
