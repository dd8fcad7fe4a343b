import type { ReceivedRequest } from "./received-request.ts";

/** Expectations for all received requests. */
export interface FaultExpectation {
  /** Every connection is closed, by either side, within this time from now, milliseconds. */
  readonly closeWithin?: number;
  /** No request has one of these headers. */
  readonly headerAbsent?: string | readonly string[];
  /** Every body matches this regular expression. */
  readonly bodyMatches?: string;
  readonly maxRequests?: number;
  readonly minRequests?: number;
}

const KEYS = ["closeWithin", "headerAbsent", "bodyMatches", "maxRequests", "minRequests"];

/** Throws a TypeError for an unknown key. */
export function checkedExpectation(expectation: FaultExpectation): FaultExpectation {
  const unknown = Object.keys(expectation).find((key) => !KEYS.includes(key));
  if (unknown !== undefined)
    throw new TypeError(`expect: unknown key ${JSON.stringify(unknown)}; known keys: ${KEYS.join(", ")}`);
  return expectation;
}

/** Messages for the unmet expectations. */
export function unmet(expectation: FaultExpectation, requests: readonly ReceivedRequest[]): readonly string[] {
  const { headerAbsent = [], bodyMatches, maxRequests = Number.POSITIVE_INFINITY, minRequests = 0 } = expectation;
  const absent = [headerAbsent].flat().map((name) => name.toLowerCase());
  return [
    ...(requests.length > maxRequests ? [`at most ${maxRequests} requests, there were ${requests.length}`] : []),
    ...(requests.length < minRequests ? [`at least ${minRequests} requests, there were ${requests.length}`] : []),
    ...requests.flatMap(({ headers }, index) =>
      absent.filter((name) => name in headers).map((name) => `no header ${name}, request ${index + 1} had it`),
    ),
    ...requests.flatMap(({ body }, index) =>
      bodyMatches === undefined || new RegExp(bodyMatches, "u").test(bodyText(body))
        ? []
        : [`a body like /${bodyMatches}/, that of request ${index + 1} is not`],
    ),
  ];
}

export function bodyText(body: unknown): string {
  return typeof body === "string" ? body : (JSON.stringify(body) ?? "");
}
