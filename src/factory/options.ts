import {
  ANYTHING,
  checkOptions,
  either,
  FLAG,
  FUNCTION,
  methods,
  type OptionRules,
  recordOf,
  TEXT,
} from "../core/check-options.ts";
import type { Clock } from "../core/clock.ts";
import type { Dialect } from "../core/dialect.ts";
import type { Logger } from "../core/logger.ts";
import type { Scope } from "../core/scope.ts";
import type { Token } from "../core/target.ts";
import type { TransportInput } from "../transport/any-fetch.ts";

/** How `factory.create` and `factory.get` give a model. */
export interface CreateOptions {
  /** Whom it works for: the same name and scope give the same object, and its usage is counted for the scope. */
  readonly scope?: Scope | undefined;
  /** A new object that no other `create` gives. Default false. */
  readonly fresh?: boolean | undefined;
}

/** What a credential hook is given. */
export interface TokenRequest {
  readonly provider: string;
  /** The entry's name in models.toml. */
  readonly model: string;
}

export interface FactoryOptions {
  /** Where `env:NAME` and the providers' usual variables are read. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A `[profiles.x]` table to lay over the file. Default `MODELWRIGHT_PROFILE`. */
  readonly profile?: string;
  /**
   * A catalog file that `modelwright catalog update` wrote, or `false` for the shipped facts alone. Default: for `load` the
   * one of the user's cache folder, if there is one; for `parse` none.
   */
  readonly catalog?: string | false;
  /**
   * Sends every call to the built-in simulator, whatever the file says: no key, token hook, custom dialect, proxy or
   * transport is used, and no connection leaves this machine. The variable MODELWRIGHT_SIMULATE=1 does the same; `false`
   * does not undo it.
   */
  readonly simulate?: boolean;
  /** Folder that relative paths of the text start from. */
  readonly baseDir?: string;
  /** Dialects for providers of your own, by provider name. */
  readonly providers?: Readonly<Record<string, Dialect>>;
  /**
   * Credential hooks by provider name, in place of keys. A token with `expiresAt` serves all calls until a minute before
   * that; one without is asked for before each attempt, by one call for all that need it at once. A token that the provider
   * refuses is exchanged once in the same attempt. A hook that throws is asked once more, then the call is `unauthorized`;
   * one that throws a ModelError says by its code whether another try makes sense.
   */
  readonly tokens?: Readonly<Record<string, (request: TokenRequest) => Promise<Token | string>>>;
  /** Default: what `[logging]` says, else silence. */
  readonly logger?: Logger;
  /** Sends the requests: a function like `fetch`, or an object with one. Default: the built-in pooled transport. */
  readonly transport?: TransportInput;
  /** Default: the system's. */
  readonly clock?: Partial<Clock>;
  /** Randomness of jitter, 0 to 1. Default `Math.random`. */
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
  baseDir: TEXT,
  providers: recordOf("an object of dialects", methods("a dialect", ["open"])),
  tokens: recordOf("an object of functions", FUNCTION),
  logger: methods("a logger, with debug, info, warn and error", ["debug", "info", "warn", "error"]),
  transport: either(FUNCTION, methods("an object with fetch", ["fetch"], ["close"])),
  clock: methods("an object with now, monotonic or schedule", [], ["now", "monotonic", "schedule"]),
  random: FUNCTION,
};
const VARIABLES = recordOf("", { is: "", accepts: (value) => value === undefined || typeof value === "string" });

export const CREATE_RULES: OptionRules<CreateOptions> = { scope: ANYTHING, fresh: FLAG };

/** @throws ModelError `invalid_request` for an option that `load` and `parse` do not have, or of another type. */
export function checkFactoryOptions(options: FactoryOptions, method: "load" | "parse"): void {
  checkOptions(options, RULES, `ModelFactory.${method}`);
}
