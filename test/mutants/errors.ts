import { always, drop } from "./change.ts";
import { mutantsOf } from "./mutant.ts";

const FAILURE = ["test/core/failure.test.ts"];

/** Codes of failures and their waits. */
export const errors = [
  ...mutantsOf("src/core/failure.ts", FAILURE, [
    [
      "model-failure-blames-the-request",
      "malformed output of the model is not retried if the provider says not to",
      "modelErrorOf",
      always("wrong === undefined"),
    ],
  ]),
  ...mutantsOf("src/core/rate-limit-headers.ts", FAILURE, [
    [
      "bucket-with-some-left",
      "a rate limit that is not exhausted is waited for",
      "emptyBucketResets",
      always('(remaining ?? (name === "" ? 0 : 1)) <= 0'),
    ],
  ]),
  ...mutantsOf(
    "src/transport/failure.ts",
    ["test/wire/not-http.test.ts"],
    [
      [
        "not-http-asked-again",
        "a service that does not speak HTTP is called again",
        "notHttpError",
        drop("shouldRetry: false"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/dialects/google/client.ts",
    ["test/wire/authorization.test.ts"],
    [
      [
        "google-own-authorization-lost",
        "an Authorization header of the entry is not sent to Gemini",
        "headersOf",
        drop("!bringsAuthorization(target)"),
      ],
    ],
  ),
];
