import type { EntryConfig } from "../config/load.ts";
import { maskedAddress } from "../core/masked-address.ts";
import type {
  Adjustment,
  CallOptions,
  ConfigProblem,
  Exchange,
  Model,
  ModelError,
  SseMessage,
  Transport,
  WireInit,
  WireResponse,
} from "../index.ts";
import { PROVIDERS } from "./catalog.ts";
import { configProblems } from "./config-problems.ts";
import type { CliContext } from "./context.ts";
import { maskHeaders, maskText, maskValue, type NamedSecret, namedSecrets } from "./mask.ts";
import type { Project } from "./project.ts";
import { withStandIns } from "./stand-ins.ts";

/** A request as the SDK would send it, with masked credentials. */
export interface CapturedRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Capture {
  readonly request: CapturedRequest | null;
  /** The entry of the request: a fallback if the entry itself cannot take the prompt. */
  readonly servedBy: string | null;
  /** null if unknown. */
  readonly adjustments: readonly Adjustment[] | null;
  /** Why no request would be sent. */
  readonly refusal: { readonly code: ModelError["code"]; readonly message: string } | null;
  readonly problems: readonly ConfigProblem[];
}

const NOTHING: Capture = { request: null, servedBy: null, adjustments: null, refusal: null, problems: [] };

/** The call whose request is captured. */
export interface Sample {
  readonly name: string;
  readonly prompt: string;
  readonly options: CallOptions;
  readonly streaming: boolean;
}

/** Calls an entry over a transport that sends nothing. Missing keys are replaced by placeholders. */
export async function captureRequest(project: Project, sample: Sample, context: CliContext): Promise<Capture> {
  const stops = new AbortController();
  const { capabilities } = await project.describe(sample.name);
  const embeds = capabilities.embeddings === true;
  const body = embeds ? vectorAnswer(project.config.entry(sample.name).dimensions) : ANSWER;
  const transport = new RecordingTransport(body, () => stops.abort());
  const env = withStandIns(project.config, context.env);
  const factory = await project.reopen({ env, transport });
  try {
    const outcome = await answerOf(factory.get(sample.name), sample, embeds, stops.signal);
    const { seen } = transport;
    if (seen === undefined) return { ...NOTHING, ...outcome };
    const request = masked(seen, secretsOf(project.config.entry(outcome.servedBy ?? sample.name), env));
    return { ...NOTHING, ...outcome, request, refusal: null };
  } catch (error) {
    const problems = configProblems(error);
    if (problems === undefined) throw error;
    return { ...NOTHING, problems };
  } finally {
    await factory.close();
  }
}

async function answerOf(
  model: Model,
  { prompt, options, streaming }: Sample,
  embeds: boolean,
  signal: AbortSignal,
): Promise<Partial<Capture>> {
  const shared = { cache: "bypass", signal } as const;
  const callOptions: CallOptions = { ...options, ...shared };
  const ask = () => (streaming ? model.stream(prompt, callOptions).reply : model.codegen(prompt, callOptions));
  try {
    const reply = await (embeds ? model.embed([prompt], shared) : ask());
    return { adjustments: reply.adjustments, servedBy: reply.model };
  } catch (error) {
    if (!(error instanceof Error) || error.name !== "ModelError") throw error;
    const { code, message } = error as ModelError;
    return { refusal: { code, message } };
  }
}

function secretsOf(entry: EntryConfig, env: Readonly<Record<string, string | undefined>>): NamedSecret[] {
  return namedSecrets(entry, PROVIDERS.find(({ id }) => id === entry.provider)?.keyEnv ?? [], env);
}

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Records the first request and answers it, so that the reply lists the adjustments. */
class RecordingTransport implements Transport {
  seen: Seen | undefined;
  readonly #body: string;
  readonly #stop: () => void;

  constructor(body: string, stop: () => void) {
    this.#body = body;
    this.#stop = stop;
  }

  async fetch(url: string | URL | Request, init: WireInit = {}): Promise<Response> {
    if (this.seen !== undefined) {
      this.#stop();
      throw new Error("one request is enough");
    }
    const address = url instanceof Request ? url.url : String(url);
    this.seen = {
      method: init.method ?? "GET",
      url: address,
      headers: Object.fromEntries(new Headers(init.headers)),
      body: bodyText(init.body),
    };
    return answerTo(address, this.#body, init.exchange);
  }

  async close(): Promise<void> {}
}

function bodyText(body: WireInit["body"]): string {
  if (typeof body === "string") return body;
  return body instanceof Uint8Array ? new TextDecoder().decode(body) : "";
}

/** A body that is a complete answer in every wire format: each reads its own keys and ignores the others. */
const ANSWER = JSON.stringify({
  ...{
    id: "explained",
    object: "chat.completion",
    model: "explained",
    type: "message",
    role: "assistant",
    status: "completed",
  },
  choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
  output: [
    {
      id: "explained",
      type: "message",
      role: "assistant",
      status: "completed",
      content: [{ type: "output_text", text: "ok", annotations: [] }],
    },
  ],
  content: [{ type: "text", text: "ok" }],
  stop_reason: "end_turn",
  candidates: [{ index: 0, content: { role: "model", parts: [{ text: "ok" }] }, finishReason: "STOP" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, input_tokens: 1, output_tokens: 1, total_tokens: 2 },
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
});

/** More than any model has. */
const MOST_DIMENSIONS = 100_000;

/** One vector, in every wire format with embeddings. */
function vectorAnswer(dimensions = 1): string {
  const vector = Array<number>(Math.min(dimensions, MOST_DIMENSIONS)).fill(1);
  const usage = { prompt_tokens: 1, total_tokens: 1 };
  return JSON.stringify({ data: [{ index: 0, embedding: vector }], embeddings: [{ values: vector }], usage });
}

function answerTo(url: string, body: string, exchange: Exchange | undefined): Response {
  const headers = new Headers({ "content-type": "application/json" });
  const answer: WireResponse & { readonly body: null; readonly statusText: string; readonly bodyUsed: boolean } = {
    ...{ status: 200, ok: true, url, headers, body: null, statusText: "", bodyUsed: false },
    text: async () => body,
    json: async () => JSON.parse(body) as unknown,
    messages: () => noMessages(),
    cancel: () => {},
  };
  if (exchange !== undefined) Object.assign(exchange, { response: answer, sent: true });
  return answer as unknown as Response;
}

async function* noMessages(): AsyncGenerator<readonly SseMessage[]> {}

function masked({ method, url, headers, body }: Seen, secrets: readonly NamedSecret[]): CapturedRequest {
  return {
    method,
    url: maskText(maskedAddress(url), secrets),
    headers: maskHeaders(headers, secrets),
    body: maskValue(parsed(body), secrets),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
