import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WIRES, type Wire } from "../harness/wires.ts";
import { type World, world } from "./world.ts";

/*
 * Requests of Claude Code, Codex, Gemini CLI and opencode, without personal data: `npm run test:agents -- --record
 * test/gateway/agents` records them again.
 */

interface Recorded {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readonly<Record<string, unknown>>;
}

const FOLDER = join(import.meta.dirname, "agents");
const FILES = globSync("*.json", { cwd: FOLDER }).sort();

/** Fields whose text a model reads. */
const READ = new Set(["text", "content", "output", "description", "name", "command", "cmd"]);

/** Only the vendor of a wire format gets these: the billing header of Claude Code, and what Codex says of a group of tools. */
const FOR_VENDOR: Readonly<Partial<Record<Wire, string>>> = {
  anthropic: "x-anthropic-billing-header: ",
  "openai-responses": "Tools for spawning and managing sub-agents.",
};

/** All text that a model must get. */
function textsIn(value: unknown, key = ""): readonly string[] {
  if (key === "arguments" && typeof value === "string") return textsIn(JSON.parse(value));
  if (typeof value === "string") return READ.has(key) ? [value] : [];
  if (Array.isArray(value)) return value.flatMap((item) => textsIn(item, key));
  return Object.entries(value ?? {}).flatMap(([name, inner]) => textsIn(inner, name));
}

async function send({ post }: World, { path, headers, body }: Recorded, model: Wire): Promise<Response> {
  const named = path.replace(/(\/models\/)[^:]+:/, `$1${model}:`);
  return post(named, { ...body, ...("model" in body && { model }) }, headers);
}

describe.each(FILES)("%s", (file) => {
  const recorded = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Recorded;

  it.each(WIRES)("is answered by a model of the wire format %s, which gets all of its text", async (wire) => {
    // OpenAI's description lacks groups of tools.
    const made = await world({ isUnchecked: file.startsWith("codex") && wire === "openai-responses" });
    const response = await send(made, recorded, wire);
    expect({ status: response.status, body: await response.text() }).toEqual({
      ...{ status: 200, body: expect.not.stringContaining('"error":{') },
    });
    expect(made.simulator.requests.map(({ status }) => status)).toEqual([200]);
    const upstream = JSON.stringify(made.simulator.requests[0]?.body);
    const texts = textsIn(recorded.body);
    expect(texts.length).toBeGreaterThan(1);
    const lost = texts.filter((text) => !upstream.includes(JSON.stringify(text).slice(1, -1)));
    const foreign = Object.entries(FOR_VENDOR).flatMap(([vendor, text]) => (vendor === wire ? [] : text));
    expect(lost.filter((text) => !foreign.some((start) => text.startsWith(start)))).toEqual([]);
  });
});
