import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import type { Gateway } from "./gateway.ts";

/** A gateway on a port. */
export interface Listening {
  /** Its origin, for example `http://127.0.0.1:4000`. */
  readonly url: string;
  /** Waits for the requests in flight, up to `drain`, and closes every connection. `/readyz` says so in the meantime. */
  close(): Promise<void>;
}

/** Longer than that of usual proxies, so that they do not send a request on a connection that closes. */
const KEEP_ALIVE_MS = 75_000;

/** @throws Node's error (`EADDRINUSE`) when the port is taken. */
export async function listen(gateway: Gateway, host: string, port: number): Promise<Listening> {
  const listener = getRequestListener(gateway.fetch, { overrideGlobalObjects: false, hostname: host });
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => void listener(request, response),
  );
  await listening(server, host, port);
  const { address, family, port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://${family === "IPv6" ? `[${address}]` : address}:${chosen}`,
    async close() {
      await gateway.close();
      await closed(server);
    },
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
