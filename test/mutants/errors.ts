import { always, drop, never, replace, skip } from "./change.ts";
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
  ...mutantsOf(
    "src/dialects/json-body.ts",
    ["test/wire/broken-json.test.ts"],
    [
      [
        "whole-body-taken-for-a-cut-one",
        "a complete body that is not JSON is retried like a broken connection",
        "isCutJson",
        replace('json.state === "open"', 'json.state !== "done"'),
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/adapt.ts",
    ["test/wire/refused-input.test.ts"],
    [
      [
        "unknown-forced-tool-sent",
        "a forced tool that the request does not have is sent",
        "refuseUnknownTool",
        always("tools.length === 0"),
      ],
    ],
  ),
  ...mutantsOf(
    "src/core/input-parts.ts",
    ["test/wire/refused-input.test.ts"],
    [["relative-url-sent", "an image with a relative URL is sent", "splitDataUrl", skip("absolute(url, path)")]],
  ),
  ...mutantsOf(
    "src/core/check-options.ts",
    ["test/model/option-bags.test.ts"],
    [
      [
        "wrong-option-value-taken",
        "an option with a value of another type is taken",
        "checkOptions",
        never("value !== undefined && !rule.accepts(value)"),
      ],
    ],
  ),
];
