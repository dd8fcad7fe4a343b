import { ModelError } from "../core/error.ts";
import { redact, Secret } from "../core/secret.ts";
import type { SqlRow } from "./sqlite-worker.ts";

/** What is used of a connection of `pg`. */
export interface PgClient {
  query(
    sql: string,
    values?: readonly unknown[],
  ): Promise<{ readonly rows: readonly SqlRow[]; readonly rowCount: number | null }>;
  release(destroy?: boolean): void;
}

/** What is used of a pool of `pg`. */
interface PgPool {
  connect(): Promise<PgClient>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): void;
  on(event: "connect", listener: (client: { on(event: "error", listener: () => void): void }) => void): void;
}

interface PgModule {
  readonly Pool: new (options: Readonly<Record<string, unknown>>) => PgPool;
}

const CONNECT_MS = 5_000;
const QUERY_MS = 30_000;
const IDLE_MS = 10_000;
const MAX_CONNECTIONS = 2;

/** Connections to Postgres. `pg` is loaded by the first one. */
export class PostgresPool {
  readonly #url: string;
  #pool: Promise<PgPool> | undefined;

  constructor(url: string) {
    this.#url = url;
  }

  /**
   * Calls `use` with a connection.
   * @throws ModelError `state_unavailable`.
   */
  async with<T>(use: (client: PgClient) => Promise<T>): Promise<T> {
    const pool = await this.#opened();
    try {
      const client = await pool.connect();
      return await used(client, use);
    } catch (error) {
      throw this.#error(error);
    }
  }

  async close(): Promise<void> {
    const opened = this.#pool;
    // At once: a later use must open another pool, not get one that ends.
    this.#pool = undefined;
    const pool = await opened?.catch(() => undefined);
    await pool?.end().catch(() => {});
  }

  #opened(): Promise<PgPool> {
    this.#pool ??= openPool(this.#url).catch((error: unknown) => {
      this.#pool = undefined;
      throw error;
    });
    return this.#pool;
  }

  #error(error: unknown): ModelError {
    if (error instanceof ModelError) return error;
    const { message, code } = error as { message?: string; code?: string };
    const words = redact(message || code || String(error), passwordsIn(this.#url));
    return new ModelError({
      code: "state_unavailable",
      message: `[ledger]: Postgres at ${placeOf(this.#url)}: ${words}`,
    });
  }
}

/** After an error, the state of a connection is unknown. */
async function used<T>(client: PgClient, use: (client: PgClient) => Promise<T>): Promise<T> {
  try {
    const result = await use(client);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function openPool(url: string): Promise<PgPool> {
  const { Pool } = await loadPg();
  const pool = new Pool({
    ...{ connectionString: url, max: MAX_CONNECTIONS, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true },
    ...{ connectionTimeoutMillis: CONNECT_MS, query_timeout: QUERY_MS, application_name: "modelwright" },
  });
  // Of an idle connection; the next use opens another. A connection in use rejects its query, too.
  pool.on("error", () => {});
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

async function loadPg(): Promise<PgModule> {
  try {
    // An optional peer dependency: not resolved by the compiler.
    const loaded = (await import("pg" as string)) as PgModule & { readonly default?: PgModule };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw new PgMissing(cause);
  }
}

/** Rows cannot be kept for later: this program never reaches Postgres. */
export class PgMissing extends ModelError {
  constructor(cause: unknown) {
    const message = '[ledger]: store = "postgres" needs the package pg; install it with "npm i pg"';
    super({ code: "state_unavailable", message, cause });
  }
}

function placeOf(url: string): string {
  if (!URL.canParse(url)) return "the configured url";
  const { host, pathname } = new URL(url);
  return `${host || "localhost"}${pathname}`;
}

function passwordsIn(url: string): readonly Secret[] {
  if (!URL.canParse(url)) return [new Secret(url)];
  const { password } = new URL(url);
  return password === "" ? [] : [new Secret(password), new Secret(decodeURIComponent(password))];
}
