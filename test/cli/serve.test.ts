import { describe, expect, it } from "vitest";
import { cli } from "../harness/terminal.ts";

const CHAT = JSON.stringify({ model: "coder", messages: [{ role: "user", content: "Hello" }] });

describe("serve", () => {
  it("serves an example without a file, and prints what clients need", async () => {
    const interruption = new AbortController();
    const answers: string[] = [];
    const ask = async (output: string) => {
      const url = /curl (\S+)/.exec(output)?.[1];
      if (url === undefined || answers.length > 0) return;
      answers.push("asked");
      answers.push(await (await fetch(url, { method: "POST", body: CHAT })).text());
      interruption.abort();
    };
    const { golden, code } = await cli(["serve", "--port", "0", "--no-color"], {
      interrupted: interruption.signal,
      onOutput: (output) => void ask(output),
    });
    expect(answers[1]).toContain("[simulated");
    expect(code).toBe(0);
    await expect(golden.replace(/\{"time".*\}/, "{access log}")).toMatchFileSnapshot("golden/serve.txt");
  });

  it("fits a terminal of 80 columns", async () => {
    const interruption = new AbortController();
    const { out } = await cli(["serve", "--port", "0", "--no-color"], {
      ...{ terminal: true, columns: 80, interrupted: interruption.signal },
      onOutput: (output) => void (output.includes("curl") && interruption.abort()),
    });
    expect(Math.max(...out.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("uses changes of models.toml with --watch", async () => {
    const interruption = new AbortController();
    const toml = '[models.coder]\nname = "claude-sonnet-4-5"\nprovider = "simulator"\n';
    const { err } = await cli(["serve", "--port", "0", "--watch", "--json"], {
      ...{ toml, interrupted: interruption.signal },
      async onOutput(output, { folder }) {
        if (!output.endsWith("}\n")) return;
        const { writeFile } = await import("node:fs/promises");
        await writeFile(`${folder}/models.toml`, `${toml}[aliases]\nsmart = "coder"\n`);
      },
      onError: (output) => void (output.includes("reloaded") && interruption.abort()),
    });
    expect(err).toContain("models.toml reloaded");
  });

  it("reports a port in use, and an address that others can reach", async () => {
    const interruption = new AbortController();
    const results: Awaited<ReturnType<typeof cli>>[] = [];
    await cli(["serve", "--json", "--port", "0"], {
      interrupted: interruption.signal,
      onOutput: async (output) => {
        if (!output.endsWith("}\n")) return;
        results.push(await cli(["serve", "--port", new URL(JSON.parse(output).url).port]));
        results.push(await cli(["serve", "--host", "0.0.0.0"]));
        interruption.abort();
      },
    });
    expect(results.map(({ code }) => code)).toEqual([2, 2]);
    expect(results[0]?.err).toMatch(/^error: port \d+ is in use by another program\n/);
    expect(results[1]?.err).toMatch(/^error: 0\.0\.0\.0 is not a loopback address, and the gateway has no keys\n/);
  });
});
