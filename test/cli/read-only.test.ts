import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { cli } from "../harness/terminal.ts";

const TOML = `
[state]
store = "sqlite"
path = "state/state.db"

[ledger]
store = "sqlite"
path = "ledger/ledger.db"

[audit]
file = "logs/audit.jsonl"

[logging]
file = "logs/calls.log"

[record]
mode = "record"
file = "exchanges.json"

[budgets.team]
usd = 5

[rate_limits.few]
requests_per_day = 1
on_exceeded = "refuse"

[models.live]
name = "claude-sonnet-5-5"
provider = "anthropic"
`;

describe("a command that only looks at the file", () => {
  it.each([["check"], ["explain"], ["models"]])(
    "%s writes nothing and takes nothing of a limit, however often",
    async (command) => {
      const folder = mkdtempSync(join(tmpdir(), "modelwright-look-"));
      onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
      const file = join(folder, "models.toml");
      writeFileSync(file, TOML);
      for (let time = 0; time < 2; time++) {
        const { code, out } = await cli([command, "--config", file]);
        expect(code).toBe(0);
        expect(out).not.toContain("nothing is sent");
      }
      expect(readdirSync(folder)).toEqual(["models.toml"]);
    },
  );
});
