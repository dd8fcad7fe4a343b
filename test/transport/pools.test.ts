import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { closedError } from "../../src/transport/failure.ts";
import { type Opening, Pools, type Route } from "../../src/transport/pools.ts";

type Undici = ConstructorParameters<typeof Pools>[0];

/** undici as far as pools use it: notes which pools were made, and opens a connection for each request. */
function setUp() {
  const made: string[] = [];
  const destroyed: string[] = [];
  const sockets: { destroyed: boolean }[] = [];
  const settles: (() => void)[] = [];
  let connectFor: ((options: object, callback: () => void) => void) | undefined;
  class FakePool {
    readonly #name: string;
    constructor(origin: string, { connect }: { connect: typeof connectFor }) {
      this.#name = origin;
      made.push(origin);
      connectFor = connect;
    }
    dispatch() {
      connectFor?.({}, () => {});
    }
    async destroy(reason: { code: string }) {
      destroyed.push(`${this.#name} ${reason.code}`);
    }
  }
  class FakeProxy {
    readonly #name: string;
    constructor({ uri }: { uri: string }) {
      this.#name = uri;
      made.push(uri);
    }
    dispatch() {}
    async destroy(reason: { code: string }) {
      destroyed.push(`${this.#name} ${reason.code}`);
    }
  }
  const buildConnector = () => (_options: object, callback: () => void) => {
    const socket = Object.assign(new EventEmitter(), {
      destroyed: false,
      destroy: () => Object.assign(socket, { destroyed: true }),
    });
    sockets.push(socket);
    settles.push(callback);
    return socket;
  };
  const pools = new Pools({ Pool: FakePool, ProxyAgent: FakeProxy, buildConnector } as unknown as Undici, undefined);
  const ask = (fields: Partial<Route> = {}) => {
    const opening: Opening = { connecting: undefined };
    const route: Route = {
      origin: "https://a.example",
      proxy: undefined,
      tls: undefined,
      connectTimeoutMs: 1_000,
      ...fields,
    };
    pools.dispatch(route, {} as never, opening as never);
    return opening;
  };
  return { pools, made, destroyed, sockets, settles, ask };
}

test("requests share connections only with the same TLS settings, route and proxy timeout", () => {
  const { made, ask } = setUp();
  const ca = "-----BEGIN";
  const routes: Partial<Route>[] = [
    {},
    { origin: "https://b.example" },
    { tls: { rejectUnauthorized: false } },
    { proxy: "http://p.example" },
    { proxy: "http://q.example" },
    { proxy: "http://p.example", connectTimeoutMs: 2_000 },
    { proxy: "http://p.example", tls: { rejectUnauthorized: false } },
    { proxy: "http://p.example", origin: "https://b.example" },
  ];
  for (const route of routes) ask(route);
  expect(made).toHaveLength(routes.length);
  for (const route of routes) ask(route);
  ask({ connectTimeoutMs: 2_000 });
  expect(made).toHaveLength(routes.length);
  ask({ tls: { rejectUnauthorized: true } });
  ask({ tls: {} });
  expect(made).toHaveLength(routes.length + 1);
  expect(() => ask({ tls: { ca } })).not.toThrow();
  expect(made).toHaveLength(routes.length + 2);
});

test("a new connection belongs to the request that needs it", () => {
  const { ask, sockets } = setUp();
  const [one, two] = [ask(), ask()];
  expect([one.connecting, two.connecting]).toEqual(sockets);
});

test("closing ends every pool as aborted, and pending connections", async () => {
  const { pools, ask, sockets, settles, destroyed } = setUp();
  ask();
  ask();
  ask({ proxy: "http://p.example" });
  settles[0]?.();
  await pools.close(closedError());
  expect(destroyed).toEqual(["https://a.example aborted", "http://p.example aborted"]);
  expect(sockets.map((socket) => socket.destroyed)).toEqual([false, true]);
  await pools.close(closedError());
  expect(destroyed).toHaveLength(2);
});
