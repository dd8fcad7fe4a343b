import { appendFileSync, chmodSync } from "node:fs";
import { resolve } from "node:path";
import type { Config } from "./config/load.ts";
import type { Clock } from "./core/clock.ts";
import { type LogFields, type Logger, silentLogger } from "./core/logger.ts";

const LEVELS = ["debug", "info", "warn", "error"] as const;
type Level = (typeof LEVELS)[number];
const NAME = "modelwright";

/** A logger for the `[logging]` table; silent without one. */
export function loggerFor(config: Config, clock: Clock): Logger {
  const { logging } = config;
  if (logging === undefined) return silentLogger;
  const format = formatter(logging.format);
  const write = writer(logging.file === undefined ? undefined : resolve(config.baseDir ?? "", logging.file));
  // "trace" is below all levels there are, "silent" above.
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

/** "text", "json", or a pattern with the tokens of Python's logging. */
function formatter(format: string): (line: Line) => string {
  if (format === "json")
    return ({ time, level, message, fields }) => JSON.stringify({ time, level, name: NAME, message, ...fields });
  const pattern = format === "text" ? "%(asctime)s %(levelname)s %(message)s" : format;
  return (line) =>
    pattern.replace(/%\((asctime|name|levelname|message)\)s/g, (_, token: string) => TOKENS[token]?.(line) ?? "");
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

function word(value: unknown): string {
  return typeof value === "string" ? (/\s/.test(value) ? JSON.stringify(value) : value) : JSON.stringify(value);
}

/** Lines go out at once: a log that is lost with the process is no log. Files are readable by their owner only. */
function writer(file: string | undefined): (line: string) => void {
  if (file === undefined) return (line) => void process.stderr.write(`${line}\n`);
  appendFileSync(file, "", { mode: 0o600 });
  chmodSync(file, 0o600);
  return (line) => appendFileSync(file, `${line}\n`);
}

/** A logger that fails must not take the call with it. */
export function safeLogger(logger: Logger): Logger {
  const safe = (level: Level) => (message: string, fields?: LogFields) => {
    try {
      logger[level](message, fields);
    } catch {
      // There is nobody left to tell.
    }
  };
  return { debug: safe("debug"), info: safe("info"), warn: safe("warn"), error: safe("error") };
}
