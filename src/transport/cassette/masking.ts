import { addressSecrets, maskedAddress } from "../../core/masked-address.ts";
import { maskedHeader } from "../../core/masked-header.ts";
import { redact, Secret } from "../../core/secret.ts";
import { isSecretName } from "../../core/secret-name.ts";
import type { Exchange } from "../../core/transport.ts";
import type { RecordedChunk } from "./exchange-line.ts";

const MASK = "[secret]";

export interface TimedBytes {
  readonly atMs: number;
  readonly bytes: Buffer;
}

/** Removes the credentials of one request, and an origin that differs from run to run, from all that is written of it. */
export class Masking {
  readonly #secrets: readonly Secret[];
  readonly #origin: { readonly real: string; readonly recorded: string } | undefined;

  /** The secrets of the call, and whatever the request has in a header or parameter for credentials. */
  constructor(exchange: Pick<Exchange, "secrets" | "recordedOrigin">, url: string, headers: Headers) {
    const { recordedOrigin: recorded } = exchange;
    if (recorded !== undefined) this.#origin = { real: new URL(url).origin, recorded };
    const sent = [...headers].filter(([name]) => isSecretName(name)).map(([, value]) => value.replace(SCHEME, ""));
    const own = [...new Set([...sent, ...addressSecrets(url)])].filter((value) => value !== "");
    this.#secrets = [...(exchange.secrets?.() ?? []), ...own.map((value) => new Secret(value))];
  }

  text(text: string): string {
    return redact(text, this.#secrets);
  }

  /** A URL, or a message of ours with one. */
  url(text: string): string {
    const masked = this.text(maskedAddress(text, MASK));
    return this.#origin === undefined ? masked : masked.replaceAll(this.#origin.real, this.#origin.recorded);
  }

  headers(headers: Iterable<readonly [string, string]>): Record<string, string> {
    return Object.fromEntries(
      [...headers].map(([name, value]) => [name, this.text(maskedHeader(name, value, MASK))] as const),
    );
  }

  /** A secret may be spread over chunks, so the body is searched as one text. */
  chunks(chunks: readonly TimedBytes[]): RecordedChunk[] {
    const whole = Buffer.concat(chunks.map(({ bytes }) => bytes));
    const encoding = isUtf8(whole) ? "utf8" : "latin1";
    const text = whole.toString(encoding);
    const clean = this.text(text);
    if (clean === text) return chunks.map(recorded);
    const parts = this.#cut(clean, chunks, encoding);
    return parts.map((part, at) => recorded({ atMs: chunks[at]?.atMs ?? 0, bytes: Buffer.from(part, encoding) }));
  }

  /** Cuts a masked body where its chunks ended: a border in a secret moves to somewhere in its mask. */
  #cut(clean: string, chunks: readonly TimedBytes[], encoding: "utf8" | "latin1"): string[] {
    const parts: string[] = [];
    let [from, before] = [0, Buffer.alloc(0)];
    for (const { bytes } of chunks) {
      before = Buffer.concat([before, bytes]);
      const end = Math.max(from, Math.min(clean.length, this.text(before.toString(encoding)).length));
      parts.push(clean.slice(from, end));
      from = end;
    }
    const last = parts.length - 1;
    parts[last] += clean.slice(from);
    return parts;
  }
}

const SCHEME = /^(?:Bearer|Basic) /i;

function recorded({ atMs, bytes }: TimedBytes): RecordedChunk {
  return isUtf8(bytes) ? [atMs, bytes.toString("utf8")] : [atMs, bytes.toString("base64"), "base64"];
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString("utf8"), "utf8").equals(bytes);
}
