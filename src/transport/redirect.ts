import { ModelError } from "../core/error.ts";

export const MAX_REDIRECTS = 3;

/**
 * The target of a redirect, if it may be followed: the same origin, with the same method and body. Key and prompt are never sent
 * to another origin. Throws otherwise.
 */
export function redirectTarget(status: number, location: string | null, from: string, followed: number): URL {
  const target = location !== null && URL.canParse(location, from) ? new URL(location, from) : undefined;
  const { origin } = new URL(from);
  if (target === undefined) throw unexpected(`${origin} answered ${status} without a location`);
  if (target.origin !== origin) throw blocked(origin, target.origin);
  if (status !== 307 && status !== 308) throw unexpected(`${origin} answered ${status}; check base_url`);
  if (followed >= MAX_REDIRECTS) throw unexpected(`${origin} redirected more than ${MAX_REDIRECTS} times`);
  return target;
}

function blocked(from: string, to: string): ModelError {
  return new ModelError({
    code: "redirect_blocked",
    message: `${from} redirects to ${to}. Key and prompt were not sent there; if the target is correct, set base_url to it.`,
  });
}

function unexpected(what: string): ModelError {
  return new ModelError({ code: "protocol_error", message: `${what}.` });
}
