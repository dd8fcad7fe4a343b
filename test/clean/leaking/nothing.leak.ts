import { createServer } from "node:http";
import { test } from "vitest";

test("opens a server, a timer and a listener, and takes them back", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(setTimeout(() => {}, 60_000));
  const { signal } = new AbortController();
  const listener = () => {};
  signal.addEventListener("abort", listener);
  signal.removeEventListener("abort", listener);
});
