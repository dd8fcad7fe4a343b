/** A part of a streamed response. */
export interface Chunk {
  readonly text: string;
  readonly last: boolean;
}

/** A body that is written as the client reads it. */
export interface StreamedBody {
  /** Ends the response of a client that reads too slowly, if the connection cannot be closed. */
  onTooSlow: (() => void) | undefined;
  /** What is written next. Called when the client has taken the last text. */
  next(): Promise<Chunk>;
  /** The client has left. */
  cancel(): Promise<void>;
}

/** A response before it has the form of a server: headers in lower case, and a body as one string or as a stream. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Absent: there is none. */
  readonly body?: string | StreamedBody | undefined;
}

export function webResponse({ status, headers, body }: Answer): Response {
  const isStream = body !== undefined && typeof body !== "string";
  return new Response(isStream ? webStream(body) : (body ?? null), { status, headers });
}

/** Nothing is asked for that the client does not read. */
function webStream(body: StreamedBody): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const source = {
    start(controller: ReadableStreamDefaultController<Uint8Array>) {
      body.onTooSlow = () => controller.error(new Error("The client reads too slowly."));
    },
    async pull(controller: ReadableStreamDefaultController<Uint8Array>) {
      const { text, last } = await body.next();
      if (text !== "") controller.enqueue(encoder.encode(text));
      if (last) controller.close();
    },
    cancel: () => body.cancel(),
  };
  return new ReadableStream(source, { highWaterMark: 0 });
}
