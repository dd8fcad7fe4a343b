/** One request as it arrived, in order of arrival, and what became of its connection. */
export interface ReceivedRequest {
  /** The first connection is 1. */
  readonly connection: number;
  /** When it had arrived completely, milliseconds after the server started. */
  readonly arrivedMs: number;
  readonly method: string;
  /** Path and query (of CONNECT: host and port); the value of a `key` parameter is masked. */
  readonly path: string;
  /** Names in small letters; of a credential only its scheme is kept. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or the text when it is none; `undefined` without a body. */
  readonly body: unknown;
  /** Head and body as they came. */
  readonly bytes: number;
  /** Of the answer, so far. */
  readonly bytesWritten: number;
  /** Bytes of them written after the peer had closed. */
  readonly bytesWrittenAfterClose: number;
  /** When the peer closed or reset the connection, milliseconds after the server started; `undefined` while it is open. */
  readonly closedByPeerMs: number | undefined;
  /** When the connection was closed, by either side. */
  readonly closedMs: number | undefined;
  /** When the script of this request had come to its end. */
  readonly playedMs: number | undefined;
}

export type OpenRecord = { -readonly [Key in keyof ReceivedRequest]: ReceivedRequest[Key] };
