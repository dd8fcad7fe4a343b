import type { Call } from "../core/call.ts";
import type { ModelError } from "../core/error.ts";
import type { ModelErrorCode } from "../core/error-codes.ts";
import type { RateLimit } from "../core/rate-limit.ts";
import type { Secret } from "../core/secret.ts";
import type { Target } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";

/** How long a rate limited key comes last without a retry delay. */
const UNNAMED_REST_MS = 10_000;
/** When a key without credit or quota is tried again: credit may have been added, or a new day started. */
const QUOTA_REST_MS = 300_000;

interface Rest {
  readonly code: ModelErrorCode;
  readonly untilMs: number;
  /** Whether the key is not used before its time, or only comes last. */
  readonly strict: boolean;
}

/**
 * The states of API keys; a target without keys counts as one. A rejected key is not used again at its origin. A rate limited key
 * is unavailable for its model, one without credit for its origin, both only for a time.
 */
export class KeyStates {
  readonly #dead = new Map<string, ModelErrorCode>();
  readonly #rests = new Map<string, Rest>();

  /** The usable keys, unavailable ones last. */
  usable({ target, clock }: Call): readonly Secret[] {
    const now = clock.monotonic();
    const restMs = (key: Secret) => Math.max(0, (this.#restOf(target, key)?.untilMs ?? 0) - now);
    return this.#living(target)
      .filter((key) => restMs(key) === 0 || this.#restOf(target, key)?.strict !== true)
      .sort((left, right) => restMs(left) - restMs(right));
  }

  /** Milliseconds until the credential of a call may be used; 0 if it may be used now. */
  restMs({ target, credential, clock }: Call): number {
    if (this.#rests.size === 0) return 0;
    const rest = this.#restOf(target, target.credentials.token === undefined ? credential : undefined);
    return rest?.strict === true ? Math.max(0, rest.untilMs - clock.monotonic()) : 0;
  }

  /**
   * Every call with the same key and model waits for a provider's retry delay. A delay that is too long to wait for does not
   * block other calls, unless another key is available, because some delays are mistakes. Returns the pause.
   */
  heed({ retryAfterMs }: ModelError, call: Call): number | undefined {
    return this.#pause(retryAfterMs, call);
  }

  /** The same for limits in the headers of an answer that have nothing left. */
  learn({ requests, tokens }: RateLimit, call: Call): number | undefined {
    const resets = [requests, tokens].flatMap((window) =>
      window?.remaining === 0 && (window.limit ?? 0) > 0 && (window.resetMs ?? 0) > 0 ? [window.resetMs ?? 0] : [],
    );
    return resets.length === 0 ? undefined : this.#pause(Math.max(...resets), call);
  }

  #pause(retryAfterMs: number | undefined, { target, credential, clock }: Call): number | undefined {
    const { keys, token } = target.credentials;
    if (retryAfterMs === undefined || (retryAfterMs > target.policy.maxRetryAfterMs && keys.length <= 1))
      return undefined;
    const id = idOf(target.key, token === undefined ? credential : undefined);
    this.#rest(id, { code: "rate_limited", untilMs: clock.monotonic() + retryAfterMs, strict: true });
    return retryAfterMs;
  }

  note(key: Secret, { code, retryAfterMs }: ModelError, { target, clock }: Call): void {
    const rest = (place: string, forMs: number, strict: boolean) =>
      this.#rest(idOf(place, key), { code, untilMs: clock.monotonic() + forMs, strict });
    if (code === "rate_limited") rest(target.key, retryAfterMs ?? UNNAMED_REST_MS, retryAfterMs !== undefined);
    else if (code === "quota_exhausted") rest(target.origin, QUOTA_REST_MS, true);
    else if (code !== "forbidden") this.#dead.set(idOf(target.origin, key), code);
  }

  /** Why no key may be used: all are rejected or unavailable. */
  nothingUsable({ target, clock }: Call): ModelError {
    const { credentials } = target;
    const rests = this.#living(target).map((key) => this.#restOf(target, key));
    const soonest = rests.reduce(
      (one, other) => ((one?.untilMs ?? 0) <= (other?.untilMs ?? 0) ? one : other),
      rests[0],
    );
    if (soonest === undefined) {
      const codes = credentials.keys.map((key) => this.#dead.get(idOf(target.origin, key)) ?? "unauthorized");
      const remedy = credentials.remedy === undefined ? "" : `; ${credentials.remedy}`;
      return entryError(
        target,
        codes[0] ?? "unauthorized",
        `all API keys were rejected (${codes.join(", ")})${remedy}`,
      );
    }
    const retryAfterMs = Math.max(1, Math.ceil(soonest.untilMs - clock.monotonic()));
    const words = `skipped: all API keys are unavailable (${soonest.code}), retry in ${Math.ceil(retryAfterMs / 1_000)} s`;
    return entryError(target, soonest.code, words, { retryAfterMs });
  }

  /** A later delay does not shorten an earlier one. */
  #rest(id: string, rest: Rest): void {
    const known = this.#rests.get(id);
    if (known === undefined || !known.strict || known.untilMs < rest.untilMs) this.#rests.set(id, rest);
  }

  #living({ origin, credentials }: Target): readonly Secret[] {
    return credentials.keys.filter((key) => !this.#dead.has(idOf(origin, key)));
  }

  #restOf({ key: place, origin }: Target, key: Secret | undefined): Rest | undefined {
    const [model, all] = [this.#rests.get(idOf(place, key)), this.#rests.get(idOf(origin, key))];
    return (model?.untilMs ?? 0) >= (all?.untilMs ?? 0) ? model : all;
  }
}

function idOf(place: string, key: Secret | undefined): string {
  return `${place} ${key?.reveal() ?? ""}`;
}
