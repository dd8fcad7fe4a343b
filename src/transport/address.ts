/** The parts of a URL that a request needs. */
export interface Address {
  readonly href: string;
  readonly origin: string;
  /** Including the query. */
  readonly path: string;
}

/** Cached, because a request template has the same URL for many requests, and its getters create new strings. */
const known = new WeakMap<URL, Address>();

export function addressOf(url: URL): Address {
  let address = known.get(url);
  if (address === undefined) {
    address = { href: url.href, origin: url.origin, path: url.pathname + url.search };
    known.set(url, address);
  }
  return address;
}
