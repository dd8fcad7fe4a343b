import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import type { AgentRow } from "./agents.ts";
import { reduced } from "./reduced.ts";

/** A request as it is kept. */
export interface Recorded {
  readonly agent: string;
  readonly version?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const KEPT_HEADERS = ["anthropic-beta", "anthropic-version", "openai-beta", "user-agent", "x-goog-api-client"];

export interface Recorder {
  readonly url: string;
  stop(): Promise<void>;
}

/** A proxy in front of the gateway that writes down one body of each kind, without personal data. */
export async function startRecorder(target: string, agent: AgentRow, folder: string): Promise<Recorder> {
  const kinds = new Map<string, Recorded>();
  const server = createServer((incoming, outgoing) => void forward(incoming, outgoing));
  // The gateway answers this at once.
  server.on("upgrade", (_, socket) => socket.end("HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  async function forward(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of incoming) pieces.push(piece as Buffer);
    const bytes = Buffer.concat(pieces);
    if (bytes.length > 0) keep(incoming, bytes);
    const { method, headers, url = "/" } = incoming;
    const { host: _, ...own } = headers;
    const upstream = request(new URL(url, target), { method, headers: own }, (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(outgoing);
    });
    upstream.on("error", () => outgoing.destroy());
    outgoing.on("close", () => upstream.destroy());
    upstream.end(bytes);
  }

  /** The last request of a kind has the longest conversation. */
  function keep({ url = "/", headers }: IncomingMessage, bytes: Buffer): void {
    const body = JSON.parse(decoded(bytes, headers["content-encoding"]).toString()) as object;
    const path = url.replace(/([?&])key=[^&]*/, "$1key=unused");
    const own = KEPT_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]));
    kinds.set(kindOf(path, body), reduced({ agent: agent.name, path, headers: Object.fromEntries(own), body }));
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      mkdirSync(folder, { recursive: true });
      for (const [kind, recorded] of kinds)
        writeFileSync(join(folder, `${agent.bin}-${kind}.json`), `${JSON.stringify(recorded, undefined, 1)}\n`);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function decoded(bytes: Buffer, encoding: string | undefined): Buffer {
  if (encoding === "gzip") return gunzipSync(bytes);
  return encoding === "zstd" ? zstdDecompressSync(bytes) : bytes;
}

/** Requests with other fields, or with and without tools, are of different kinds. */
function kindOf(path: string, body: object): string {
  const action = /:(\w+)/.exec(path)?.[1] ?? path.split("?")[0]?.split("/").at(-1) ?? "request";
  const { tools } = body as { readonly tools?: readonly unknown[] };
  return `${action}-${tools === undefined || tools.length === 0 ? "plain" : "tools"}`.toLowerCase();
}
