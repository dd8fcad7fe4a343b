import * as z from "zod";
import { WIRE_NAMES } from "../core/wire-name.ts";
import { mockAnswersOf, mockResponse } from "./mock-response.ts";
import { type Options, option } from "./option.ts";
import { isReference } from "./references.ts";
import { address, flag, freeTable, oneOf, table, text } from "./schema-values.ts";

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Characters that HTTP allows in a header: visible Latin-1, spaces and tabs. */
export const HEADER_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;
const OWN_HEADERS = new Set([
  ...["host", "content-length", "transfer-encoding", "connection", "keep-alive", "expect", "te", "trailer", "upgrade"],
  ...["proxy-authorization", "proxy-connection"],
]);

const headerName = z
  .string()
  .regex(HEADER_NAME, { error: "must be a header name: letters, digits and dashes" })
  .refine((name) => !OWN_HEADERS.has(name.toLowerCase()), {
    error: "must be left to the library: it belongs to the connection, not to you",
  });

const headerValue = z
  .string()
  .regex(HEADER_VALUE, { error: "must be one line of latin-1 characters: HTTP carries no others" });

/** A string that is sent as the value of a header. */
const headerText = () =>
  z
    .string()
    .min(1)
    .refine((value) => isReference(value) || HEADER_VALUE.test(value), {
      error: "must be one line of latin-1 characters: HTTP carries no others",
    });

const apiKey = z
  .string()
  .min(1)
  .regex(/^[\u0021-\u007e\u0080-\u00ff]+$|^(?:env|file):/, {
    error: "must be one word without spaces or line breaks",
  });

const url = (schemes: string, example: string) =>
  address(schemes, example).refine((value) => isReference(value) || URL.canParse(value), {
    error: `must be an address such as "${example}"`,
  });

/** The provider, its address and the credentials. */
export const identityOptions = {
  name: option(
    text().meta({
      description:
        "The provider's model id, sent as `model`. Your program uses the name of the table; the two may differ.",
      examples: ["gpt-6.1-terra", "claude-sonnet-5-5", "gemini-3.8-flash"],
    }),
  ),
  provider: option(
    text().meta({
      description:
        "Who serves the model: openai, azure, anthropic, google, vertex, one of the compatible hosts (deepseek, groq, mistral, ollama, …), simulator, or any name of your own together with `base_url` and `custom_llm_provider`.",
      examples: ["openai", "anthropic", "google", "simulator"],
    }),
  ),
  extends: option(
    text().meta({
      description:
        "Inherits every key of another entry, including fallback lists; keys set here take precedence. If `provider` changes, URL and credentials are not inherited.",
      examples: ["coder"],
    }),
  ),
  api_key: option(
    oneOf("a key or an array of keys", [apiKey, z.array(apiKey).min(1)]).meta({
      description:
        'The provider\'s key, best as "env:NAME"; "env:NAME:-default" has a default. An array is rotated: the next key is tried when one is refused or used up. Default: the provider\'s usual environment variable.',
      examples: ["env:OPENAI_API_KEY", ["env:KEY_ONE", "env:KEY_TWO"]],
    }),
    { connection: true, elsewhere: true, oneOrMany: true },
  ),
  base_url: option(
    url("https?", "https://api.example.com/v1").meta({
      description:
        "Base URL of the API, as in the provider's SDK: with /v1 for OpenAI wires, without a version for Anthropic and Gemini. Default: the provider's own.",
      examples: ["http://127.0.0.1:8080/v1"],
    }),
    { connection: true, elsewhere: true },
  ),
  api_version: option(
    headerText().meta({
      description:
        "Version of the API: Azure's dated `api-version`, the `anthropic-version` header, or Gemini's path segment. Default: the newest one the library is tested with.",
      examples: ["2024-10-21", "2023-06-01", "v1beta"],
    }),
    { connection: true },
  ),
  organization_id: option(
    headerText().meta({
      description: "OpenAI organization that is billed (header OpenAI-Organization).",
      examples: ["org-123"],
    }),
    { connection: true, elsewhere: true },
  ),
  project_id: option(
    headerText().meta({
      description: "OpenAI project that is billed (header OpenAI-Project).",
      examples: ["proj_123"],
    }),
    { connection: true, elsewhere: true },
  ),
  custom_llm_provider: option(
    text().meta({
      description:
        "The wire format to speak, whatever the provider is called: openai, openai-responses, anthropic, google, or a dialect registered from code. Default: the provider's own.",
      examples: WIRE_NAMES,
    }),
    { connection: true },
  ),
  vertex_project: option(
    text().meta({ description: "Google Cloud project, for provider vertex.", examples: ["my-project"] }),
    { connection: true, elsewhere: true },
  ),
  vertex_location: option(
    text().meta({
      description: "Google Cloud region, for provider vertex.",
      examples: ["europe-west4", "global"],
    }),
    { connection: true, elsewhere: true },
  ),
  auth_header: option(
    z.enum(["bearer", "x-api-key", "none"]).meta({
      description:
        "How the key is sent: `Authorization: Bearer`, `x-api-key`, or not at all. Default: the provider's way.",
      examples: ["bearer"],
    }),
    { connection: true },
  ),
  extra_headers: option(
    z.record(headerName, headerValue).meta({
      description: 'Headers added to every request; those of a call take precedence. Values may be "env:NAME".',
      examples: [{ "X-Team": "compilers" }],
    }),
    { connection: true, elsewhere: true, merge: "headers", perCall: true },
  ),
  extra_body: option(
    freeTable().meta({
      description: "Fields added to the body of every request, unchanged, after everything else.",
      examples: [{ safe_prompt: true }],
    }),
    { connection: true, merge: "tables", perCall: true },
  ),
  proxy: option(
    url("https?|socks5?", "http://127.0.0.1:3128").meta({
      description: "Proxy for this model's requests. Default: HTTPS_PROXY and NO_PROXY of the environment.",
      examples: ["http://127.0.0.1:3128", "env:HTTPS_PROXY"],
    }),
    { elsewhere: true },
  ),
  tls: option(
    table({
      ca_file: text().meta({
        description: "PEM file of a certificate authority to trust in addition to the built-in ones.",
        examples: ["certs/company.pem"],
      }),
      reject_unauthorized: flag().meta({
        description: "false accepts any certificate: only for tests on your own machine.",
        default: true,
      }),
    }).meta({ description: "Certificate checks.", examples: [{ ca_file: "certs/company.pem" }] }),
    { elsewhere: true, merge: "tables" },
  ),
  mock_response: option(
    mockResponse.meta({
      description:
        "The simulator answers calls with this text, or with one answer after another; the last one repeats. No request leaves the machine, and no key is needed. An answer may be a table with `text`, `reasoning` and `tool_calls`, or with `error` or `status`, and with `retry_after`, `delay` and `break_after`. false: no inherited answers.",
      examples: ["Hello.", [{ error: "rate-limit", retry_after: "1s" }, "Hello."]],
    }),
    { type: "readonly MockAnswer[]", convert: mockAnswersOf },
  ),
} as const satisfies Options;
