import type { Config } from "../config/load.ts";
import type { Observer } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import type { Hooks } from "../core/hooks.ts";
import type { Logger } from "../core/logger.ts";
import { commonJsExports } from "../core/own.ts";
import { audit } from "../layers/audit.ts";
import { callLog } from "../layers/call-log.ts";
import { diagnosticsObserver } from "../layers/diagnostics.ts";
import type { OpenTelemetryApi } from "../layers/gen-ai-metrics.ts";
import { hookObserver } from "../layers/hook-observer.ts";
import { type LazyTelemetry, lazyTelemetry } from "../layers/lazy-telemetry.ts";
import { AuditFile } from "../target/audit-file.ts";

interface Observing {
  readonly logger: Logger;
  readonly hooks: Hooks;
  readonly totals: Observer;
  readonly auditFile: AuditFile | undefined;
  readonly telemetry: LazyTelemetry | undefined;
}

/** Who observes the calls of one configuration. OpenTelemetry is first, because the others report its trace id. */
export function observersOf(config: Config, observing: Observing): readonly Observer[] {
  const { logger, hooks, totals, auditFile, telemetry } = observing;
  const observers = [
    telemetry?.observer,
    diagnosticsObserver(),
    totals,
    callLog(logger, config.logging?.logContent ?? false),
    hookObserver(hooks, logger),
    auditFile && audit((line) => auditFile.write(line), config.audit?.content ?? false),
  ];
  return observers.filter((observer) => observer !== undefined);
}

/** OpenTelemetry, if `[telemetry]` asks for it. */
export function telemetryFor({ telemetry }: Config, logger: Logger): LazyTelemetry | undefined {
  return telemetry?.otel === true ? lazyTelemetry(loadApi, logger) : undefined;
}

/** Optional: only with `catch` do bundlers accept that the package is missing. */
async function loadApi(): Promise<OpenTelemetryApi> {
  const loaded = await import("@opentelemetry/api").catch((cause: unknown) => {
    throw new Error("@opentelemetry/api could not be loaded", { cause });
  });
  return commonJsExports(loaded, "trace");
}

interface Writing {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onClose: (close: () => Promise<void>) => void;
}

/** The file of `[audit]`, flushed when the factory is closed. */
export function auditFileFor(config: Config, { clock, logger, onClose }: Writing): AuditFile | undefined {
  if (config.audit === undefined) return undefined;
  const file = new AuditFile(config.audit, config, clock, logger);
  onClose(() => file.flush());
  return file;
}
