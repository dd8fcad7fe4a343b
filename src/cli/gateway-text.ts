import { addsVersion, type WireName } from "../core/wire-name.ts";
import type { Paint } from "./print.ts";

export function baseUrls(url: string, wires: readonly WireName[]): Readonly<Record<string, string>> {
  return Object.fromEntries(wires.map((wire) => [wire, addsVersion(wire) ? url : `${url}/v1`]));
}

interface Shown {
  readonly url: string;
  readonly names: readonly string[];
  readonly file: string;
  readonly hasKeys: boolean;
  readonly paint: Paint;
}

const MOST_NAMES = 12;

/** What a person needs to point a client at the gateway; lines can be pasted into a shell. */
export function gatewayLines({ url, names, file, hasKeys, paint }: Shown): readonly string[] {
  const [first = ""] = names;
  const rest = names.length > MOST_NAMES ? `, and ${names.length - MOST_NAMES} more` : "";
  const key = hasKeys ? "YOUR_KEY" : "unused";
  const heading = (text: string) => paint.dim(`# ${text}`);
  return [
    `gateway on ${paint.bold(url)}`,
    `${paint.dim("models")}     ${names.slice(0, MOST_NAMES).join(", ")}${rest}`,
    `${paint.dim("file")}       ${file}`,
    "",
    heading("OpenAI clients: chat completions, responses, embeddings"),
    `export OPENAI_BASE_URL=${paint.cyan(`${url}/v1`)} OPENAI_API_KEY=${key}`,
    "",
    heading("Anthropic clients, Claude Code"),
    `export ANTHROPIC_BASE_URL=${paint.cyan(url)} ANTHROPIC_API_KEY=${key}`,
    "",
    heading("Gemini clients"),
    `export GOOGLE_GEMINI_BASE_URL=${paint.cyan(url)} GEMINI_API_KEY=${key}`,
    "",
    heading("try it"),
    `curl ${url}/v1/chat/completions ${hasKeys ? `-H "x-api-key: ${key}" ` : ""}-d \\`,
    `  '{"model":"${first}","messages":[{"role":"user","content":"Hello"}]}'`,
    "",
  ];
}
