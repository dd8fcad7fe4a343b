import { readdirSync, readFileSync } from "node:fs";
import { fixture, hasFixtures } from "./fixtures.ts";
import type { Said } from "./wire-server.ts";
import type { Wire } from "./wires.ts";

export type Tree = { readonly [key: string]: unknown };

/** One recorded answer. A file with several consecutive answers yields several of these. */
export interface Recording {
  /** `folder/file`, with `#n` for the later answers of a file. */
  readonly id: string;
  readonly file: string;
  readonly wire: Wire;
  /** The provider in models.toml that it belongs to. */
  readonly provider: string;
  readonly model: string;
  /** The events of a stream. */
  readonly events?: readonly Tree[];
  /** The body of an answer that was not streamed. */
  readonly body?: Tree;
}

/** The catalog rows that describe a folder; the others have the name of their folder. */
const PROVIDER_OF: Readonly<Record<string, string>> = {
  alibaba: "dashscope",
  moonshotai: "moonshot",
  "openai-chat": "openai",
  "openai-responses": "openai",
  "openai-compatible": "my-server",
  "xai-responses": "xai",
};

/** The status that an error body was sent with; the recordings do not contain it. */
export const ERROR_STATUS: Readonly<Record<string, number>> = {
  "openai-responses/openai-error.1.json": 429,
  "openai-chat/reasoning-model-legacy-parameter-error.json": 400,
};

export const hasRecordings = hasFixtures("recordings");
export const RECORDINGS: readonly Recording[] = hasRecordings ? readAll() : [];

/** What the recordings of failures must become. */
export const FAILURES: Readonly<Record<string, { readonly code: string; readonly status: number | undefined }>> = {
  "openai-responses/openai-error.1.json": { code: "quota_exhausted", status: 429 },
  "openai-responses/openai-error.1.chunks.txt": { code: "quota_exhausted", status: undefined },
  "openai-chat/reasoning-model-legacy-parameter-error.json": { code: "invalid_request", status: 400 },
  // Shortened in the middle of its text, so the deltas differ from the item.
  "openai-responses/openai-shell-container.1.chunks.txt": { code: "protocol_error", status: undefined },
};
export const ANSWERS = RECORDINGS.filter(({ id }) => !(id in FAILURES));

function readAll(): Recording[] {
  const folders = readdirSync(fixture("recordings"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return folders.flatMap(({ name: folder }) =>
    readdirSync(fixture(`recordings/${folder}`)).flatMap((name) => readFile(folder, name)),
  );
}

function readFile(folder: string, name: string): Recording[] {
  const file = `${folder}/${name}`;
  const text = readFileSync(fixture(`recordings/${file}`), "utf8");
  const provider = PROVIDER_OF[folder] ?? folder;
  if (name.endsWith(".json")) {
    const body = JSON.parse(text) as Tree;
    const wire = wireOf(folder, body);
    return [{ id: file, file, wire, provider, model: modelOf([body]), body }];
  }
  const events = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => JSON.parse(line) as Tree);
  const wire = wireOf(folder, events[0] ?? {});
  return answersIn(events, wire).map((own, index) => {
    return { id: index === 0 ? file : `${file}#${index + 1}`, file, wire, provider, model: modelOf(own), events: own };
  });
}

function wireOf(folder: string, first: Tree): Wire {
  if (folder === "anthropic" || folder === "google") return folder;
  const responses = "output" in first || String(first["type"]).startsWith("response.");
  return responses || (folder === "openai-responses" && "error" in first) ? "openai-responses" : "openai";
}

/** Conversations with several requests were recorded into one file; each answer ends with its message_stop. */
function answersIn(events: readonly Tree[], wire: Wire): Tree[][] {
  if (wire !== "anthropic") return [[...events]];
  const answers: Tree[][] = [[]];
  for (const event of events) {
    if (answers.at(-1)?.at(-1)?.["type"] === "message_stop") answers.push([]);
    answers.at(-1)?.push(event);
  }
  return answers;
}

function modelOf(events: readonly Tree[]): string {
  for (const event of events) {
    const inside = (event["message"] ?? event["response"] ?? event) as Tree;
    const model = inside["model"] ?? inside["modelVersion"];
    if (typeof model === "string" && model !== "") return model;
  }
  return "some-model";
}

/** The recording as its provider sent it; streams in chunks of `pieceBytes`. */
export function saidBy({ id, wire, events, body }: Recording, pieceBytes = 1460): Said {
  const headers = { "x-request-id": "req-recorded" };
  if (events === undefined) {
    return { status: ERROR_STATUS[id] ?? 200, headers, body: JSON.stringify(body) };
  }
  return { headers, body: sse(events, wire), pieceBytes };
}

export function sse(events: readonly Tree[], wire: Wire): string {
  const named = wire === "anthropic" || wire === "openai-responses";
  const end = wire === "google" ? "\r\n\r\n" : "\n\n";
  const lines = events.map(
    (event) => `${named ? `event: ${event["type"]}\n` : ""}data: ${JSON.stringify(event)}${end}`,
  );
  if (wire === "openai") lines.push("data: [DONE]\n\n");
  return lines.join("");
}

/** An entry of models.toml that requests the recording from the server at `origin`. */
export function entryFor(
  { wire, provider, model }: Pick<Recording, "wire" | "provider" | "model">,
  name: string,
  origin: string,
  more = "",
): string {
  const base = wire === "openai" || wire === "openai-responses" ? `${origin}/v1` : origin;
  return `
[models.${name}]
name = ${JSON.stringify(model)}
provider = "${provider}"
custom_llm_provider = "${wire}"
base_url = "${base}"
api_key = "key-of-the-test"
num_retries = 0
${more}
`;
}
