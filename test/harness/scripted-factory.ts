import type { Dialect } from "../../src/core/dialect.ts";
import { type ScriptedAttempt, scripted } from "../../src/dialects/scripted/dialect.ts";
import { ModelFactory } from "../../src/factory/factory.ts";
import type { FactoryOptions } from "../../src/factory/options.ts";
import { FakeClock } from "./fake-clock.ts";

/** A factory without network access: each entry has its own provider, which plays the entry's script. */
export function factoryOf(
  scripts: Readonly<Record<string, readonly ScriptedAttempt[]>>,
  toml = "",
  options: FactoryOptions & { dialect?: Partial<Omit<Dialect, "open">> } = {},
) {
  const { dialect, ...more } = options;
  const clock = new FakeClock();
  const dialects = Object.fromEntries(
    Object.entries(scripts).map(([entry, script]) => [entry, scripted(script, dialect)]),
  );
  const entries = Object.keys(scripts).map(
    (entry) =>
      `[models.${entry}]\nname = "${entry}-model"\nprovider = "${entry}"\npricing = { input = 1, output = 2 }\n`,
  );
  const factory = ModelFactory.parse(`${entries.join("\n")}\n${toml}`, {
    env: {},
    providers: dialects,
    clock,
    random: () => 0,
    ...more,
  });
  return { factory, dialects, clock, model: factory.create(Object.keys(scripts)[0] as string) };
}
