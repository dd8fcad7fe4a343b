import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, refusal } from "../harness/parse-config.ts";
import { elapsed, MANY_MODELS } from "./load-time.ts";

const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index));

describe("oversized text is rejected in under 100 ms", () => {
  test.each([
    ["20,000 levels of one dotted key", () => `${many(20_000, () => "a").join(".")} = 1`, "16 levels"],
    [
      "100 long dotted keys",
      () => many(100, (index) => `k${index}.${many(4_000, () => "a").join(".")} = 1`).join("\n"),
      "16 levels",
    ],
    ["20,000 nested lists", () => `x = ${"[".repeat(20_000)}`, "nested"],
    ["17 levels of tables", () => `x = ${"{ a = ".repeat(17)}1${" }".repeat(17)}`, "16 levels"],
    ["90,000 keys", () => many(90_000, (index) => `k${index} = 1`).join("\n"), "10,000 keys"],
    ["11,000 keys", () => many(11_000, (index) => `k${index} = 1`).join("\n"), "10,000 keys"],
    [
      "11,000 keys of one model",
      () => `[models.a]\n${many(11_000, (index) => `k${index} = 1`).join("\n")}`,
      "10,000 keys",
    ],
    ["150,000 tables of a list", () => "[[a]]\n".repeat(150_000), "10,000 keys"],
    ["500,000 numbers", () => `x = [${"1,".repeat(500_000)}]`, "10,000 keys"],
    ["a text of 5 MB", () => `x = "${"x".repeat(5_000_000)}"`, "1 MiB"],
    ["a comment of 5 MB", () => `#${"x".repeat(5_000_000)}`, "1 MiB"],
  ])("%s", (_, make, words) => {
    const text = make();
    // The best of three, for the compiler.
    expect(Math.min(...many(3, () => elapsed(() => refusal(text))))).toBeLessThan(100);
    const error = refusal(text);
    expect(error.problems).toHaveLength(1);
    expect(error.message).toContain(words);
  });

  test("accepts large text within the limits", () => {
    const prompt = `Say a = b. ${"It is so. ".repeat(50_000)}`;
    const config = parse(
      `[models.a]\nname = "x"\nprovider = "openai"\nsystem = """\n${prompt}\n${"x = 1\n".repeat(1_000)}"""\n`,
    );
    expect(config.entry("a").system?.length).toBeGreaterThan(500_000);
  });
});

test("no key reaches the prototype of objects", () => {
  const before = Object.getOwnPropertyNames(Object.prototype);
  refusal(
    '__proto__.polluted = 1\n[models.a]\nname = "x"\nprovider = "openai"\n[models.a.extra_body.constructor.prototype]\npolluted = 1\n',
  );
  refusal('[models.__proto__]\nname = "x"\nprovider = "openai"\npolluted = 1\n');
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

describe("1,000 models", () => {
  // A process of its own: the garbage of the tests above would be collected meanwhile.
  test("load in little more than the time of parser and schema", { retry: 3 }, () => {
    expect(MANY_MODELS.length).toBeGreaterThan(420 * 1_024);
    const ratio = execFileSync(process.execPath, [join(import.meta.dirname, "load-time.ts")], { encoding: "utf8" });
    expect(Number(ratio)).toBeGreaterThan(0);
    expect(Number(ratio)).toBeLessThanOrEqual(1.5);
  });

  test("are all available", () => {
    const config = parse(MANY_MODELS);
    expect(config.names).toHaveLength(1_000);
    expect(config.entry("model-999").fallbackModels).toEqual(["model-0", "model-1"]);
  });
});
