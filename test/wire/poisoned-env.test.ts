import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallBody, smallStream } from "../harness/small-answers.ts";
import { type SeenRequest, type WireServer, wireServer } from "../harness/wire-server.ts";
import type { Wire } from "../harness/wires.ts";
import { POISON, poisonedEnvironment } from "./poison.ts";

const PROGRAM = fileURLToPath(new URL("./poisoned-call.ts", import.meta.url));

interface Place {
  readonly name: string;
  readonly wire: Wire;
  readonly entry: (origin: string) => string;
  /** Path of a complete answer and of a stream. */
  readonly paths: readonly [string, string];
  /** Where the request contains the entry's key; absent if it has none. */
  readonly auth?: readonly [header: string, value: string];
}

const PLACES: readonly Place[] = [
  {
    name: "OpenAI chat",
    wire: "openai",
    entry: (origin) => `name = "gpt-4o"\nprovider = "openai"\nbase_url = "${origin}/v1"\napi_key = "own-key"`,
    paths: ["/v1/chat/completions", "/v1/chat/completions"],
    auth: ["authorization", "Bearer own-key"],
  },
  {
    name: "OpenAI responses",
    wire: "openai-responses",
    entry: (origin) =>
      `name = "gpt-5.1"\nprovider = "openai"\ncustom_llm_provider = "openai-responses"\nbase_url = "${origin}/v1"\napi_key = "own-key"`,
    paths: ["/v1/responses", "/v1/responses"],
    auth: ["authorization", "Bearer own-key"],
  },
  {
    name: "an OpenAI-compatible server without a key",
    wire: "openai",
    entry: (origin) =>
      `name = "local"\nprovider = "my-server"\ncustom_llm_provider = "openai"\nbase_url = "${origin}/v1"`,
    paths: ["/v1/chat/completions", "/v1/chat/completions"],
  },
  {
    name: "Azure, dated",
    wire: "openai",
    entry: (origin) =>
      `name = "my-deployment"\nprovider = "azure"\napi_version = "2024-10-21"\nbase_url = "${origin}"\napi_key = "own-key"`,
    paths: [1, 2].map(() => "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21") as [
      string,
      string,
    ],
    auth: ["api-key", "own-key"],
  },
  {
    name: "Azure v1",
    wire: "openai",
    entry: (origin) => `name = "my-deployment"\nprovider = "azure"\nbase_url = "${origin}"\napi_key = "own-key"`,
    paths: ["/openai/v1/chat/completions", "/openai/v1/chat/completions"],
    auth: ["api-key", "own-key"],
  },
  {
    name: "Anthropic",
    wire: "anthropic",
    entry: (origin) =>
      `name = "claude-sonnet-4-5"\nprovider = "anthropic"\nbase_url = "${origin}"\napi_key = "own-key"`,
    paths: ["/v1/messages", "/v1/messages"],
    auth: ["authorization", "Bearer own-key"],
  },
  {
    name: "an Anthropic-compatible server without a key",
    wire: "anthropic",
    entry: (origin) =>
      `name = "local"\nprovider = "my-server"\ncustom_llm_provider = "anthropic"\nbase_url = "${origin}"`,
    paths: ["/v1/messages", "/v1/messages"],
  },
  {
    name: "Gemini",
    wire: "google",
    entry: (origin) => `name = "gemini-2.5-flash"\nprovider = "google"\nbase_url = "${origin}"\napi_key = "own-key"`,
    paths: [
      "/v1beta/models/gemini-2.5-flash:generateContent",
      "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse",
    ],
    auth: ["x-goog-api-key", "own-key"],
  },
  {
    name: "a Gemini-compatible server without a key",
    wire: "google",
    entry: (origin) => `name = "local"\nprovider = "my-server"\ncustom_llm_provider = "google"\nbase_url = "${origin}"`,
    paths: ["/v1beta/models/local:generateContent", "/v1beta/models/local:streamGenerateContent?alt=sse"],
  },
  {
    name: "Vertex",
    wire: "google",
    entry: (origin) =>
      `name = "gemini-2.5-flash"\nprovider = "vertex"\nbase_url = "${origin}"\napi_key = "own-key"\nvertex_project = "my-project"\nvertex_location = "europe-west1"`,
    paths: ["generateContent", "streamGenerateContent?alt=sse"].map(
      (method) =>
        `/v1beta1/projects/my-project/locations/europe-west1/publishers/google/models/gemini-2.5-flash:${method}`,
    ) as [string, string],
    auth: ["authorization", "Bearer own-key"],
  },
];

/** The program's output when run with its own environment. */
async function run(
  toml: string,
  env: Record<string, string>,
): Promise<{ stdout: string; stderr: string; status: number | null }> {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, toml], {
    env: { PATH, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const status = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { stdout, stderr, status };
}

/** One run of the program: a server for each provider, and one that the environment points to. */
interface Run {
  readonly servers: readonly WireServer[];
  readonly elsewhere: WireServer;
  readonly output: Awaited<ReturnType<typeof run>>;
}

async function runIn(environmentOf: (elsewhere: string) => Record<string, string>): Promise<Run> {
  const elsewhere = await wireServer(() => smallBody("openai"));
  const servers = await Promise.all(
    PLACES.map(({ wire }) => wireServer((request) => (isStreamed(request) ? smallStream(wire) : smallBody(wire)))),
  );
  const entries = PLACES.map(
    ({ entry }, index) => `[models.m${index}]\n${entry(servers[index]?.origin ?? "")}\nnum_retries = 0\n`,
  );
  const output = await run(entries.join("\n"), environmentOf(elsewhere.origin));
  return { servers, elsewhere, output };
}

function isStreamed({ path, body }: SeenRequest): boolean {
  return path.includes(":stream") || (JSON.parse(body) as { stream?: boolean }).stream === true;
}

describe("an environment with other keys and URLs changes no request", () => {
  let poisoned: Run;
  let clean: Run;
  beforeAll(async () => {
    [poisoned, clean] = await Promise.all([runIn(poisonedEnvironment), runIn(() => ({}))]);
  });
  afterAll(() =>
    Promise.all(
      [poisoned, clean].flatMap(({ servers, elsewhere }) => [...servers, elsewhere].map((server) => server.close())),
    ),
  );

  test("every call is answered, without output on stderr", () => {
    const fine = PLACES.flatMap(() => ["fine", "fine"]);
    for (const { output } of [poisoned, clean])
      expect({ ...output, stdout: JSON.parse(output.stdout) }).toEqual({ stdout: fine, stderr: "", status: 0 });
  });

  test("nothing is sent to URLs of the environment", () => {
    expect(poisoned.elsewhere.requests).toHaveLength(0);
    expect(poisoned.elsewhere.opened).toBe(0);
  });

  PLACES.forEach(({ name, paths, auth }, index) => {
    test(`${name}: the requests are those of an empty environment`, () => {
      const seenIn = ({ servers }: Run) => servers[index]?.requests ?? [];
      expect(seenIn(poisoned).map(({ path }) => path)).toEqual(paths);
      for (const { path, headers, body } of seenIn(poisoned)) {
        expect(JSON.stringify([path, headers, body])).not.toContain(POISON);
        const credentials = Object.entries(headers).filter(([header]) => CREDENTIALS.test(header));
        expect(credentials).toEqual(auth === undefined ? [] : [auth]);
      }
      const plain = ({ headers: { host: _, ...headers }, body }: SeenRequest) => ({
        headers,
        body: JSON.parse(body) as unknown,
      });
      expect(seenIn(poisoned).map(plain)).toEqual(seenIn(clean).map(plain));
    });
  });
});

const CREDENTIALS = /^(authorization|api-key|x-api-key|x-goog-api-key|cookie)$/;
