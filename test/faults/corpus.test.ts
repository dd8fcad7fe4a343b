import { expect } from "vitest";
import type { FaultScript } from "../../src/testing/index.ts";
import { describeWith } from "../harness/needs.ts";
import { refusal } from "../harness/parse-config.ts";
import { WIRES } from "../harness/wires.ts";
import { rowOf } from "./catalogue.ts";
import { faultTest } from "./host.ts";
import { METHODS, runScript } from "./run-script.ts";

interface Sample {
  readonly words: string;
  readonly status: number;
  readonly code: string | undefined;
}

/** `words|400/413`, `words|400|code`, `words|400 code`, `(no body)|400 or 413 who`. */
function samplesOf(line: string): Sample[] {
  const [words = "", statuses = "", word] = line.split("|");
  const code = word ?? /\b\d{3} ([a-z_]+)$/.exec(statuses.replace(/ or \d{3} \w+$/, ""))?.[1];
  return [...statuses.matchAll(/\b\d{3}\b/g)].map(([status]) => ({ words, status: Number(status), code }));
}

function scriptOf({ words, status, code }: Sample): FaultScript {
  if (words === "(no body)") return [["status", status, { "content-length": "0" }], ["fin"]];
  return [
    ["status", status],
    ["json", { error: { message: words, ...(code !== undefined && { code }) } }],
  ];
}

async function codesOf(lines: readonly string[]): Promise<string[]> {
  const cases = lines
    .flatMap(samplesOf)
    .flatMap((sample) => WIRES.flatMap((wire) => METHODS.map((method) => ({ sample, wire, method }))));
  const runs = cases.map(async ({ sample, wire, method }) => {
    const { error } = await runScript({
      server: { attempts: [scriptOf(sample)] },
      wire,
      method,
      keys: "num_retries = 0",
    });
    return `${sample.status} ${sample.words} over ${wire}, ${method}: ${error?.code}`;
  });
  return Promise.all(runs);
}

describeWith("reference", "the corpus of the catalogue", () => {
  const { corpus = [], negative = [] } = rowOf("V01").wire;

  faultTest("V01", "every wording of an exceeded window is context_too_long", async () => {
    const codes = await codesOf(corpus);
    expect(codes.length).toBeGreaterThanOrEqual(20 * 8);
    expect(codes.filter((line) => !line.endsWith(": context_too_long"))).toEqual([]);
  });

  faultTest("V01", "what only sounds like it is not", async () => {
    const codes = await codesOf(negative);
    expect(codes.length).toBe(4 * 8);
    expect(codes.filter((line) => line.endsWith(": context_too_long"))).toEqual([]);
  });

  faultTest("X01", "the file of the catalogue itself is refused", async () => {
    const { toml } = rowOf("X01").wire as { toml: string };
    expect(refusal(toml).problems.length).toBeGreaterThan(0);
  });
});
