import { unlessCancelled } from "../core/cancellation.ts";
import { scheduleLimit } from "../core/clock.ts";
import { hasKeys } from "../core/echo.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { Operation } from "../core/operation.ts";
import { redact, Secret, withoutKeys } from "../core/secret.ts";
import type { Target, Token } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";
import { timedOut } from "./timeout.ts";

const RENEW_BEFORE_MS = 60_000;

/** A token with its secret: one object for all requests, so that the SDK client is reused. */
interface HeldToken extends Token {
  readonly secret: Secret;
}

/** A pending call of a hook, and the number of calls that wait for it. */
interface Asking {
  readonly answer: Promise<HeldToken>;
  waiting: number;
}

/** The tokens of one target's hook: requested once for all waiting calls, and again a minute before the last one expires. */
export class Tokens {
  readonly #hook: () => Promise<Token>;
  #known: HeldToken | undefined;
  #asking: Asking | undefined;

  constructor(hook: () => Promise<Token>) {
    this.#hook = hook;
  }

  /**
   * The current token.
   * @throws ModelError with the hook's code if it threw one, otherwise `unauthorized`; `timed_out` if the hook takes longer than
   * an attempt may.
   */
  async current(operation: Operation): Promise<HeldToken> {
    const known = this.#known;
    const leftMs = (known?.expiresAt ?? 0) - operation.clock.now();
    if (known !== undefined && leftMs > RENEW_BEFORE_MS) return known;
    try {
      return await this.#ask(operation);
    } catch (error) {
      // The renewal started early, so the old token is still valid.
      if (known !== undefined && leftMs > 0 && error instanceof HookFailure) return known;
      throw error instanceof HookFailure ? failureOf(operation, error.cause, known) : error;
    }
  }

  /** The provider rejected it before it expired: the next call requests another one. */
  drop(token: HeldToken): void {
    if (this.#known === token) this.#known = undefined;
  }

  /** The timeout of an attempt also applies to the hook. */
  async #ask(operation: Operation): Promise<HeldToken> {
    this.#asking ??= this.#begin();
    const asking = this.#asking;
    asking.waiting += 1;
    const { attemptTimeoutMs } = operation.target.policy;
    const attempt = operation.cancellation.child();
    const late = timedOut(operation, "attempt", attemptTimeoutMs, "no credential");
    const off = scheduleLimit(operation.clock, () => attempt.cancel(late), attemptTimeoutMs);
    try {
      return await unlessCancelled(asking.answer, attempt);
    } finally {
      off();
      attempt.release();
      asking.waiting -= 1;
      // A failed or abandoned hook call is not shared with the next call.
      if (asking.waiting === 0 || attempt.reason === late) this.#forget(asking);
    }
  }

  #begin(): Asking {
    const answer = this.#hooked().then(
      (token) => {
        if (this.#asking === asking) this.#known = token;
        this.#forget(asking);
        return token;
      },
      (cause: unknown) => {
        this.#forget(asking);
        throw new HookFailure("", { cause });
      },
    );
    answer.catch(() => {});
    const asking: Asking = { answer, waiting: 0 };
    return asking;
  }

  async #hooked(): Promise<HeldToken> {
    const token = await this.#hook();
    return { ...token, secret: new Secret(token.token) };
  }

  #forget(asking: Asking): void {
    if (this.#asking === asking) this.#asking = undefined;
  }
}

/** Several calls may wait for one hook call, and each needs its own error. */
class HookFailure extends Error {}

const ALL = new WeakMap<Target, Tokens>();

/** The tokens of a target, if its provider has a hook. */
export function tokensOf(target: Target): Tokens | undefined {
  const { token } = target.credentials;
  if (token === undefined) return undefined;
  let tokens = ALL.get(target);
  if (tokens === undefined) {
    tokens = new Tokens(token);
    ALL.set(target, tokens);
  }
  return tokens;
}

/** A hook may throw a ModelError; any other exception is retried once. */
function failureOf({ target }: Operation, cause: unknown, known: HeldToken | undefined): ModelError {
  const words = cause instanceof Error ? cause.message : String(cause);
  const clean = redact(withoutKeys(words), known === undefined ? [] : [known.secret]);
  const given = isModelError(cause) ? cause : undefined;
  const failed = `the token hook of "${target.provider}" failed: ${clean}`;
  return entryError(target, given?.code ?? "unauthorized", failed, {
    ...{ phase: given?.phase, status: given?.status, retryAfterMs: given?.retryAfterMs },
    shouldRetry: given === undefined ? "once" : given.shouldRetry,
    ...(clean === words && !hasKeys(cause) && { cause }),
  });
}
