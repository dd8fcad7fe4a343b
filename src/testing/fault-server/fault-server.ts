import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { addsVersion, type WireName } from "../../core/wire-name.ts";
import { checkedExpectation, type FaultExpectation, unmet } from "./expectation.ts";
import { FaultRoom } from "./fault-room.ts";
import { checkedOptions, type FaultServerOptions } from "./options.ts";
import type { ReceivedRequest } from "./received-request.ts";
import { TEST_AUTHORITY } from "./test-certificates.ts";
import { blackHolePort, refusingPort } from "./unreachable.ts";

/** A running fault server. */
export interface FaultServer extends AsyncDisposable {
  /** Its origin, for example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Same as `url`. */
  readonly origin: string;
  readonly port: number;
  /** The `base_url` for a wire format: with `/v1` for the OpenAI wires, without a version for the others. */
  baseUrl(wire: WireName): string;
  /** Certificate (PEM) of the authority that issued the `tls` certificates, for clients that should trust them. */
  readonly authority: string;
  /** All complete requests, in order of arrival. */
  readonly requests: readonly ReceivedRequest[];
  /** Number of connections so far. */
  readonly connections: number;
  /** Number of open connections. */
  readonly open: number;
  /** Rejects with an Error that lists the unmet expectations. Default: `expect` of the options. */
  expect(expectation?: FaultExpectation): Promise<void>;
  /** Closes every connection and stops listening. */
  close(): Promise<void>;
}

/**
 * Starts a server on 127.0.0.1 that writes the exact bytes of a script: truncated bodies, resets, stalls, unusual framing,
 * invalid certificates, a full backlog. Scripts are JSON. Throws a TypeError for an invalid script that names the step.
 *
 * @example
 * import { faultServer } from "modelwright/testing";
 *
 * await using server = await faultServer({ attempts: [[["rst"]], [["okjson"]]] });
 * // … the first request to server.url is reset, all others are answered "ok"
 * console.log(server.requests.length);
 */
export async function faultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const checked = checkedOptions(options);
  const room = new FaultRoom(checked);
  const { port, close } = await opened(room, checked.connect);
  const origin = `${checked.tls === undefined ? "http" : "https"}://127.0.0.1:${port}`;
  return {
    url: origin,
    origin,
    port,
    baseUrl: (wire) => (addsVersion(wire) ? origin : `${origin}/v1`),
    authority: TEST_AUTHORITY,
    requests: room.requests,
    get connections() {
      return room.opened;
    },
    get open() {
      return room.connections.size;
    },
    expect: (expectation = checked.expect ?? {}) => expected(room, checkedExpectation(expectation)),
    close,
    [Symbol.asyncDispose]: close,
  };
}

interface Opened {
  readonly port: number;
  readonly close: () => Promise<void>;
}

async function opened(room: FaultRoom, connect: FaultServerOptions["connect"]): Promise<Opened> {
  if (connect === "refuse") return refusingPort();
  if (connect === "blackhole") return blackHolePort();
  await new Promise<void>((resolve, reject) => {
    room.server.once("error", reject);
    room.server.listen(0, "127.0.0.1", resolve);
  });
  return { port: (room.server.address() as AddressInfo).port, close: () => closed(room) };
}

async function closed({ server, connections }: FaultRoom): Promise<void> {
  const open = [...connections];
  for (const connection of open) connection.destroy();
  await Promise.all(open.map((connection) => connection.gone));
  if (server.listening) await new Promise((resolve) => server.close(resolve));
}

const LOOK_EVERY_MS = 2;

async function expected(room: FaultRoom, expectation: FaultExpectation): Promise<void> {
  const { closeWithin } = expectation;
  const untilMs = performance.now() + (closeWithin ?? 0);
  while (closeWithin !== undefined && room.connections.size > 0 && performance.now() < untilMs)
    await setTimeout(LOOK_EVERY_MS);
  const stillOpen =
    closeWithin !== undefined && room.connections.size > 0
      ? [`every connection closed within ${closeWithin} ms, ${room.connections.size} still open`]
      : [];
  const problems = [...stillOpen, ...unmet(expectation, room.requests)];
  if (problems.length > 0) throw new Error(`expected ${problems.join("; ")}`);
}
