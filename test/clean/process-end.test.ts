import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { serving } from "../harness/ask.ts";
import { smallBody, smallStream, unfinishedStream } from "../harness/small-answers.ts";
import type { Said, SeenRequest } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";

const PROGRAM = join(import.meta.dirname, "processes/last-result.ts");

/** How soon after the last result the process has to be gone. */
const GONE_MS = 100;

/** What the server says is in the path, and what the call then ends with. */
const ENDINGS = [
  ["answered", "fine"],
  ["read", "fine"],
  ["failed", "server_error"],
  ["aborted", "aborted"],
  ["left", "left"],
] as const;

function answer(wire: Wire, { path }: SeenRequest): Said | undefined {
  const ending = path.split("/")[1];
  if (ending === "failed") return { status: 500, body: "{}" };
  if (ending === "aborted" || ending === "left") return { ...unfinishedStream(wire), stall: true };
  return ending === "read" ? smallStream(wire) : smallBody(wire);
}

interface End {
  readonly seen: string;
  readonly afterMs: number;
}

/** The quickest of three ends: a busy machine delays one of them, what holds a process delays them all. */
async function endOf(ending: string, closing: string, wire: Wire): Promise<End> {
  const server = await serving((request) => answer(wire, request));
  const given = [PROGRAM, ending, closing, wire, server.origin];
  let best: End | undefined;
  for (let run = 0; run < 3 && (best === undefined || best.afterMs >= GONE_MS); run++) {
    const { stdout } = await promisify(execFile)(process.execPath, given, { timeout: 30_000 });
    const end = JSON.parse(stdout) as End;
    if (best === undefined || end.afterMs < best.afterMs) best = end;
  }
  return best as End;
}

describe.each([
  { closing: "close", what: "a process ends as soon as its factory is closed" },
  { closing: "leave", what: "a process ends after its last result although nobody closes the factory" },
])("$what", { timeout: 90_000 }, ({ closing }) => {
  test.each(ENDINGS.flatMap(([ending, seen], index) => [{ ending, seen, wire: WIRES[index % 4] as Wire }]))(
    "$ending ($wire)",
    async ({ ending, seen, wire }) => {
      const end = await endOf(ending, closing, wire);
      expect(end.seen).toBe(seen);
      expect(end.afterMs).toBeLessThan(GONE_MS);
    },
  );

  test("with the embedded simulator running", async () => {
    const end = await endOf("simulator", closing, "openai");
    expect(end.seen).toContain("imulat");
    expect(end.afterMs).toBeLessThan(GONE_MS);
  });
});
