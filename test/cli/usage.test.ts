import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/core/clock.ts";
import type { LedgerRow } from "../../src/core/ledger.ts";
import { openLedger } from "../../src/ledger/open-ledger.ts";
import { ledgerRow } from "../harness/ledger-rows.ts";
import { cli, type Session } from "../harness/terminal.ts";

const MODEL = '[models.a]\nname = "m"\nprovider = "simulator"\n';
const TODAY = "2026-02-01";
const at = (day: number, hour = 12) => Date.UTC(2026, 0, day, hour);

const ROWS: readonly LedgerRow[] = [
  ...[...Array(6)].map((_, index) =>
    ledgerRow({ timeMs: at(25 + index), cost: 2_500_000_000n, user: "ann", tokens: { input: 250_000, output: 9_000 } }),
  ),
  ledgerRow({
    timeMs: at(30),
    modelId: "meta-llama/llama-4-maverick-17b-128e-instruct",
    cost: 500_000_000n,
    user: "bob",
  }),
  ledgerRow({
    timeMs: at(30),
    outcome: "error",
    code: "timed_out",
    cost: 12_345n,
    possiblyBilled: true,
    user: 'o"neil, x',
  }),
  ledgerRow({ timeMs: at(30), outcome: "cached", attempt: 0, usage: undefined, cost: 0n, saved: 1_250_000_000n }),
];
const UNPRICED = ledgerRow({ timeMs: at(31), modelId: "own-model", cost: null, tokens: { input: 900, output: 100 } });

async function recorded(rows: readonly LedgerRow[]) {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-usage-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "ledger.db");
  const keep = Number.POSITIVE_INFINITY;
  const settings = { store: "sqlite", path, durability: "batch", keep, maxSpool: 1e6, users: "plain" } as const;
  const ledger = openLedger(settings, { clock: systemClock });
  for (const row of rows) await ledger.append(row);
  await ledger.flush();
  onTestFinished(() => ledger.close());
  const toml = `[ledger]\npath = ${JSON.stringify(path)}\nkeep = "forever"\n${MODEL}`;
  const run = (argv: readonly string[] = [], session: Session = {}) =>
    cli(["usage", ...argv], { toml, today: TODAY, ...session });
  return { run, ledger, path };
}

describe("usage", () => {
  it.each([140, 80, 60, 40])("fits a terminal of %i columns", async (columns) => {
    const { run } = await recorded([...ROWS]);
    const { out, err, code } = await run([], { terminal: true, columns });
    const lines = stripVTControlCharacters(out).trimEnd().split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(columns);
    expect(lines.every((line) => line === line.trimEnd())).toBe(true);
    expect(code).toBe(0);
    const head = lines.find((line) => line.includes("USD")) ?? "";
    const hidden = ["requests", "failed", "cached", "input", "output", "USD"].filter((title) => !head.includes(title));
    expect(stripVTControlCharacters(err).replaceAll(/\s+/g, " ").trim()).toBe(
      hidden.length === 0 ? "" : `columns hidden: ${hidden.join(", ")}; widen the terminal or use --json`,
    );
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot(`golden/usage-${columns}.txt`);
  });

  it("shows tokens as bars if a price is unknown", async () => {
    const { run } = await recorded([...ROWS, UNPRICED]);
    const { golden } = await run(["--by", "day,model"], { columns: 100 });
    await expect(golden).toMatchFileSnapshot("golden/usage-unpriced.txt");
  });

  it.each([
    [{ NO_COLOR: "1" }, false],
    [{}, true],
  ])("uses colours unless NO_COLOR is set: %o", async (env, coloured) => {
    const { run } = await recorded(ROWS);
    const { out } = await run([], { terminal: true, env });
    expect(out.includes("\u001b[")).toBe(coloured);
  });

  it("prints the exact sums as JSON", async () => {
    const { run } = await recorded(ROWS);
    const { out } = await run([
      "--by",
      "user",
      "--where",
      "outcome=ok",
      "--since",
      "2026-01-30",
      "--until",
      "2026-01-31",
      "--json",
    ]);
    expect(JSON.parse(out)).toMatchObject({
      since: "2026-01-30T00:00:00.000Z",
      until: "2026-01-31T00:00:00.000Z",
      by: ["user"],
      sums: [
        { group: { user: "ann" }, attempts: 1, usd: 2.5, total: 259_000 },
        { group: { user: "bob" }, attempts: 1, usd: 0.5 },
      ],
      total: { group: {}, attempts: 2, usd: 3 },
    });
  });

  it.each([
    ["=1+1", "'=1+1"],
    ["+1", "'+1"],
    ["-1", "'-1"],
    ["@a", "'@a"],
    ["\t=1", "'\t=1"],
    ['=a("b")', '"\'=a(""b"")"'],
    ["\u001b[31mred\u001b[2J\nann,9", '"\\u001b[31mred\\u001b[2J\\nann,9"'],
    ["a=b", "a=b"],
  ])("prints the user %j as a cell that is neither a formula nor a control sequence", async (user, cell) => {
    const { run } = await recorded([ledgerRow({ timeMs: at(30), user })]);
    const { out } = await run(["--by", "user", "--since", "all", "--csv"]);
    expect(out.trimEnd().split("\n")[1]?.startsWith(`${cell},1,0,`)).toBe(true);
    expect(out.trimEnd().split("\n")).toHaveLength(2);
  });

  it("prints the exact sums as CSV", async () => {
    const { run } = await recorded(ROWS);
    const { out } = await run(["--by", "user", "--since", "all", "--csv"]);
    expect(out).toBe(
      [
        "user,attempts,failed,open,cached,input,cacheRead,cacheWrite,output,reasoning,total,usd,knownUsd,unpriced,savedUsd,overrunUsd,estimated,possiblyBilled",
        "ann,6,0,0,0,1500000,0,0,54000,0,1554000,15,15,0,0,0,0,0",
        "bob,1,0,0,0,10,0,0,5,0,15,0.5,0.5,0,0,0,0,0",
        '"o""neil, x",1,1,0,0,10,0,0,5,0,15,0.000012345,0.000012345,0,0,0,0,1',
        ",0,0,0,1,0,0,0,0,0,0,0,0,0,1.25,0,0,0",
        "",
      ].join("\n"),
    );
  });

  it("counts the last 30 days, or the time that is given", async () => {
    const { run } = await recorded([
      ledgerRow({ timeMs: at(2, 11) }),
      ledgerRow({ timeMs: at(2, 13) }),
      ledgerRow({ timeMs: at(31) }),
    ]);
    const requests = async (...argv: string[]) =>
      (JSON.parse((await run([...argv, "--json"])).out) as { total: { attempts: number } }).total.attempts;
    expect(await requests()).toBe(2);
    expect(await requests("--since", "all")).toBe(3);
    expect(await requests("--since", "1d")).toBe(1);
    expect(await requests("--since", "1w", "--until", "36h")).toBe(0);
    expect(await requests("--since", "2026-01-02T11:30", "--until", "2026-01-03")).toBe(1);
  });

  it("says that nothing is recorded in that time", async () => {
    const { run } = await recorded([ledgerRow({ timeMs: at(2) })]);
    expect((await run(["--since", "1h"])).out).toBe(
      "Usage from 2026-02-01 11:00 UTC, by model\n\n  No calls are recorded.\n",
    );
  });

  it("says what to add to models.toml without a ledger, and that no file exists before the first call", async () => {
    const without = await cli(["usage"], { toml: MODEL });
    expect(without.err).toBe(
      "error: models.toml has no [ledger] table, so usage is not recorded\n  do     Add a line [ledger] to it: from then on, each request has a row in .modelwright/ledger.db.\n",
    );
    expect(without.code).toBe(1);
    const unused = await cli(["usage"], { toml: `[ledger]\n${MODEL}` });
    expect(unused.err).toContain("no calls are recorded yet: .modelwright/ledger.db does not exist");
    expect(unused.code).toBe(1);
  });

  it.each([
    [
      ["--by", "models"],
      'error: --by: unknown group "models"\n  do     did you mean "model"? The groups are model, provider',
    ],
    [
      ["--since", "yesterday"],
      "--since yesterday: expected a time span such as 7d, 12h or 30m, or a date such as 2026-01-31",
    ],
    [["--by", "day,tage"], 'unknown group "tage"\n  do     did you mean "tag"?'],
    [["--by", ""], 'unknown group ""\n  do     The groups are model'],
    [["--where", "user"], "--where user: expected field=value"],
    [
      ["--where", "modle=x"],
      'error: --where: unknown field "modle"\n  do     did you mean "model"? The fields are model',
    ],
    [["--where", "day=2026-01-01"], "The fields are model, provider, entry, user, tag, scope, key, outcome, code."],
    [["--json", "--csv"], "--json and --csv exclude each other"],
    [["--since", "7d", "--until", "14d"], "--since 7d is not before --until 14d"],
    [["--since", "2026-02-01", "--until", "2026-01-01"], "--since 2026-02-01 is not before --until 2026-01-01"],
  ])("rejects %j", async (argv, message) => {
    const { run } = await recorded([]);
    const { err, code } = await run(argv);
    expect(err).toContain(message);
    expect(code).toBe(2);
  });

  it("prints again when the numbers change with --follow, until it is interrupted", async () => {
    const { run, ledger } = await recorded(ROWS);
    const interrupt = new AbortController();
    let prints = 0;
    const { out } = await run(["--follow", "--json", "--since", "all"], {
      interrupted: interrupt.signal,
      onOutput: async (output) => {
        const lines = output.split("\n").length - 1;
        if (lines === prints) return;
        prints = lines;
        if (lines > 1) return interrupt.abort("SIGINT");
        await ledger.append(ledgerRow({ timeMs: at(31) }));
        await ledger.flush();
      },
    });
    const attempts = out
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { total: { attempts: number } }).total.attempts);
    expect(attempts).toEqual([8, 9]);
  });
});
