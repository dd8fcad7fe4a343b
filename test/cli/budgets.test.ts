import { describe, expect, it } from "vitest";
import { cli } from "../harness/terminal.ts";

const BUDGETS = `
[models.coder]
name = "gpt-6.1-terra"
provider = "simulator"

[budgets.team]
usd = 25
period = "month"

[budgets.nightly-job]
tokens = 1_000_000
period = "day"
match = { tags = ["nightly"] }

[budgets.trial]
usd = 0
period = "total"

[budgets.each-user]
usd = 2
per = ["user"]
`;

describe("budgets", () => {
  it.each([50, 60, 80, 140])("fits a terminal of %i columns", async (columns) => {
    const { out } = await cli(["budgets"], { toml: BUDGETS, terminal: true, columns });
    // The end of the period depends on the day.
    const golden = out.replaceAll(/in \d+ .*$/gm, "in TIME");
    await expect(golden).toMatchFileSnapshot(`golden/budgets-${columns}.txt`);
  });

  it("says which calls do not fit into what is left of a budget", async () => {
    const entryOf = (name: string, tokens: number, lines = "") =>
      `[models.${name}]\nname = "${name}"\nprovider = "simulator"\nmax_new_tokens = ${tokens}\npricing = { input = 1, output = 10 }\n${lines}`;
    const embedder = '[models.embedder]\nname = "text-embedding-3-small"\nprovider = "simulator"\n';
    const toml = `${entryOf("coder", 10_000)}${entryOf("fast", 1_000)}${embedder}
[budgets.small]
usd = 0.05
[budgets.tiny]
usd = 0.005
match = { models = ["coder", "fast"] }
on_exceeded = "fallback"
[budgets.tokens]
tokens = 500
match = { models = ["fast"] }
[budgets.short-answers]
usd = 0.05
max_output = 100
`;
    const { out } = await cli(["budgets"], { toml });
    const [table = "", notes] = out.split("\n\n");
    expect(table.split("\n").map((line) => line.trim().split(/\s+/).slice(0, 2).join(" "))).toEqual([
      ...["budget state", "small ok", "tiny refusing", "tokens refusing", "short-answers ok"],
    ]);
    expect(notes).toBe(
      [
        "  ! small: $0.05 left, and the next call may cost up to $0.1 (coder): refused, unless it has a lower max_new_tokens",
        "  ! tiny: $0.005 left, and the next call may cost up to $0.01 (fast), $0.1 (coder): skipped, unless it has a lower max_new_tokens",
        "  ! tokens: 500 tokens left, and the next call may use up to 1k tokens (fast): refused, unless it has a lower max_new_tokens",
        "  ! short-answers: $0.05 left, and the next call may cost up to $0.1 (coder): refused, unless it has a lower max_new_tokens",
        "",
      ].join("\n"),
    );
  });

  it.each([
    ["usd = 0.009", "", false],
    ["usd = 0.02", "", true],
    ["usd = 0.002\nmax_output = 100", "", true],
    ["usd = 0.009", "max_new_tokens = 100", true],
    ["usd = 0.02", "extra_body = { max_tokens = 5_000 }", true],
    ["tokens = 900", "", false],
    ["tokens = 1_500", "", true],
  ])("says of a budget with %s and an entry with %j what its next call meets", async (limit, line, fits) => {
    const model =
      'name = "own"\nprovider = "simulator"\npricing = { input = 1, output = 10 }\ncapabilities = { max_output = 1_000 }';
    const toml = `[models.own]\n${model}\n${line}\n[budgets.team]\n${limit}\n`;
    const { out } = await cli(["budgets"], { toml });
    const { err, code } = await cli(["run", "-q", "a"], { toml });
    const told = /team +refusing.*the next call may (?:cost|use) up to/s.test(out);
    if (told) expect(err).toMatch(/^error: budget_exceeded: /);
    expect({ told, code }).toEqual({ told: !fits, code: fits && !line.includes("extra_body") ? 0 : 1 });
  });

  it("wraps a long name instead of hiding columns", async () => {
    const name = "the-budget-of-the-team-that-writes-the-longest-names-in-the-company";
    const toml = BUDGETS.replace("budgets.team", `budgets.${name}`);
    const { out, err } = await cli(["budgets"], { toml, terminal: true, columns: 120, env: { NO_COLOR: "1" } });
    expect(err).toBe("");
    expect(out.split("\n").filter((line) => line.length > 120)).toEqual([]);
    expect(out.replaceAll(/[^\w-]*\n[^\w]*/g, "")).toContain("budget");
  });

  it("prints JSON", async () => {
    const { out } = await cli(["budgets", "team", "--json"], { toml: BUDGETS });
    expect(JSON.parse(out)).toMatchObject([{ name: "team", unit: "usd", limit: 25, spent: 0, state: "ok" }]);
  });

  it("names the known budgets when a name is unknown", async () => {
    const { code, err } = await cli(["budgets", "teem"], { toml: BUDGETS });
    expect(err).toContain('unknown budget "teem"; known budgets: team, nightly-job, trial, each-user');
    expect(code).not.toBe(0);
  });

  it("says what to add to a file without budgets", async () => {
    const { code, err } = await cli(["budgets"], { toml: '[models.a]\nname = "x"\nprovider = "simulator"\n' });
    expect(err).toContain("has no budgets");
    expect(err).toContain("Add a table such as [budgets.team] with usd = 25.");
    expect(code).toBe(1);
  });

  it("fails with --strict if a budget is exceeded", async () => {
    expect((await cli(["budgets", "--strict"], { toml: BUDGETS })).code).toBe(1);
    expect((await cli(["budgets", "team", "--strict"], { toml: BUDGETS })).code).toBe(0);
  });
});
