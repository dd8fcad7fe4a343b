import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Model, ModelError } from "../../src/index.ts";
import { ANSWER, ANSWER_MARK, around, everythingOf, INPUT, promptsIn, SECRETS, secretsIn } from "../harness/canary.ts";
import { sse } from "../harness/recording-files.ts";
import { SMALL_STREAM } from "../harness/small-answers.ts";
import { type Said, type SeenRequest, type WireServer, wireServer } from "../harness/wire-server.ts";
import { factoryWith, HOSTS, type Host } from "./hosts.ts";

/** Provider responses that echo what was sent. */
interface Echo {
  readonly name: string;
  readonly answer: (request: SeenRequest, host: Host) => Said;
}

const error = (message: unknown) =>
  JSON.stringify({ type: "error", error: { type: "some_error", code: 400, message }, request_id: `req ${message}` });
const headersOf = ({ headers }: SeenRequest) => Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
const base64 = (text: string, before = "") => Buffer.from(before + text).toString("base64");

/** The credentials of a request, in any header. */
function sentSecrets({ headers }: SeenRequest): string[] {
  const values = Object.values(headers).map((value) => value.replace(/^Bearer /, ""));
  return Object.values(SECRETS).filter((secret) => values.includes(secret));
}

const SPELLINGS: readonly (readonly [name: string, spell: (secret: string) => string])[] = [
  ["as it is", (secret) => secret],
  ["in JSON", (secret) => JSON.stringify(JSON.stringify(secret)).replaceAll("/", "\\/")],
  ["in an address", (secret) => encodeURIComponent(secret)],
  ["in base64", (secret) => base64(secret)],
  ["in base64 after one character", (secret) => base64(secret, ":")],
  ["in base64 after a user", (secret) => base64(secret, "u:")],
  ["in base64 of addresses", (secret) => Buffer.from(secret).toString("base64url")],
  ["in capitals lost", (secret) => secret.toLowerCase()],
  ["by its first and last 8 characters", (secret) => `${secret.slice(0, 8)}***${secret.slice(-8)}`],
  ["by 8 from the middle", (secret) => secret.slice(11, 19)],
  ["in two halves", (secret) => `${secret.slice(0, 14)} ${secret.slice(14)}`],
];

const ECHOES: readonly Echo[] = [
  ...SPELLINGS.map(([name, spell]) => ({
    name: `401 with the key ${name}`,
    answer: (request: SeenRequest) => ({
      status: 401,
      headers: {
        "x-request-id": `req-${spell(sentSecrets(request)[0] ?? "")}`,
        "www-authenticate": sentSecrets(request).map(spell).join(),
      },
      body: error(`Incorrect API key provided: ${sentSecrets(request).map(spell).join(" and ")}.`),
    }),
  })),
  { name: "400 with the whole request", answer: ({ body }) => ({ status: 400, body: error(`cannot read ${body}`) }) },
  {
    name: "422 with the request as an object",
    answer: ({ body }) => ({
      status: 422,
      body: JSON.stringify({ detail: [{ msg: "bad", input: JSON.parse(body), loc: ["body"] }] }),
    }),
  },
  {
    name: "400 with the request as plain text",
    answer: ({ body }) => ({ status: 400, headers: { "content-type": "text/plain" }, body: `bad request: ${body}` }),
  },
  {
    name: "400 with the prompt",
    answer: (request) => ({ status: 400, body: error(`your prompt was: ${texts(request).join(" / ")}`) }),
  },
  {
    name: "400 with the prompt as Python shows it",
    answer: (request) => ({
      status: 400,
      body: error(
        texts(request)
          .map((text) => `'content': '${text.replaceAll("\n", "\\n")}'`)
          .join(),
      ),
    }),
  },
  {
    name: "500 with a page of headers",
    answer: (request) => ({
      status: 500,
      headers: { "content-type": "text/html" },
      body: `<html><head><title>${headersOf(request).join("; ")}</title></head><body>${headersOf(request).join("<br>")}</body></html>`,
    }),
  },
  {
    name: "503 of plain headers",
    answer: (request) => ({
      status: 503,
      headers: { "content-type": "text/plain" },
      body: headersOf(request).join("\n"),
    }),
  },
  {
    name: "429 in response headers",
    answer: (request) => ({
      status: 429,
      headers: Object.fromEntries(sentSecrets(request).map((secret, at) => [`x-echo-${at}`, secret])),
      body: "",
    }),
  },
  {
    name: "200 with a page",
    answer: (request) => ({
      headers: { "content-type": "text/html" },
      body: `<html>${headersOf(request).join("<br>")} ${request.body}</html>`,
    }),
  },
  {
    name: "200 with text",
    answer: (request) => ({
      headers: { "content-type": "application/json" },
      body: `${headersOf(request).join(" ")} ${request.body}`,
    }),
  },
  {
    name: "200 with an error",
    answer: (request) => ({ body: error(`${headersOf(request).join(" ")} ${request.body}`) }),
  },
  {
    name: "200 with half an answer",
    answer: (_request, { wire }) => ({ body: JSON.stringify(answering(wire)).slice(0, -20) }),
  },
  {
    name: "a stream that turns into an error",
    answer: (request, { wire }) => ({
      body: `${sse(SMALL_STREAM[wire].open, wire).replace("data: [DONE]\n\n", "")}event: error\ndata: ${error(`${headersOf(request).join(" ")} ${request.body}`)}\n\n`,
      pieceBytes: 300,
    }),
  },
  {
    name: "a stream with an event of plain text",
    answer: (request) => ({ body: `data: ${headersOf(request).join(" ")} ${request.body}\n\n`, pieceBytes: 300 }),
  },
  {
    name: "a stream with half an event",
    answer: (_request, { wire }) => ({
      body: `data: ${JSON.stringify(answering(wire)).slice(0, -20)}\n\n`,
      pieceBytes: 300,
    }),
  },
  {
    name: "a redirect to another origin",
    answer: (request) => ({
      status: 307,
      headers: {
        location: `http://${encodeURIComponent(sentSecrets(request)[0] ?? "x").replaceAll("%", "-")}.invalid/?key=${sentSecrets(request)[0]}`,
      },
      body: "",
    }),
  },
  {
    name: "a connection that is closed",
    answer: (request) => {
      request.socket.destroy();
      return { body: "" };
    },
  },
  {
    name: "a reset",
    answer: (request) => {
      request.socket.resetAndDestroy();
      return { body: "" };
    },
  },
];

/** The smallest answer of a wire, with the canary as its text. */
function answering(wire: Host["wire"]): unknown {
  const tree = JSON.stringify(SMALL_STREAM[wire].open);
  return JSON.parse(tree.replaceAll('"fine"', JSON.stringify(ANSWER)));
}

function texts({ body }: SeenRequest): string[] {
  const found: string[] = [];
  JSON.parse(body, (_key, value: unknown) => {
    if (typeof value === "string" && value.length > 30) found.push(value);
    return value;
  });
  return found;
}

let server: WireServer;
let said: Echo["answer"];
let host: Host;
const shown: string[] = [];

beforeEach(async () => {
  shown.length = 0;
  server = await wireServer((request) => said(request, host));
  for (const method of ["log", "info", "warn", "error", "debug"] as const)
    vi.spyOn(console, method).mockImplementation((...words) => void shown.push(everythingOf(words)));
  const write = (piece: string | Uint8Array) => {
    shown.push(String(piece));
    return true;
  };
  vi.spyOn(process.stderr, "write").mockImplementation(write);
  vi.spyOn(process, "emitWarning").mockImplementation((...words) => void shown.push(everythingOf(words)));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
});

async function failureOf(model: Model, streaming: boolean): Promise<ModelError> {
  const asked = streaming ? model.stream(INPUT).reply : model.codegen(INPUT);
  const thrown: unknown = await asked.then(
    () => undefined,
    (failed: unknown) => failed,
  );
  expect(thrown).toBeInstanceOf(ModelError);
  return thrown as ModelError;
}

/**
 * Calls a separate model, because a rejected key is not tried again, and returns everything that could be seen of it.
 */
async function seenOf(streaming: boolean): Promise<string> {
  const format = streaming ? "json" : "text";
  const { factory, log } = factoryWith(host.keys(server.origin), host.options, `level = "debug"\nformat = "${format}"`);
  const model = factory.get("asked");
  const failed = await failureOf(model, streaming);
  // Received text is in `partial`, and only there.
  failed.partial = undefined;
  const own = [factory, factory.describe("asked"), model, model.config].map(everythingOf);
  return [everythingOf(failed), log(), ...own, ...shown.splice(0)].join("\n");
}

for (const one of HOSTS) {
  describe(`${one.name}: nothing of a request is shown after`, () => {
    test.each(ECHOES)("$name", async ({ answer }) => {
      host = one;
      said = answer;
      for (const streaming of [false, true]) {
        const text = await seenOf(streaming);
        expect(text).toContain("call failed");
        const found = [...secretsIn(text), ...promptsIn(text), ...(text.includes(ANSWER_MARK) ? [ANSWER_MARK] : [])];
        expect(found, around(text, found)).toEqual([]);
        expect(sentSecrets(server.requests.at(-1) as SeenRequest).length).toBeGreaterThan(0);
      }
    });
  });
}
