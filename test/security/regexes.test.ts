import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { threadMs } from "../harness/thread-time.ts";

const ROOT = fileURLToPath(new URL("../../src/", import.meta.url));

interface Literal {
  readonly source: string;
  readonly flags: string;
  readonly place: string;
}

/** Every regular expression literal in the sources, without duplicates. */
function literals(): Literal[] {
  const found = new Map<string, Literal>();
  for (const file of readdirSync(ROOT, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"))) {
    const tree = ts.createSourceFile(file, readFileSync(join(ROOT, file), "utf8"), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf("/");
        const literal = { source: node.text.slice(1, end), flags: node.text.slice(end + 1), place: file };
        if (!found.has(node.text)) found.set(node.text, literal);
      }
      ts.forEachChild(node, visit);
    };
    visit(tree);
  }
  return [...found.values()];
}

const LITERALS = literals();

/** One character of each kind that a pattern may match, in addition to its literal characters. */
const KINDS = [..."aZ0 \t\n-_./:,=@#?&{[(\"'\\<", "\u001b", "é"];

/** Characters and words to repeat: every literal run of the pattern, and the kinds above. */
function pumpsFor(source: string): string[] {
  const words: readonly string[] = source.match(/[\p{L}\p{N}_-]{2,}/gu) ?? [];
  const marks: readonly string[] = source.match(/[^\\()[\]|*+?{}^$\p{L}\p{N}]/gu) ?? [];
  const singles = [...new Set([...KINDS, ...marks])];
  const own = singles.filter((mark) => marks.includes(mark)).slice(0, 8);
  const runs = [...new Set(words)]
    .slice(0, 6)
    .flatMap((word) => [word, ...own.flatMap((mark) => [mark + word, word + mark])]);
  const pairs = own.flatMap((first) => ["a", "0", " ", ...own].map((second) => first + second));
  return [...new Set([...singles, ...runs, ...pairs])];
}

/**
 * What a pattern must match before its repeated part is reached: its literal beginning, with and without a word after
 * it.
 */
function prefixesFor(source: string): string[] {
  const [start = ""] = /^(?:\\[/{.[]|[^\\()[\]|*+?{}^$.])+/.exec(source.replace(/^\^|^\\b/, "")) ?? [];
  return [...new Set(["", start.replaceAll("\\", "")])];
}

const SUFFIXES = ["\u0000", "\n!"];
const TINY = 600;
const SHORT = 2_000;
const LONG = 16_000;
/** Milliseconds that are acceptable regardless of the growth. */
const QUICK_MS = 4;
/** Milliseconds that no linear pattern needs for the tiny text. */
const HOPELESS_MS = 50;

function attack(pattern: RegExp, text: string): number {
  const startMs = threadMs();
  if (pattern.global || pattern.sticky) text.replace(pattern, "");
  else pattern.test(text);
  return threadMs() - startMs;
}

/** Doubles with each character: tested with few of them, because with many it would never finish. */
function isExponential(pattern: RegExp, of: (length: number) => string): boolean {
  return attack(pattern, of(18)) > 0.5 && leastMs(pattern, of(20)) > 2.5 * leastMs(pattern, of(18));
}

/** The minimum of several runs, so that a pause of the machine is not attributed to the pattern. */
function leastMs(pattern: RegExp, text: string): number {
  return Math.min(...Array.from({ length: 3 }, () => attack(pattern, text)));
}

/** The text for which a pattern takes more than linear time, if any of the tried ones does. */
function slowText({ source, flags }: Pick<Literal, "source" | "flags">): string | undefined {
  const pattern = new RegExp(source, flags);
  for (const pump of pumpsFor(source)) {
    for (const prefix of prefixesFor(source)) {
      for (const suffix of SUFFIXES) {
        const of = (length: number) => prefix + pump.repeat(Math.ceil(length / pump.length)) + suffix;
        if (isExponential(pattern, of)) return JSON.stringify(prefix + pump);
        // Cubic: the long text would take minutes.
        if (attack(pattern, of(TINY)) > HOPELESS_MS) return JSON.stringify(prefix + pump);
        if (attack(pattern, of(LONG)) < QUICK_MS) continue;
        const [short, long] = [leastMs(pattern, of(SHORT)), leastMs(pattern, of(LONG))];
        if (long > QUICK_MS && long > short * (LONG / SHORT) * 2.5) return JSON.stringify(prefix + pump);
      }
    }
  }
  return undefined;
}

describe("every regular expression takes linear time", () => {
  test("finds the regular expressions of the sources", () => expect(LITERALS.length).toBeGreaterThan(150));

  const rooms = [...new Set(LITERALS.map(({ place }) => place.split("/")[0] ?? ""))];
  test.each(rooms)(
    "in %s",
    (room) => {
      const slow = LITERALS.filter(({ place }) => place.split("/")[0] === room).flatMap((literal) => {
        const text = slowText(literal);
        return text === undefined ? [] : [`${literal.place}: /${literal.source}/ for ${text} many times`];
      });
      expect(slow).toEqual([]);
    },
    60_000,
  );
});

describe("the search for slow texts finds:", () => {
  test.each([
    ["nested repeats", /^(?:a+)+$/],
    ["a repeat at an open end", /\/+$/],
    ["line breaks at an open end", /(?:\r?\n)+$/],
    ["two repeats of the same", /^data:([^;,]*)[^,]*;base64,/],
    ["alternatives that overlap", /^(?:\S+@\S+\.\S+|\+?[\d\s().-]{7,20})$/],
    ["a lazy repeat twice", /a.*?b.*?c$/],
    ["a repeat behind a name", /\/models\/(?<model>[^:]+):countTokens$/],
    ["digits behind digits", /^\{(\d+)(,?)(\d*)\}/],
    ["zeros at the end", /\.?0+$/],
    ["three repeats of anything", /^(?:[^:]*|.*:.*:.*?)(?::(\d+))?$/],
  ])("%s", (_name, { source, flags }) => {
    expect(slowText({ source, flags })).toBeDefined();
  });
});
