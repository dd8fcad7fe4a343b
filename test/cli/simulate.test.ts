import { describe, expect, it } from "vitest";
import { cli } from "../harness/terminal.ts";

describe("simulate", () => {
  it("serves until interrupted, and prints the base_url of each wire", async () => {
    const interruption = new AbortController();
    const answers: unknown[] = [];
    const ask = async (output: string) => {
      const baseUrl = /openai +(\S+\/v1)\n/.exec(output)?.[1];
      if (baseUrl === undefined || answers.length > 0) return;
      answers.push("asked");
      const response = await fetch(`${baseUrl}/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "any", messages: [{ role: "user", content: "Hello" }] }),
      });
      const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
      answers.push(choices[0]?.message.content);
      interruption.abort();
    };
    const { golden } = await cli(["simulate"], {
      interrupted: interruption.signal,
      onOutput: (output) => void ask(output),
    });
    expect(answers[1]).toContain("[simulated any]");
    await expect(golden).toMatchFileSnapshot("golden/simulate.txt");
  });

  it("prints the URLs as JSON", async () => {
    const interruption = new AbortController();
    const { golden } = await cli(["simulate", "--json", "--port", "0"], {
      interrupted: interruption.signal,
      onOutput: () => interruption.abort(),
    });
    await expect(golden).toMatchFileSnapshot("golden/simulate-json.txt");
  });

  it("waits between stream events with --delay", async () => {
    const { code, err } = await cli(["simulate", "--delay", "soon"]);
    expect(err).toContain("It must be a duration such as 250ms or 2s.");
    expect(code).toBe(2);
  });

  it.each(["99999", "-1", "80a"])("rejects --port %s with a clear message", async (port) => {
    const { code, err } = await cli(["simulate", "--port", port]);
    expect(err.split("\n")[0]).toBe(
      `error: option '-p, --port <number>' argument '${port}' is invalid. It must be a port from 0 to 65535.`,
    );
    expect(code).toBe(2);
  });

  it("reports a port in use", async () => {
    const interruption = new AbortController();
    let second: Awaited<ReturnType<typeof cli>> | undefined;
    const first = cli(["simulate", "--json"], {
      interrupted: interruption.signal,
      onOutput: async (output) => {
        if (second !== undefined || !output.endsWith("}\n")) return;
        second = await cli(["simulate", "--port", new URL(JSON.parse(output).url).port]);
        interruption.abort();
      },
    });
    await first;
    expect(second?.err).toMatch(/^error: port \d+ is in use by another program\n {2}do {5}Use another --port/);
    expect(second?.code).toBe(2);
  });
});
