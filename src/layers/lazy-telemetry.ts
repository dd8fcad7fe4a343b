import type { Call, Observer } from "../core/call.ts";
import { unlessCancelled } from "../core/cancellation.ts";
import type { Events } from "../core/event.ts";
import type { Layer, Next } from "../core/layer.ts";
import type { Logger } from "../core/logger.ts";
import type { OpenTelemetryApi } from "./gen-ai-metrics.ts";
import { openTelemetry } from "./open-telemetry.ts";

/** OpenTelemetry, whose package is loaded in the background. */
export interface LazyTelemetry {
  readonly observer: Observer;
  /** Outside of all others: the first calls wait for the package, so that they are traced too. */
  readonly ready: Layer;
}

/** Without the package, calls go on untraced, and the log says so. */
export function lazyTelemetry(load: () => Promise<OpenTelemetryApi>, logger: Logger): LazyTelemetry {
  let loaded: Observer | undefined;
  let isPending = true;
  const loading = load()
    .then(
      (api) => {
        loaded = openTelemetry(api);
      },
      (error: unknown) => {
        const help = "otel = true needs the package @opentelemetry/api";
        logger.error("telemetry is off", { help, reason: error instanceof Error ? error.message : String(error) });
      },
    )
    .finally(() => {
      isPending = false;
    });
  return {
    observer: {
      begun: (call) => loaded?.begun?.(call),
      passed: (call, batch) => loaded?.passed?.(call, batch),
      attemptEnded: (call, attempt) => loaded?.attemptEnded?.(call, attempt),
      ended: (call, failure) => loaded?.ended?.(call, failure),
    },
    ready: (call, next) => (isPending ? afterLoading(loading, call, next) : next(call)),
  };
}

async function* afterLoading(loading: Promise<void>, call: Call, next: Next): Events {
  // If the call is cancelled meanwhile, the layers below report that.
  await unlessCancelled(loading, call.cancellation).catch(() => {});
  yield* next(call);
}
