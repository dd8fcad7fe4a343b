import { catalogIds } from "../catalog/lookup.ts";
import { isPriced } from "../catalog/price.ts";
import { PROVIDER_HINTS } from "../catalog/providers.ts";
import type { Overlay } from "../catalog/table.ts";
import { type Config, loadConfig, type PriceBook, parseConfig } from "../config/load.ts";
import { simulationRequested } from "../config/parse.ts";
import { silentLogger } from "../core/logger.ts";
import { own } from "../core/own.ts";
import { WIRE_NAMES } from "../core/wire-name.ts";
import { overlayFor } from "./catalog-overlay.ts";
import type { FactoryOptions } from "./options.ts";
import { noFile } from "./reload.ts";

/** Where the configuration of a factory comes from: a file, or text. */
export interface ConfigSource {
  readonly read?: () => Promise<Config>;
  readonly parse?: (toml: string) => Config;
}

export function fileSource(
  path: string | undefined,
  options: FactoryOptions,
): { readonly read: () => Promise<Config> } {
  const cwd = process.cwd();
  const parsing = configOptions(options, true);
  return { read: () => loadConfig(path, { ...parsing, cwd }) };
}

export function textSource(options: FactoryOptions): { readonly parse: (toml: string) => Config } {
  const parsing = configOptions(options, false);
  return { parse: (toml) => parseConfig(toml, parsing) };
}

/** The configuration for a reload. */
export async function readAgain({ read, parse }: ConfigSource, toml: string | undefined): Promise<Config> {
  if (toml !== undefined && parse !== undefined) return parse(toml);
  if (toml === undefined && read !== undefined) return read();
  throw noFile(
    read === undefined
      ? "the factory was created from text; pass the new text to reload()"
      : "the factory was created from a file; call reload() without text",
  );
}

/** The process environment counts in addition to `options.env`, because the switch must never be missed. */
export function isSimulated({ simulate, env = process.env }: FactoryOptions): boolean {
  return simulate === true || simulationRequested(env) || simulationRequested(process.env);
}

function configOptions(options: FactoryOptions, readsFiles: boolean) {
  const { env = process.env, profile, baseDir, providers = {} } = options;
  // A custom dialect with the name of a built-in provider has its own limits and URLs.
  const hints = PROVIDER_HINTS.map((hint) => {
    const { id, keyEnv, needsBaseUrl } = hint;
    return own(providers, id) === undefined ? hint : { id, keyEnv, needsBaseUrl };
  });
  const brought = Object.keys(providers).map((id) => ({ id, needsBaseUrl: false, keyEnv: [] }));
  const dialects = [...WIRE_NAMES, ...Object.keys(providers)];
  const prices = pricesKnown(options, readsFiles);
  return {
    ...{ env, profile, baseDir, providers: [...hints, ...brought], dialects, prices, simulate: isSimulated(options) },
    processEnv: env === process.env ? undefined : process.env,
  };
}

/** Called only if a file has a `price_as`. */
function pricesKnown(options: FactoryOptions, readsFiles: boolean): PriceBook {
  let found: { readonly overlay: Overlay | undefined } | undefined;
  const overlay = () => {
    found ??= { overlay: overlayFor(options, readsFiles, silentLogger) };
    return found.overlay;
  };
  return { has: (id) => isPriced(id, overlay()), ids: () => catalogIds(undefined, overlay()) };
}
