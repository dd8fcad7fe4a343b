import { existsSync, renameSync, unlinkSync } from "node:fs";
import { resolve } from "node:path";
import { checkOptions, invalidOption, methods, type OptionRules, TABLE } from "../core/check-options.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Transport } from "../index.ts";
import { cassetteWriter, readCassette } from "../transport/cassette/cassette-file.ts";
import { recordingThrough } from "../transport/cassette/recorder.ts";
import { replayOf } from "../transport/cassette/replayer.ts";
import { createTransport } from "../transport/fetch.ts";

export interface CassetteOptions {
  /** `auto`: replay if the file exists, otherwise record; MODELWRIGHT_RECORD=1 records again. Default `auto`. */
  readonly mode?: "auto" | "record" | "replay";
  /** `recorded`: a replay waits as long as the provider did. Default `none`. */
  readonly timing?: "none" | "recorded";
  /** Fields at the top or in `metadata` of a request body that are not compared. */
  readonly ignore?: readonly string[];
  /** Sends the requests that are recorded. Default: the built-in transport. */
  readonly through?: Transport;
  /** Where MODELWRIGHT_RECORD and CI are looked up. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Default: the system clock. */
  readonly clock?: Clock;
}

const RULES: OptionRules<CassetteOptions> = {
  mode: {
    is: '"auto", "record" or "replay"',
    accepts: (mode) => ["auto", "record", "replay"].includes(mode as string),
  },
  timing: { is: '"none" or "recorded"', accepts: (timing) => timing === "none" || timing === "recorded" },
  ignore: {
    is: "an array of strings",
    accepts: (names) => Array.isArray(names) && names.every((name) => typeof name === "string"),
  },
  through: methods("a transport, with fetch and close", ["fetch", "close"]),
  env: TABLE,
  clock: methods("a clock, with now, monotonic and schedule", ["now", "monotonic", "schedule"]),
};

/** Closes the transport, before the factory if a test forgets the order. */
const OWNER = "cassette";

/** The recording of one test. */
export interface Cassette extends AsyncDisposable {
  readonly mode: "record" | "replay";
  /** For `ModelFactory.load` and `ModelFactory.parse`: `{ transport: tape.transport }`. */
  readonly transport: Transport;
  /** Writes the file after a recording. Close the factory first, so that its requests have ended. */
  close(): Promise<void>;
}

/**
 * Records the requests of a test into a file, or replays them from it without a network. A replayed request that was not
 * recorded fails with `invalid_request` and the differences to the nearest recorded one.
 * @throws ConfigError for a damaged file; ModelError `invalid_request` for a missing file if the variable CI is set.
 *
 * @example
 * import { ModelFactory } from "modelwright";
 * import { cassette, startSimulator } from "modelwright/testing";
 *
 * const simulator = await startSimulator();
 * await using tape = cassette("recordings/hello.jsonl", { env: {} });
 * const toml = `[models.m]\nname = "gpt-6-luna"\nprovider = "openai"\napi_key = "any"\nbase_url = "${simulator.baseUrl("openai")}"`;
 * await using factory = ModelFactory.parse(toml, { transport: tape.transport });
 * console.log((await factory.create().codegen("Hello")).text);
 * await simulator.close();
 */
export function cassette(file: string, options: CassetteOptions = {}): Cassette {
  if (typeof file !== "string" || file === "") throw invalidOption("cassette: the file must be a path");
  checkOptions(options, RULES, "cassette");
  const path = resolve(file);
  const { clock = systemClock, timing = "none", ignore = [] } = options;
  const mode = modeOf(path, file, options);
  if (mode === "replay")
    return tapeOf(mode, replayOf(readCassette(path), { clock, timing, ignore, file, owner: OWNER }));
  return recordingOf(path, options.through ?? createTransport({ clock, owner: OWNER }), clock);
}

function modeOf(
  path: string,
  file: string,
  { mode = "auto", env = process.env }: CassetteOptions,
): "record" | "replay" {
  if (mode !== "auto") return mode;
  if (isSet(env["MODELWRIGHT_RECORD"])) return "record";
  if (existsSync(path)) return "replay";
  if (!isSet(env["CI"])) return "record";
  throw invalidOption(
    `cassette: ${file} does not exist, and nothing is recorded while CI is set; run the test once on your machine, or with MODELWRIGHT_RECORD=1, and commit the file`,
  );
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== "" && value !== "0" && value !== "false";
}

/** Written beside the file, which an interrupted test leaves as it was. */
function recordingOf(path: string, inner: Transport, clock: Clock): Cassette {
  const unfinished = `${path}.unfinished`;
  const append = cassetteWriter(unfinished, { fresh: true });
  let isEmpty = true;
  const write = (line: string) => {
    append(line);
    isEmpty = false;
  };
  const failures: unknown[] = [];
  const transport = recordingThrough(inner, { clock, write, onFailure: (error) => failures.push(error) });
  return tapeOf("record", transport, () => {
    if (failures.length > 0) throw failures[0];
    // The next test would replay an empty file, and find nothing in it.
    if (isEmpty) unlinkSync(unfinished);
    else renameSync(unfinished, path);
  });
}

function tapeOf(mode: Cassette["mode"], transport: Transport, finish = () => {}): Cassette {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= transport.close().then(finish);
    return closing;
  };
  return { mode, transport, close, [Symbol.asyncDispose]: close };
}
