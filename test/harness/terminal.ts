import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import { main } from "../../src/cli/main.ts";

export interface Session {
  /** Content of models.toml in the working directory; no file if absent. */
  readonly toml?: string;
  /** Other files in the working directory. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Piped to stdin; null for a pipe that never ends. */
  readonly stdin?: string | null;
  /** Whether all three streams are terminals. */
  readonly terminal?: boolean;
  /** Width of the terminal; default 100. */
  readonly columns?: number;
  readonly interrupted?: AbortSignal;
  /** The current date, for output that depends on it; default: today. */
  readonly today?: string;
  /** Called with the complete stdout so far, whenever something is written to it. */
  readonly onOutput?: (output: string, running: Running) => void;
  /** The same for stderr. */
  readonly onError?: (output: string, running: Running) => void;
}

export interface Running {
  /** The working directory. */
  readonly folder: string;
  /** Types into the terminal. */
  type(text: string): void;
}

export interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** Both, with everything that differs between runs replaced. */
  readonly golden: string;
  readonly folder: string;
}

/** Runs one command line in this process, in a separate directory, and waits for it to finish. */
export async function cli(argv: readonly string[], session: Session = {}): Promise<Finished> {
  const folder = folderWith(session);
  const stdout = capture(session.terminal);
  const stderr = capture(session.terminal);
  const stdin = Object.assign(new PassThrough(), { isTTY: session.terminal === true, setRawMode: () => {} });
  if (session.terminal !== true && session.stdin !== null) stdin.end(session.stdin ?? "");
  const running: Running = { folder, type: (text) => void setImmediate(() => stdin.write(text)) };
  stdout.stream.on("data", () => session.onOutput?.(stdout.text(), running));
  stderr.stream.on("data", () => session.onError?.(stderr.text(), running));
  const code = await main(argv, {
    stdout: stdout.stream,
    stderr: stderr.stream,
    stdin,
    env: session.env ?? {},
    cwd: folder,
    isTTY: session.terminal === true,
    columns: session.columns ?? 100,
    interrupted: session.interrupted,
    ...(session.today !== undefined && { now: () => Date.parse(`${session.today}T12:00:00Z`) }),
  });
  stdin.destroy();
  const [out, err] = [stdout.text(), stderr.text()];
  return { code, out, err, folder, golden: goldenOf(code, out, err, folder) };
}

function folderWith({ toml, files = {} }: Session): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "modelwright-cli-")));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  if (toml !== undefined) writeFileSync(join(folder, "models.toml"), toml);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

function capture(isTTY = false) {
  const stream = Object.assign(new PassThrough(), { isTTY });
  const pieces: string[] = [];
  stream.on("data", (piece: Buffer) => pieces.push(piece.toString("utf8")));
  return { stream, text: () => pieces.join("") };
}

const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/127\.0\.0\.1:\d+/g, "127.0.0.1:PORT"],
  [/"(latencyMs|firstTokenMs|startedMs|durationMs|resetMs)": [\d.]+/g, '"$1": 0'],
  [/"(id|callId|requestId)": "[^"]+"/g, '"$1": "ID"'],
  [/(anthropic-version"?): "?[\d-]+"?/g, "$1: DATE"],
  [/(request) req_\w+/g, "$1 ID"],
  [/(OpenAI|Anthropic)\/JS [\d.]+/g, "$1/JS VERSION"],
  [/google-genai-sdk\/[\d.]+ gl-node\/v[\d.]+/g, "google-genai-sdk/VERSION"],
  [/("?x-stainless-[\w-]+"?): "?[^"\n,]+"?/g, "$1: …"],
];

function goldenOf(code: number, out: string, err: string, folder: string): string {
  const whole = `${out}${err === "" ? "" : `--- stderr\n${err}`}--- exit ${code}\n`;
  return CHANGING.reduce(
    (text, [pattern, replacement]) => text.replace(pattern, replacement),
    whole.replaceAll(folder, "FOLDER"),
  );
}

/** Entries that no catalog update affects. */
export const TOML = `default_model = "fast"

[defaults]
num_retries = 1
retry_min_wait = "250ms"
retry_max_wait = 5
retry_multiplier = 3
jitter = "none"
max_retry_after = "30s"
connect_timeout = 3
silence_timeout = 60
idle_timeout = "5m"
circuit_breaker = { threshold = 4, half_open_after = "15s" }

[models.fast]
name = "made-up-1"
provider = "simulator"
custom_llm_provider = "openai"
pricing = { input = 1.0, output = 2.0 }
capabilities = { context = 128000, max_output = 4096, tools = true, vision = true, temperature = false }

[models.careful]
extends = "fast"
name = "made-up-2"
custom_llm_provider = "anthropic"
max_new_tokens = 300
timeout = "30s"
fallback_models = ["fast"]

[models.far]
name = "made-up-3"
provider = "my-server"
custom_llm_provider = "openai"
base_url = "http://127.0.0.1:9/v1"
api_key = "env:FAR_KEY"
`;

/** Types each answer when the text before it has appeared. */
export function playing(steps: readonly (readonly [string, string])[]): NonNullable<Session["onOutput"]> {
  let seen = 0;
  let step = 0;
  return (output, running) => {
    const [awaited, answer] = steps[step] ?? [];
    if (awaited === undefined || answer === undefined || !output.slice(seen).includes(awaited)) return;
    seen = output.length;
    step += 1;
    running.type(answer);
  };
}
