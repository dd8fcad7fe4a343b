import { createRequire } from "node:module";
import type { Config } from "../config/load.ts";
import { ConfigError } from "../core/config-error.ts";
import type { OpenTelemetryApi } from "../layers/gen-ai-metrics.ts";

/**
 * The optional package, for `[telemetry] otel = true`. Loaded synchronously, so that the first call is traced too.
 * @throws ConfigError if it is not installed.
 */
export function openTelemetryApi(config: Config): OpenTelemetryApi | undefined {
  if (config.telemetry?.otel !== true) return undefined;
  try {
    return createRequire(import.meta.url)("@opentelemetry/api") as OpenTelemetryApi;
  } catch (cause) {
    const message = "otel = true needs the package @opentelemetry/api: run npm install @opentelemetry/api";
    throw new ConfigError([{ file: config.file, line: 0, column: 0, path: "telemetry.otel", message }], { cause });
  }
}
