/** What only the server around the gateway knows of the connection of a request. */
export interface Connection {
  /** Bytes that have arrived. */
  received(): number;
  /** Closes it, also in the middle of a response. */
  cut(): void;
}

const CONNECTIONS = new WeakMap<Request, Connection>();

export function connect(request: Request, connection: Connection): void {
  CONNECTIONS.set(request, connection);
}

/** Absent if another server than ours is around the gateway: it has limits of its own. */
export function connectionOf(request: Request): Connection | undefined {
  return CONNECTIONS.get(request);
}
