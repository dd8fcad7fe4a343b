import type { Config } from "../config/load.ts";
import type { Observer } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import type { Hooks } from "../core/hooks.ts";
import type { Logger } from "../core/logger.ts";
import { audit } from "../layers/audit.ts";
import { callLog } from "../layers/call-log.ts";
import { diagnosticsObserver } from "../layers/diagnostics.ts";
import { hookObserver } from "../layers/hook-observer.ts";
import { openTelemetry } from "../layers/open-telemetry.ts";
import { AuditFile } from "../target/audit-file.ts";
import { openTelemetryApi } from "./open-telemetry-api.ts";

interface Observing {
  readonly logger: Logger;
  readonly hooks: Hooks;
  readonly totals: Observer;
  readonly auditFile: AuditFile | undefined;
}

/** Who observes the calls of one configuration. OpenTelemetry is first, because the others report its trace id. */
export function observersOf(config: Config, { logger, hooks, totals, auditFile }: Observing): readonly Observer[] {
  const api = openTelemetryApi(config);
  const observers = [
    api && openTelemetry(api),
    diagnosticsObserver(),
    totals,
    callLog(logger, config.logging?.logContent ?? false),
    hookObserver(hooks, logger),
    auditFile && audit((line) => auditFile.write(line), config.audit?.content ?? false),
  ];
  return observers.filter((observer) => observer !== undefined);
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
