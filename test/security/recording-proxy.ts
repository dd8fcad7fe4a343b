import http from "node:http";
import net from "node:net";
import { listen } from "../harness/loopback.ts";

export interface RecordingProxy {
  readonly port: number;
  /** Heads of CONNECT requests. */
  readonly connects: string[];
  /** Every Proxy-Authorization header received. */
  readonly credentials: () => readonly (string | undefined)[];
}

/** A proxy on loopback that tunnels and forwards everything except its own credentials. */
export async function proxyFor(): Promise<RecordingProxy> {
  const connects: string[] = [];
  const credentials: (string | undefined)[] = [];
  const server = http.createServer((request, response) => {
    const { "proxy-authorization": own, ...headers } = request.headers;
    credentials.push(own);
    const onward = http.request(String(request.url), { method: request.method ?? "GET", headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  server.on("connect", (request, socket: net.Socket) => {
    credentials.push(request.headers["proxy-authorization"]);
    connects.push(`${request.url} ${request.rawHeaders.join(" ")}`);
    const [host, port] = String(request.url).split(":");
    const onward = net.connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  return { port: (await listen(server)).port, connects, credentials: () => credentials };
}
