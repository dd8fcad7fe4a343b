import { execFile } from "node:child_process";
import { globSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "./blocks.ts";

const SOURCES = join(import.meta.dirname, "package-sources.ts");

/** What each example must print. */
const PRINTS: Readonly<Record<string, RegExp>> = {
  "quickstart.ts": /\[?simulated claude-sonnet-4-5[\s\S]*\ncoder: \d+ tokens, \$0\.\d+, 1 request\n$/,
  "streaming.ts": /\(stop, \d+ tokens\)\n[\s\S]*\(left: aborted, kept "[^"]+"\)\n$/,
  "tools.ts": /^get_weather\(\{"city":"[^"]+"\}\)\n\S/,
  "structured.ts": / \d{4} \[[\s\S]*\] \d+ tokens\n.+: \d+ steps, [1-9]\d* partial objects\n$/,
  "fallback.ts":
    /coder rate_limited, coder answered\n.*coder quota_exhausted, fast answered\n.*invalid_request\n5 requests on the server\n$/,
};

const outputs = new Map<string, string>();

describe("examples", () => {
  beforeAll(async () => {
    await Promise.all(
      Object.keys(PRINTS).map(async (name) => {
        const { stdout } = await promisify(execFile)(
          process.execPath,
          ["--import", SOURCES, join(ROOT, "examples", name)],
          { cwd: "/" },
        );
        outputs.set(name, stdout);
      }),
    );
  });

  it.each(Object.entries(PRINTS))("%s runs from any folder and prints what it promises", (name, pattern) => {
    expect(outputs.get(name)).toMatch(pattern);
  });

  it("are all run here, but for the demo, which has its own script", () => {
    const files = globSync("*.ts", { cwd: join(ROOT, "examples") }).filter((name) => !name.startsWith("demo"));
    expect(files.sort()).toEqual(Object.keys(PRINTS).sort());
  });
});
