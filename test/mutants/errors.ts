import { mutantsOf } from "./mutant.ts";

const FAILURE = ["test/core/failure.test.ts"];

/** What a failure means, how long it lasts, and who is asked next. */
export const errors = [
  ...mutantsOf("src/core/failure.ts", FAILURE, [
    [
      "model-failure-blames-the-request",
      "a provider that blames the request keeps what the model wrote wrongly from another try",
      "shouldRetry: wrong === undefined ? shouldRetryOf(failure) : undefined,",
      "shouldRetry: shouldRetryOf(failure),",
    ],
  ]),
  ...mutantsOf("src/core/rate-limit-headers.ts", FAILURE, [
    [
      "bucket-with-some-left",
      "a limit that is not used up is waited for",
      '    .filter(({ name, remaining }) => (remaining ?? (name === "" ? 0 : 1)) <= 0)\n',
      "",
    ],
  ]),
  ...mutantsOf(
    "src/transport/failure.ts",
    ["test/wire/not-http.test.ts"],
    [
      [
        "not-http-asked-again",
        "a service that does not speak HTTP is asked again",
        "    shouldRetry: false,\n    cause: raw,\n",
        "    cause: raw,\n",
      ],
    ],
  ),
  ...mutantsOf(
    "src/dialects/google/client.ts",
    ["test/wire/authorization.test.ts"],
    [
      [
        "google-own-authorization-lost",
        "an authorization of the entry is not sent to Gemini",
        " && !bringsAuthorization(target);",
        ";",
      ],
    ],
  ),
];
