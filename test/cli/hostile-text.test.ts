import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { printable, printableLine } from "../../src/cli/printable.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { LedgerBudget } from "../../src/core/ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { serving } from "../harness/ask.ts";
import { ledgerRow } from "../harness/ledger-rows.ts";
import { cli } from "../harness/terminal.ts";

/** Clear screen, window title, clipboard, C1 CSI, text direction, and a line that looks like ours. */
const HOSTILE = "a\u001b[2J\u001b]0;title\u0007\u001b]52;c;eA==\u0007\u009b31m\u202eb\u2066\u001b[31m\r\nerror: forged";
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const ACTIVE = /[\u0000-\u0008\u000b-\u001a\u001c-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\u001b(?!\[\d{1,2}m)/;

const tomlAt = (origin: string) =>
  `[models.m]\nname = "m"\nprovider = "host"\ncustom_llm_provider = "openai"\nbase_url = "${origin}/v1"\napi_key = "key-of-the-test"\nnum_retries = 0\n`;
const json = (body: object, status = 200) => ({
  status,
  body: JSON.stringify(body),
  headers: { "content-type": "application/json" },
});
const answer = (content: string) =>
  json({ id: "1", choices: [{ index: 0, message: { content }, finish_reason: "stop" }], usage: {} });

/** What the waiting sign writes and takes away again. */
const withoutSpinner = (text: string) => text.replaceAll("\r\u001b[2K", "");

/** A budget with one counter, which only the ledger has. */
async function withLedger(counter: LedgerBudget) {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-hostile-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "ledger.db");
  const family = JSON.stringify(["each", "usd", "total", "UTC", ["user"], 0]);
  const settings = { store: "sqlite", path, durability: "sync", keep: 1e12, maxSpool: 1e6, users: "plain" } as const;
  const ledger = openLedger(settings, { clock: systemClock });
  await ledger.append(ledgerRow({ budgets: [{ ...counter, family }] }));
  await ledger.close();
  const model = '[models.a]\nname = "m"\nprovider = "simulator"\n';
  const budget = '[budgets.each]\nusd = 2\nper = ["user"]\nperiod = "total"\n';
  return { toml: `${model}${budget}[ledger]\npath = ${JSON.stringify(path)}\nkeep = "forever"\n`, now: "2026-02-01" };
}

describe.each([false, true])("on a terminal: %s", (terminal) => {
  it("prints error messages on one line, without control sequences", async () => {
    const server = await serving(() => json({ error: { message: HOSTILE } }, 400));
    const { out, err } = await cli(["run", "-m", "m", "Hi"], { toml: tomlAt(server.origin), terminal });
    expect(withoutSpinner(out + err)).not.toMatch(ACTIVE);
    expect(err).toContain("\\u001b[2J");
    expect(err).toContain("\\u202e");
    expect(err).not.toMatch(/^error: forged/m);
    expect(err).not.toContain("\u001b[31m\\r");
  });

  it("prints model ids on one line, without control sequences", async () => {
    const server = await serving(() => json({ data: [{ id: HOSTILE, object: "model" }] }));
    const { out, err } = await cli(["models", "--discover"], { toml: tomlAt(server.origin), terminal, columns: 400 });
    expect(withoutSpinner(out + err)).not.toMatch(ACTIVE);
    expect(out).not.toMatch(/^error: forged/m);
  });

  it("prints names of models.toml on one line, without control sequences", async () => {
    const name = JSON.stringify(HOSTILE).replaceAll("\u009b", "\\u009b").replaceAll("\u007f", "\\u007f");
    const toml = `[models.m]\nname = ${name}\nprovider = "simulator"\ncustom_llm_provider = "openai"\n[groups.g]\nmembers = ["m"]\n`;
    for (const argv of [["models"], ["explain", "m"], ["explain", "g"], ["check"], ["models", "--discover"]]) {
      const { out, err } = await cli(argv, { toml, terminal, columns: 600 });
      expect(withoutSpinner(out + err)).not.toMatch(ACTIVE);
      if (argv[0] !== "check" && argv[1] !== "--discover") expect(out).toContain("a\\u001b[2J");
      expect(out + err).not.toMatch(/^ *error: forged/m);
      expect(out + err).not.toContain("\u001b[31m\r");
    }
  });

  it("prints names of budget counters on one line, without control sequences", async () => {
    const row = { member: HOSTILE, amount: 1n, family: "" };
    const { toml, now } = await withLedger(row);
    const { out } = await cli(["budgets"], { toml, terminal, columns: 600, today: now });
    expect(withoutSpinner(out)).not.toMatch(ACTIVE);
    expect(out).toContain("\\u001b[31m\\r\\nerror: forged");
    expect(out).not.toMatch(/^ *error: forged/m);
  });

  it("prints the same list as JSON without control sequences", async () => {
    const server = await serving(() => json({ data: [{ id: HOSTILE, object: "model" }] }));
    const { out } = await cli(["models", "--discover", "--json"], { toml: tomlAt(server.origin), terminal });
    expect(out).not.toMatch(ACTIVE);
    expect(JSON.parse(out)).toHaveLength(1);
  });
});

it("an answer on a terminal keeps lines and tabs, without control sequences", async () => {
  const server = await serving(() => answer(`one\n\ttwo\r\n${HOSTILE}`));
  const { out } = await cli(["run", "-m", "m", "--no-stream", "Hi"], { toml: tomlAt(server.origin), terminal: true });
  expect(out).toContain("one\n\ttwo\r\na\\u001b[2J");
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  expect(out).not.toMatch(/[\u001b\u0007\u009b\u202e]/);
});

it("an answer to a file or a pipe is unchanged", async () => {
  const server = await serving(() => answer(HOSTILE));
  const { out } = await cli(["run", "-m", "m", "Hi"], { toml: tomlAt(server.origin) });
  expect(out).toBe(`${HOSTILE}\n`);
});

it("text without control characters is unchanged, including emoji and other scripts", () => {
  const text = "naïve 日本語 👩‍👩‍👧 עברית\n\tindented \\u001b";
  expect(printable(text)).toBe(text);
  expect(printableLine("a\nb")).toBe("a\\nb");
});
