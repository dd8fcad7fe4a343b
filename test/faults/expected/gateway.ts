import type { Expectation } from "../expectation.ts";

export const GATEWAY: readonly Expectation[] = [
  {
    id: "G01",
    wire: "a client leaves before the headers, before the first token, or in the middle of a stream",
    does: "the provider's connection is closed at once; partial usage is booked, slot and budget are free",
  },
  {
    id: "G02",
    wire: "a client that sends headers or a body byte by byte, or nothing",
    does: "408 in the wire format of the path, within 10 s; others are served in the meantime",
  },
  {
    id: "G04",
    wire: "keys that are wrong, of another length, or not set",
    does: "401; hashes are compared in constant time, and the gateway does not start without the value of a key",
  },
  {
    id: "G05",
    wire: "the gateway stops with streams in flight",
    does: "not ready at once, 503 and a closed connection for new requests; streams end within `drain`, then with an error; the ledger has every row",
  },
  {
    id: "G07",
    wire: "a client that does not read its answer",
    does: "the provider is paused, and the client is cut after 30 s",
  },
  {
    id: "G08",
    wire: "credentials, cookies, forwarding and hop headers of the client; cookies and other headers of the provider",
    does: "none is passed on, except Retry-After and rate limits",
  },
  {
    id: "G10",
    wire: "a model that thinks for minutes, and a provider that stalls",
    does: "a sign of life every 15 s while the provider's clocks run; then an error event and the end",
  },
  {
    id: "G11",
    wire: "one key sends hundreds of requests at once",
    does: "429 for the key with the flood; others have the rest of `max_in_flight`, and take turns at the slots of an entry",
  },
];
