import type { Call, Observer } from "../core/call.ts";
import { costOfCall } from "../core/call-reply.ts";
import { userOf } from "../core/caller.ts";
import type { HookCall, Hooks, RequestEvent } from "../core/hooks.ts";
import type { Logger } from "../core/logger.ts";
import { FactsByCall } from "./answer-facts.ts";

/** Calls the listeners of the user. An event without a listener is not observed. */
export function hookObserver(hooks: Hooks, logger: Logger): Observer {
  const { request, attempt, retry, fallback, adjustment, budget, cache, slow, success, failure } = hooks;
  const tell = teller(logger);
  const facts = new FactsByCall();
  const ends = success !== undefined || failure !== undefined;
  return {
    ...(request && { begun: (call) => tell("request", request, requestOf(call)) }),
    ...((ends || adjustment) && {
      passed(call, batch) {
        facts.note(call, batch);
        if (adjustment === undefined) return;
        for (const event of batch)
          if (event.type === "adjustment")
            tell("adjustment", adjustment, { ...hookCallOf(call), adjustment: { ...event.adjustment } });
      },
    }),
    ...(attempt && {
      attemptEnded(call, row) {
        if (row !== undefined) tell("attempt", attempt, { ...hookCallOf(call), attempt: { ...row } });
      },
    }),
    ...(retry && {
      retrying: (call, { code }, waitMs) => tell("retry", retry, { ...hookCallOf(call), code, waitMs }),
    }),
    ...(fallback && {
      fellBack: (call, { code }, from, to) =>
        tell("fallback", fallback, { ...hookCallOf({ ...call, target: to }), code, from: from.entry, to: to.entry }),
    }),
    ...(budget && {
      budgetNoticed: (call, notice) => tell("budget", budget, { ...hookCallOf(call), budget: { ...notice } }),
    }),
    ...(cache && {
      cacheLooked(call, outcome) {
        const { similarity } = call.record.cached ?? {};
        tell("cache", cache, { ...hookCallOf(call), outcome, ...(similarity !== undefined && { similarity }) });
      },
    }),
    ...(slow && { slowed: (call, afterMs) => tell("slow", slow, { ...hookCallOf(call), afterMs }) }),
    ...(ends && {
      ended(call, error) {
        const { record, clock } = call;
        const latencyMs = clock.monotonic() - record.startedMs;
        const cost = costOfCall(record);
        if (error !== undefined) {
          if (failure !== undefined)
            tell("failure", failure, { ...hookCallOf(call), error: error.details(), cost, latencyMs });
          return;
        }
        if (success === undefined) return;
        const { finishReasons, usage, model, provider } = facts.of(record);
        tell("success", success, {
          ...hookCallOf({ ...call, target: record.read ?? call.target }),
          ...(model !== undefined && provider !== undefined && { model, provider }),
          finishReason: finishReasons[0] ?? "unknown",
          ...{ usage, cost, latencyMs },
          attempts: record.attempts.map((row) => ({ ...row })),
          firstTokenMs: record.firstTokenMs,
          cached: record.cached !== undefined,
        });
      },
    }),
  };
}

/** A listener that fails is logged once, and never fails the call. */
function teller(logger: Logger) {
  const reported = new Set<string>();
  const report = (hook: string, error: unknown) => {
    if (reported.has(hook)) return;
    reported.add(hook);
    logger.error("a hook failed; further failures of it are not logged", { hook, reason: reasonOf(error) });
  };
  return <Event>(hook: string, listener: (event: Event) => unknown, event: Event): void => {
    try {
      const result = listener(event);
      // A program may have replaced the global Promise, so `instanceof` does not detect the promises of its listeners.
      if (typeof result === "object" && result !== null && "then" in result)
        Promise.resolve(result).catch((error: unknown) => report(hook, error));
    } catch (error) {
      report(hook, error);
    }
  };
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function requestOf(call: Call): RequestEvent {
  const { messages, settings, embedding } = call.input;
  const texts = embedding === undefined ? {} : { texts: embedding.texts };
  return { ...hookCallOf(call), messages, ...texts, settings, streaming: call.streaming };
}

export function hookCallOf({ record, target, input }: Call): HookCall {
  return {
    callId: record.id,
    traceId: record.root.traceId,
    model: target.entry,
    provider: target.provider,
    modelId: target.modelId,
    user: userOf({ target, input }),
    tags: input.tags,
    scope: input.scopes?.at(-1),
  };
}
