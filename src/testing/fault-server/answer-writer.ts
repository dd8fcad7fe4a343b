import { STATUS_CODES } from "node:http";
import { namesBody } from "./check-script.ts";
import type { Connection } from "./connection.ts";
import { GzipPieces } from "./gzip-pieces.ts";
import type { GzipMode, LineEnd } from "./step.ts";

type Headers = Readonly<Record<string, string>>;

/** Writes one response: its headers, and a body with the matching framing. */
export class AnswerWriter {
  lineEnd: LineEnd;
  readonly #connection: Connection;
  readonly #keepAlive: boolean;
  #code = 200;
  #headers: Record<string, string> = {};
  #named = false;
  #headSent = false;
  #chunked = false;
  #gzip: GzipPieces | undefined;

  constructor(connection: Connection, keepAlive: boolean, lineEnd: LineEnd = "\n") {
    this.#connection = connection;
    this.#keepAlive = keepAlive;
    this.lineEnd = lineEnd;
  }

  /** Whether the connection is kept alive. */
  get staysOpen(): boolean {
    return (this.#headers["connection"] ?? (this.#keepAlive ? "keep-alive" : "close")) !== "close";
  }

  async status(code: number, headers: Headers = {}): Promise<void> {
    this.#code = code;
    this.#named = true;
    this.addHeaders(headers);
    if (namesBody(this.#headers)) await this.#head();
  }

  addHeaders(headers: Headers): void {
    for (const [name, value] of Object.entries(headers)) this.#headers[name.toLowerCase()] = value;
  }

  gzip(mode: GzipMode): void {
    this.#gzip = new GzipPieces(mode);
    this.#headers["content-encoding"] = "gzip";
  }

  async json(body: unknown): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(body));
    const sent = this.#gzip === undefined ? bytes : Buffer.concat([this.#gzip.push(bytes), this.#gzip.end()]);
    this.#headers["content-type"] ??= "application/json";
    this.#headers["content-length"] ??= String(sent.length);
    await this.#head();
    await this.#connection.write(this.#chunked ? chunk(sent) : sent);
    if (this.#chunked) await this.#connection.write(LAST_CHUNK);
  }

  async events(framing: "chunked" | undefined): Promise<void> {
    this.#headers["content-type"] ??= "text/event-stream";
    if (framing === "chunked" || this.staysOpen) this.#headers["transfer-encoding"] ??= "chunked";
    await this.#head();
  }

  async event(fields: readonly (string | Buffer)[]): Promise<void> {
    const lines = fields.flatMap((field) => [Buffer.from(field as string), Buffer.from(this.lineEnd)]);
    await this.body(Buffer.concat([...lines, Buffer.from(this.lineEnd)]));
  }

  async body(bytes: Buffer): Promise<void> {
    if (!this.#headSent) await this.#head();
    await this.#framed(this.#gzip?.push(bytes) ?? bytes);
  }

  /** Sends the headers, if a status was set and they were not sent yet. */
  async begin(): Promise<void> {
    if (this.#named && !this.#headSent) await this.#head();
  }

  /** Ends the body cleanly. */
  async end(): Promise<void> {
    await this.begin();
    if (this.#gzip !== undefined) await this.#framed(this.#gzip.end());
    if (this.#chunked) await this.#connection.write(LAST_CHUNK);
  }

  async #framed(bytes: Buffer): Promise<void> {
    await this.#connection.write(this.#chunked && bytes.length > 0 ? chunk(bytes) : bytes);
  }

  async #head(): Promise<void> {
    if (this.#headSent) return;
    this.#headSent = true;
    this.#chunked = this.#headers["transfer-encoding"] === "chunked";
    const headers = { ...this.#headers, connection: this.staysOpen ? "keep-alive" : "close" };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    const first = `HTTP/1.1 ${this.#code} ${STATUS_CODES[this.#code] ?? "Unknown"}\r\n`;
    await this.#connection.write(Buffer.from(`${first}${lines.join("")}\r\n`, "latin1"));
  }
}

const LAST_CHUNK = Buffer.from("0\r\n\r\n");

function chunk(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}
