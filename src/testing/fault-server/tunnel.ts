import { connect } from "node:net";
import type { Connection } from "./connection.ts";

/** A CONNECT tunnel: forwards bytes in both directions until one side ends. `early`: bytes after the request. */
export async function tunnel(connection: Connection, target: string, early: Buffer): Promise<void> {
  const place = URL.parse(`http://${target}`);
  if (place === null) return connection.destroy();
  const { hostname, port } = place;
  const upstream = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port || 80) });
  upstream.on("error", () => connection.destroy());
  upstream.once("close", () => connection.destroy());
  connection.closed.addEventListener("abort", () => upstream.destroy(), { once: true });
  upstream.once("connect", () => {
    connection.stream.write("HTTP/1.1 200 Connection Established\r\n\r\n");
    if (early.length > 0) upstream.write(early);
    connection.stream.pipe(upstream);
    upstream.pipe(connection.stream);
  });
  await new Promise((resolve) => upstream.once("close", resolve));
}
