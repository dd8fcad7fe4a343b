import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { ALL_MUTANTS } from "../test/mutants/all-mutants.ts";
import { edited, Misfit, type Mutant } from "../test/mutants/mutant.ts";

const HELP = `npm run mutants [-- options]

Applies each mutant of test/mutants to a copy of the repository and runs the tests that must fail. Exits with 1 if a mutant
survives or does not apply to the sources.

  --only ID[,ID]   only these mutants
  --changed        only mutants of files that differ from the base of this branch (MODELWRIGHT_BASE, default origin/main);
                   on the base itself, from 20 commits ago
  --minutes N      start no mutant after N minutes
  --help           print this text
`;

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const LEFT_OUT = /^(?:node_modules|\.git|dist|coverage|reports|\.stryker-tmp.*)$/;
/** A mutant whose tests hang counts as caught. */
const PATIENCE_MS = 120_000;

type Verdict = "caught" | "SURVIVED" | "DOES NOT FIT" | "DOES NOT RUN";

interface Outcome {
  readonly verdict: Verdict;
  /** The first failed test, or the problem. */
  readonly words: string;
  readonly seconds: number;
}

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** A copy of the repository with the same node_modules. */
class Copy {
  readonly #root: string;

  constructor(parent: string, name: string) {
    this.#root = join(parent, name);
    cpSync(ROOT, this.#root, { recursive: true, filter: (source) => !isLeftOut(source) });
    symlinkSync(join(ROOT, "node_modules"), join(this.#root, "node_modules"));
  }

  async try(mutant: Mutant): Promise<Outcome> {
    const texts = new Map<string, string>();
    const read = (file: string) => readFileSync(join(this.#root, file), "utf8");
    for (const { file } of mutant.edits) texts.set(file, read(file));
    try {
      for (const edit of mutant.edits) writeFileSync(join(this.#root, edit.file), edited(read(edit.file), edit));
      return await this.run(mutant.tests);
    } catch (error) {
      if (!(error instanceof Misfit)) throw error;
      return { verdict: "DOES NOT FIT", words: error.message, seconds: 0 };
    } finally {
      for (const [file, text] of texts) writeFileSync(join(this.#root, file), text);
    }
  }

  async run(tests: readonly string[]): Promise<Outcome> {
    const startMs = performance.now();
    const first = await this.#verdict(tests, 1);
    // A failure of the first test may end the run before the report has it: then all tests run.
    const verdict = first.verdict === "DOES NOT RUN" ? await this.#verdict(tests, 0) : first;
    return { ...verdict, seconds: (performance.now() - startMs) / 1_000 };
  }

  /** `bail`: the number of failures that end the run; 0 for none. */
  async #verdict(tests: readonly string[], bail: number): Promise<Omit<Outcome, "seconds">> {
    const file = join(this.#root, "mutants-report.json");
    rmSync(file, { force: true });
    return verdictOf(
      await vitest(this.#root, [...tests, `--bail=${bail}`, "--reporter=json", `--outputFile=${file}`]),
      file,
    );
  }
}

function isLeftOut(source: string): boolean {
  const [top = ""] = source.slice(ROOT.length).split(/[/\\]/);
  return LEFT_OUT.test(top);
}

/** The exit code, or `undefined` after a timeout. */
function vitest(cwd: string, args: readonly string[]): Promise<number | undefined> {
  const main = join(ROOT, "node_modules/vitest/vitest.mjs");
  const options = ["run", "--maxWorkers=1", "--testTimeout=10000", "--typecheck.enabled=false"];
  const child = spawn(process.execPath, [main, ...options, ...args], { cwd, stdio: "ignore" });
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      resolve(code ?? undefined);
    });
  });
}

function verdictOf(code: number | undefined, file: string): Omit<Outcome, "seconds"> {
  if (code === undefined) return { verdict: "caught", words: "the tests do not end" };
  if (code === 0) return { verdict: "SURVIVED", words: "" };
  if (!existsSync(file)) return { verdict: "DOES NOT RUN", words: `vitest ended with ${code}` };
  const { testResults } = JSON.parse(readFileSync(file, "utf8")) as Report;
  for (const { assertionResults } of testResults) {
    const failed = assertionResults.find(({ status }) => status === "failed");
    if (failed !== undefined) return { verdict: "caught", words: failed.fullName };
  }
  // Leaked resources, or an uncaught error.
  // A file that cannot be loaded has no tests.
  const passed = testResults.some(({ assertionResults }) => assertionResults.some(({ status }) => status === "passed"));
  const failed = testResults.some(({ status, assertionResults }) => status === "failed" && assertionResults.length > 0);
  const ran = passed || failed;
  const words = testResults.find(({ message }) => message !== "")?.message ?? "an error outside the tests";
  return { verdict: ran ? "caught" : "DOES NOT RUN", words };
}

const COMMITS_BACK = 20;

function git(...args: string[]): string | undefined {
  const { status, stdout } = spawnSync("git", args, { cwd: ROOT, encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

/** The commit that the changed files are compared with. */
function baseOfChanges(): string | undefined {
  const head = git("rev-parse", "HEAD");
  const base = git("merge-base", "HEAD", process.env["MODELWRIGHT_BASE"] ?? "origin/main");
  if (base !== undefined && base !== head) return base;
  const commits = git("rev-list", "--first-parent", `--max-count=${COMMITS_BACK + 1}`, "HEAD")?.split("\n");
  return commits?.at(-1);
}

function mutantsOfChanges(): readonly Mutant[] {
  const base = baseOfChanges();
  if (base === undefined) throw new Error("--changed needs a git repository with commits");
  const changed = new Set(git("diff", "--name-only", base)?.split("\n"));
  console.log(`${changed.size} files differ from ${base}`);
  return ALL_MUTANTS.filter(({ edits }) => edits.some(({ file }) => changed.has(file)));
}

function argument(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function chosen(): readonly Mutant[] {
  if (process.argv.includes("--changed")) return mutantsOfChanges();
  const only = argument("--only");
  if (only === undefined) return ALL_MUTANTS;
  const ids = new Set(only.split(","));
  const mutants = ALL_MUTANTS.filter(({ id }) => ids.has(id));
  if (mutants.length !== ids.size) throw new Error(`unknown id among ${[...ids].join(", ")}`);
  return mutants;
}

async function tryAll(mutants: readonly Mutant[], copies: readonly Copy[]): Promise<Map<Mutant, Outcome>> {
  const outcomes = new Map<Mutant, Outcome>();
  const waiting = [...mutants];
  const work = async (copy: Copy) => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      if (performance.now() - startMs > patienceMs) return;
      const outcome = await copy.try(mutant);
      outcomes.set(mutant, outcome);
      console.log(
        `${outcomes.size}/${mutants.length} ${mutant.id}: ${outcome.verdict} (${outcome.seconds.toFixed(1)} s)`,
      );
    }
  };
  await Promise.all(copies.map(work));
  return outcomes;
}

function tableOfMissed(mutants: readonly Mutant[], outcomes: ReadonlyMap<Mutant, Outcome>): string {
  const table = new Table({ head: ["mutant", "breaks", "verdict", "by", "s"], style: { head: [], border: [] } });
  for (const mutant of mutants) {
    const outcome = outcomes.get(mutant);
    if (outcome === undefined || outcome.verdict === "caught") continue;
    const { verdict, words, seconds } = outcome;
    table.push([mutant.id, mutant.breaks, verdict, words.split("\n")[0]?.slice(0, 80), seconds.toFixed(1)]);
  }
  return table.toString();
}

if (process.argv.includes("--help")) {
  console.log(HELP);
  process.exit(0);
}
const startMs = performance.now();
const patienceMs = Number(argument("--minutes") ?? "Infinity") * 60_000;
const mutants = chosen();
if (mutants.length === 0) {
  console.log("no mutants to run");
  process.exit(0);
}
const parent = mkdtempSync(join(tmpdir(), "modelwright-mutants-"));
try {
  const count = Math.max(1, Math.min(availableParallelism(), mutants.length, 4));
  const copies = Array.from({ length: count }, (_, index) => new Copy(parent, `copy-${index}`));
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))];
  // A time limit is set only after the tests passed without a mutant.
  const whole = patienceMs === Infinity ? await (copies[0] as Copy).run(tests) : undefined;
  if (whole !== undefined && whole.verdict !== "SURVIVED")
    throw new Error(`the tests fail without a mutant: ${whole.words}`);
  const outcomes = await tryAll(mutants, copies);
  const missed = [...outcomes.values()].filter(({ verdict }) => verdict !== "caught").length;
  if (missed > 0) console.log(tableOfMissed(mutants, outcomes));
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(0);
  const untried = mutants.length - outcomes.size;
  console.log(
    `${mutants.length} mutants: ${outcomes.size - missed} caught, ${missed} not caught, ${untried} not run; ${seconds} s`,
  );
  process.exitCode = missed === 0 ? 0 : 1;
} finally {
  rmSync(parent, { recursive: true, force: true });
}
