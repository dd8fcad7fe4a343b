import { appendFileSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "../config/load.ts";
import type { Clock } from "../core/clock.ts";
import { type LogFields, type Logger, silentLogger } from "../core/logger.ts";
import { APPEND, createPrivateFile, MODE, seen, unwritable } from "./private-file.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
type Level = (typeof LEVELS)[number];
const NAME = "modelwright";

/**
 * A logger for the `[logging]` table; silent without one.
 * @throws ConfigError if its file cannot be written.
 */
export function loggerFor(config: Config, clock: Clock): Logger {
  const { logging } = config;
  if (logging === undefined) return silentLogger;
  const format = formatter(logging.format);
  const write = writerFor(logging.file, config);
  // "trace" is below all levels, "silent" above.
  const lowest = logging.level === "silent" ? LEVELS.length : LEVELS.indexOf(logging.level as Level);
  const log =
    (level: Level) =>
    (message: string, fields: LogFields = {}) => {
      if (LEVELS.indexOf(level) >= lowest)
        write(format({ time: new Date(clock.now()).toISOString(), level, message, fields }));
    };
  return { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
}

interface Line {
  readonly time: string;
  readonly level: Level;
  readonly message: string;
  readonly fields: LogFields;
}

/** "text", "json", or a pattern in the format of Python's logging. */
function formatter(format: string): (line: Line) => string {
  if (format === "json") return jsonLine;
  const pattern = format === "text" ? "%(asctime)s %(levelname)s %(message)s" : format;
  return (line) =>
    pattern.replace(/%\((asctime|name|levelname|message)\)s/g, (_, token: string) => TOKENS[token]?.(line) ?? "");
}

/** Fields must not override those of the line; `message` of a failure becomes `error`. */
function jsonLine({ time, level, message, fields: { message: error, ...fields } }: Line): string {
  return JSON.stringify({ time, level, name: NAME, message, ...(error !== undefined && { error }), ...fields });
}

const TOKENS: Readonly<Record<string, (line: Line) => string>> = {
  asctime: ({ time }) => time.replace("T", " ").replace(".", ",").replace("Z", ""),
  name: () => NAME,
  levelname: ({ level }) => (level === "warn" ? "WARNING" : level.toUpperCase()),
  message: ({ message, fields }) =>
    [
      message,
      ...Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${word(value)}`])),
    ].join(" "),
};

/** Escapes a value, so that untrusted text can neither start a new line nor control the terminal. */
function word(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  return /[\s\p{C}]/u.test(value) ? JSON.stringify(value).replace(/\p{C}/gu, escaped) : value;
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Lines are written synchronously, so that they survive a crash. Files are readable only by their owner. */
function writerFor(file: string | undefined, config: Config): (line: string) => void {
  if (file === undefined) return (line) => void process.stderr.write(`${line}\n`);
  const path = resolve(config.baseDir ?? "", file);
  try {
    // A terminal or a pipe, such as /dev/stdout, has no owner to check.
    const stats = seen(() => statSync(path));
    const device = stats !== undefined && !stats.isFile() && !stats.isDirectory();
    if (!device) createPrivateFile(path);
    const flag = device ? constants.O_APPEND | constants.O_WRONLY : APPEND;
    return (line) => appendFileSync(path, `${line}\n`, { mode: MODE, flag: flag as unknown as string });
  } catch (cause) {
    throw unwritable(config, "logging", `the log file ${path}`, cause);
  }
}

/** A logger that throws must not fail the call. */
export function safeLogger(logger: Logger): Logger {
  const safe = (level: Level) => (message: string, fields?: LogFields) => {
    try {
      logger[level](message, fields);
    } catch {
      // No logger is left to report it.
    }
  };
  return { debug: safe("debug"), info: safe("info"), warn: safe("warn"), error: safe("error") };
}
