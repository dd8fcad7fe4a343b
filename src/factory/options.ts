import {
  ANYTHING,
  checkOptions,
  either,
  FLAG,
  FUNCTION,
  methods,
  type OptionRules,
  recordOf,
  TABLE,
  TEXT,
} from "../core/check-options.ts";
import type { Clock } from "../core/clock.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Embedder } from "../core/embedder.ts";
import type { Hooks } from "../core/hooks.ts";
import type { Logger } from "../core/logger.ts";
import type { Scope } from "../core/scope.ts";
import type { Token } from "../core/target.ts";
import type { TransportInput } from "../transport/any-fetch.ts";

/** Options of `factory.create` and `factory.get`. */
export interface CreateOptions {
  /** Who the model is used for: the same name and scope give the same object, and usage is counted by scope. */
  readonly scope?: Scope | undefined;
  /** Return a new object. Default false. */
  readonly fresh?: boolean | undefined;
}

/** The argument of a credential hook. */
export interface TokenRequest {
  readonly provider: string;
  /** The entry's name in models.toml. */
  readonly model: string;
}

export interface FactoryOptions {
  /** The environment for `env:NAME` and the providers' default variables. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The profile to apply. Default `MODELWRIGHT_PROFILE`. */
  readonly profile?: string;
  /**
   * A catalog file from `modelwright catalog update`, or `false` for only the built-in facts. Default: for `load` the one in
   * the user's cache directory, if it exists; for `parse` none.
   */
  readonly catalog?: string | false;
  /**
   * Sends every call to the built-in simulator, regardless of the file: no key, token hook, custom dialect, proxy or transport
   * is used, and no connection leaves this machine. MODELWRIGHT_SIMULATE=1 does the same; `false` does not override it.
   */
  readonly simulate?: boolean;
  /**
   * For programs that only look at a file: its state store, ledger, audit file, log file and recording are not opened. Budgets
   * and limits count in this process. Default false.
   */
  readonly readOnly?: boolean;
  /** Directory for relative paths in the text. */
  readonly baseDir?: string;
  /** Custom dialects, by provider name. */
  readonly providers?: Readonly<Record<string, Dialect>>;
  /**
   * Credential hooks by provider name, instead of keys. A token with `expiresAt` is used until a minute before that time;
   * without `expiresAt`, the hook is called before each attempt, once for concurrent attempts. If the provider rejects a token,
   * the hook is called once more in the same attempt. A hook that throws is retried once, then the call fails with
   * `unauthorized`; if it throws a ModelError, its code decides whether to retry.
   */
  readonly tokens?: Readonly<Record<string, (request: TokenRequest) => Promise<Token | string>>>;
  /**
   * Computes vectors of texts for `[cache.semantic]`, which gives it the question of each call that it has no equal answer for.
   * What it costs is not part of any cost or budget. `false`: without a semantic cache, whatever the file says.
   */
  readonly embed?: Embedder | false;
  /** Functions that are called during every call: to watch, change or refuse it. */
  readonly hooks?: Hooks;
  /** Default: as configured in `[logging]`, otherwise none. */
  readonly logger?: Logger;
  /** Sends the requests: a `fetch` function, or an object with one. Default: the built-in transport with connection pools. */
  readonly transport?: TransportInput;
  /** Default: the system clock. */
  readonly clock?: Partial<Clock>;
  /** Random numbers for jitter, 0 to 1. Default `Math.random`. */
  readonly random?: () => number;
}

const RULES: OptionRules<FactoryOptions> = {
  env: {
    is: "an object of strings",
    // Reading all variables of the process would cost more than the rest of a load.
    accepts: (env) => env === process.env || VARIABLES.accepts(env),
  },
  profile: TEXT,
  catalog: { is: "a path or false", accepts: (catalog) => catalog === false || TEXT.accepts(catalog) },
  simulate: FLAG,
  readOnly: FLAG,
  baseDir: TEXT,
  providers: recordOf("an object of dialects", methods("a dialect", ["open"])),
  tokens: recordOf("an object of functions", FUNCTION),
  embed: { is: "a function or false", accepts: (embed) => embed === false || FUNCTION.accepts(embed) },
  hooks: TABLE,
  logger: methods("a logger, with debug, info, warn and error", ["debug", "info", "warn", "error"]),
  transport: either(FUNCTION, methods("an object with fetch", ["fetch"], ["close"])),
  clock: methods("an object with now, monotonic or schedule", [], ["now", "monotonic", "schedule"]),
  random: FUNCTION,
};
const VARIABLES = recordOf("", { is: "", accepts: (value) => value === undefined || typeof value === "string" });

const HOOK_RULES: OptionRules<Hooks> = {
  ...{ request: FUNCTION, attempt: FUNCTION, retry: FUNCTION, fallback: FUNCTION, adjustment: FUNCTION },
  ...{ budget: FUNCTION, cache: FUNCTION, slow: FUNCTION, success: FUNCTION, failure: FUNCTION },
  ...{ before: FUNCTION, after: FUNCTION, shouldRetry: FUNCTION },
  middleware: {
    is: "an array of functions",
    accepts: (value) => Array.isArray(value) && value.every(FUNCTION.accepts),
  },
};

export const CREATE_RULES: OptionRules<CreateOptions> = { scope: ANYTHING, fresh: FLAG };

/** @throws ModelError `invalid_request` for an unknown option, or a value of another type. */
export function checkFactoryOptions(options: FactoryOptions, method: "load" | "parse"): void {
  checkOptions(options, RULES, `ModelFactory.${method}`);
  if (options.hooks !== undefined) checkOptions(options.hooks, HOOK_RULES, `ModelFactory.${method}: hooks`);
}
