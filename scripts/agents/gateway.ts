import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WIRE_NAMES, type WireName } from "../../src/core/wire-name.ts";
import type { AccessRecord } from "../../src/gateway/access-log.ts";
import type { Simulator } from "../../src/simulator/server.ts";

const BIN = join(import.meta.dirname, "../../bin/modelwright.js");

const ROUTES: Readonly<Record<WireName, string>> = {
  openai: 'name = "gpt-4.1"\nprovider = "openai"',
  "openai-responses": 'name = "gpt-5.1"\nprovider = "openai"\ncustom_llm_provider = "openai-responses"',
  anthropic: 'name = "claude-sonnet-4-5"\nprovider = "anthropic"',
  google: 'name = "gemini-3-pro-preview"\nprovider = "google"',
};

/** The name of the entry whose upstream has a wire format. */
export function entryOf(wire: WireName): string {
  return `coder-${wire}`;
}

export interface Served {
  readonly url: string;
  /** The access log since the last call. */
  taken(): readonly AccessRecord[];
  stop(): Promise<void>;
}

/** `modelwright serve` with an entry for each wire format of the upstream. */
export async function serve(upstream: Simulator, folder: string): Promise<Served> {
  const entries = WIRE_NAMES.map(
    (wire) =>
      `[models.${entryOf(wire)}]\n${ROUTES[wire]}\nbase_url = "${upstream.baseUrl(wire)}"\napi_key = "test-key"\nnum_retries = 0\n`,
  );
  const config = join(folder, "models.toml");
  writeFileSync(config, entries.join("\n"));
  const child = spawn(process.execPath, [BIN, "serve", "--json", "--port", "0", "--config", config], {
    stdio: ["ignore", "pipe", "pipe"],
    // The developer's own variables must not change the file.
    env: { PATH: process.env["PATH"] },
  });
  let log: AccessRecord[] = [];
  createInterface(child.stderr).on("line", (line) => {
    if (line.startsWith('{"time"')) log.push(JSON.parse(line));
    else if (!line.startsWith("Ctrl-C")) console.error(line);
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const failed = ended.then(() => Promise.reject(new Error("modelwright serve ended")));
  failed.catch(() => {});
  return {
    url: await Promise.race([urlIn(child.stdout), failed]),
    taken() {
      const records = log;
      log = [];
      return records;
    },
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function urlIn(output: NodeJS.ReadableStream): Promise<string> {
  let text = "";
  for await (const chunk of output) {
    text += String(chunk);
    if (text.endsWith("\n}\n")) return (JSON.parse(text) as { url: string }).url;
  }
  throw new Error("modelwright serve printed no address");
}
