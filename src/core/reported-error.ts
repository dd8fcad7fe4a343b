/**
 * The cause of a failure that came inside an answer, where no SDK made an error of it: the provider's own words and the
 * JSON they came in.
 */
export class ReportedError extends Error {
  override readonly name = "ReportedError";
  /** A status in the body. */
  readonly status: number | undefined;
  /** The JSON of the event or body; absent where it quotes the request or the answer. */
  readonly body: string | undefined;

  constructor(message: string, status: number | undefined, body?: string) {
    super(message);
    this.status = status;
    this.body = body;
  }
}
