import { unlessCancelled } from "../core/cancellation.ts";
import { hasKeys } from "../core/echo.ts";
import { isModelError, type ModelError } from "../core/error.ts";
import type { Operation } from "../core/operation.ts";
import { redact, Secret, withoutKeys } from "../core/secret.ts";
import type { Target, Token } from "../core/target.ts";
import { entryError } from "../core/target-error.ts";
import { timedOut } from "./timeout.ts";

const RENEW_BEFORE_MS = 60_000;

/** A token with the secret that goes out: one object for all requests, so that their SDK client stays the same. */
interface HeldToken extends Token {
  readonly secret: Secret;
}

/** One question to a hook, and how many calls wait for its answer. */
interface Asking {
  readonly answer: Promise<HeldToken>;
  waiting: number;
}

/** The tokens of one target's hook: asked for by one call for all, and again a minute before the last one ends. */
export class Tokens {
  readonly #hook: () => Promise<Token>;
  #known: HeldToken | undefined;
  #asking: Asking | undefined;

  constructor(hook: () => Promise<Token>) {
    this.#hook = hook;
  }

  /**
   * A token to send now.
   * @throws ModelError with the hook's code where it threw one, else `unauthorized`; `timed_out` when the hook takes longer
   * than an attempt may.
   */
  async current(operation: Operation): Promise<HeldToken> {
    const known = this.#known;
    const leftMs = (known?.expiresAt ?? 0) - operation.clock.now();
    if (known !== undefined && leftMs > RENEW_BEFORE_MS) return known;
    try {
      return await this.#ask(operation);
    } catch (error) {
      // It was asked in good time.
      if (known !== undefined && leftMs > 0 && error instanceof HookFailure) return known;
      throw error instanceof HookFailure ? failureOf(operation, error.cause, known) : error;
    }
  }

  /** The provider refused it before its time: the next call asks for another. */
  drop(token: HeldToken): void {
    if (this.#known === token) this.#known = undefined;
  }

  /** A hook that never answers is an attempt that never ends, so the attempt's clock holds for it. */
  async #ask(operation: Operation): Promise<HeldToken> {
    this.#asking ??= this.#begin();
    const asking = this.#asking;
    asking.waiting += 1;
    const { attemptTimeoutMs } = operation.target.policy;
    const attempt = operation.cancellation.child();
    const late = timedOut(operation, "attempt", attemptTimeoutMs, "no credential");
    const off = operation.clock.schedule(() => attempt.cancel(late), attemptTimeoutMs);
    try {
      return await unlessCancelled(asking.answer, attempt);
    } finally {
      off();
      attempt.release();
      asking.waiting -= 1;
      // A request that was abandoned or that failed is not shared with the next call.
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

/** Several calls may wait for one answer, and each needs an error of its own. */
class HookFailure extends Error {}

const ALL = new WeakMap<Target, Tokens>();

/** The tokens of a target, where its provider has a hook. */
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

/** A hook that knows the code of its failure throws it; any other failure is worth one more try. */
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
