/** One received request and the state of its connection. */
export interface ReceivedRequest {
  /** The first connection is 1. */
  readonly connection: number;
  /** When the request was complete, milliseconds after the server started. */
  readonly arrivedMs: number;
  readonly method: string;
  /** Path and query (for CONNECT: host and port); the value of a `key` parameter is masked. */
  readonly path: string;
  /** Names in lower case; credentials are reduced to their scheme. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or a string if it is not JSON; `undefined` without a body. */
  readonly body: unknown;
  /** Size of headers and body. */
  readonly bytes: number;
  /** Bytes of the response so far. */
  readonly bytesWritten: number;
  /** Bytes of the response that were written after the peer closed the connection. */
  readonly bytesWrittenAfterClose: number;
  /** When the peer closed or reset the connection, milliseconds after the server started; `undefined` while it is open. */
  readonly closedByPeerMs: number | undefined;
  /** When either side closed the connection. */
  readonly closedMs: number | undefined;
  /** When the script of this request ended. */
  readonly playedMs: number | undefined;
}

export type OpenRecord = { -readonly [Key in keyof ReceivedRequest]: ReceivedRequest[Key] };
