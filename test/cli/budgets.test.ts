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
