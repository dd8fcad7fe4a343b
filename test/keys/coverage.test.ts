import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { camelOf } from "../../src/config/entry-config.ts";
import { CALL_ONLY } from "../../src/config/known-keys.ts";
import type { Option } from "../../src/config/option.ts";
import { OPTIONS } from "../../src/config/options.ts";
import { configSchema, providerOnly } from "../../src/config/schema.ts";
import { CALL_ROWS } from "./call-rows.ts";

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, SchemaLike>>;
  readonly options?: readonly SchemaLike[];
  readonly innerType?: SchemaLike;
  readonly element?: SchemaLike;
  readonly keyType?: SchemaLike;
  readonly valueType?: SchemaLike;
}
interface SchemaLike {
  readonly _zod: { readonly def: unknown };
}

/** Tables that repeat the keys of another one: one claim for all their keys. */
const REPEATED = new Set([
  "defaults",
  "providers.*",
  "profiles.*",
  "gateway.keys.*.budget",
  "gateway.keys.*.rate_limit",
]);

const OWN_OF_PROVIDERS = Object.keys(providerOnly).map((key) => `providers.*.${key}`);

/** Every key below a schema: tables open with a dot, lists with [], tables named by the user with *. */
function keysOf(schema: SchemaLike, path: string): readonly string[] {
  if (REPEATED.has(path)) return [`${path}.*`, ...(path === "providers.*" ? OWN_OF_PROVIDERS : [])];
  const { innerType, options, shape, element, valueType } = schema._zod.def as Definition;
  if (innerType !== undefined) return keysOf(innerType, path);
  if (options !== undefined) return options.flatMap((option) => keysOf(option, path));
  if (element !== undefined) return keysOf(element, `${path}[]`);
  if (valueType !== undefined) return keysOf(valueType, `${path}.*`);
  return Object.entries(shape ?? {}).flatMap(([key, inner]) => {
    const at = path === "" ? key : `${path}.${key}`;
    return [at, ...keysOf(inner, at)];
  });
}

/** `a.{b,c}` as `a.b` and `a.c`. */
function expanded(claim: string): readonly string[] {
  const [, before = "", list = "", after = ""] = /^(.*)\{(.*)\}(.*)$/.exec(claim) ?? [];
  return list === "" ? [claim] : list.split(",").map((word) => before + word + after);
}

function claims(by: "keyTest" | "callTest"): ReadonlySet<string> {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".test.ts"));
  const sources = files.map((file) => readFileSync(join(import.meta.dirname, file), "utf8"));
  return new Set(
    sources.flatMap((source) =>
      [...source.matchAll(new RegExp(`\\b${by}\\(\\s*"([^"]+)"`, "g"))].flatMap(([, claim = ""]) => expanded(claim)),
    ),
  );
}

const known = new Set(keysOf(configSchema, ""));

test("every key of models.toml has a test of its effect", () => {
  expect(known.size).toBeGreaterThan(120);
  const claimed = claims("keyTest");
  expect([...known].filter((key) => !claimed.has(key))).toEqual([]);
});

test("no test has an unknown key", () => {
  expect([...claims("keyTest")].filter((key) => !known.has(key))).toEqual([]);
});

test("every call option has a test that it overrides the entry", () => {
  const perCall = Object.entries<Option>(OPTIONS).filter(([, { setting, perCall }]) => setting || perCall);
  const options = [...perCall.map(([key]) => camelOf(key)), ...CALL_ONLY, "messages"];
  const claimed = [...claims("callTest"), ...Object.keys(CALL_ROWS)];
  expect(claimed.sort()).toEqual(options.sort());
});
