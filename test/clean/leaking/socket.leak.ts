import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { test } from "vitest";

test("closes its server and leaves both ends of a connection", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const accepted = once(server, "connection");
  await once(connect((server.address() as AddressInfo).port, "127.0.0.1"), "connect");
  await accepted;
  server.close();
});
