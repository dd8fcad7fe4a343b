/**
 * The cause of a failure that was reported inside a response and is not an SDK error: the provider's message and the JSON
 * with it.
 */
export class ReportedError extends Error {
  override readonly name = "ReportedError";
  /** The status in the body. */
  readonly status: number | undefined;
  /** The JSON of the event or body; absent if it quotes the request or the answer. */
  readonly body: string | undefined;

  constructor(message: string, status: number | undefined, body?: string) {
    super(message);
    this.status = status;
    this.body = body;
  }
}
