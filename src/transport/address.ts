/** The parts of an address that a request needs. */
export interface Address {
  readonly href: string;
  readonly origin: string;
  /** With the query. */
  readonly path: string;
}

/** The URL of a request template is the same for many requests; its getters make new strings each time. */
const known = new WeakMap<URL, Address>();

export function addressOf(url: URL): Address {
  let address = known.get(url);
  if (address === undefined) {
    address = { href: url.href, origin: url.origin, path: url.pathname + url.search };
    known.set(url, address);
  }
  return address;
}
