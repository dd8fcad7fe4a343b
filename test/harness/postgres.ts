import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, chownSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { PostgresPool } from "../../src/ledger/postgres-pool.ts";

/** A server that is already running: each test creates its own database there. */
const GIVEN = process.env["DATABASE_URL"];

/** Debian does not put these on PATH. */
const BIN = globSync("/usr/lib/postgresql/*/bin").sort().at(-1);

export const hasPostgres = (): boolean => GIVEN !== undefined || BIN !== undefined;

/** A Postgres server for the tests of a file. */
export interface PostgresServer {
  /**
   * A new database behind a proxy that can be taken down. Dropped when the test ends, or by the callback passed to
   * `onEnd`.
   */
  database(onEnd?: (drop: () => Promise<void>) => void): Promise<PostgresDatabase>;
  stop(): Promise<void>;
}

export interface PostgresDatabase {
  readonly url: string;
  readonly proxy: Proxy;
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const server = GIVEN === undefined ? await ownServer() : { url: GIVEN, stop: async () => {} };
  let count = 0;
  return {
    stop: server.stop,
    async database(onEnd = onTestFinished) {
      const name = `modelwright_${process.pid}_${++count}`;
      await run(server.url, `CREATE DATABASE ${name}`);
      const direct = new URL(server.url);
      direct.pathname = `/${name}`;
      const proxy = await startProxy(direct);
      const behind = new URL(direct);
      behind.host = `127.0.0.1:${proxy.port}`;
      onEnd(async () => {
        await proxy.close();
        await run(server.url, `DROP DATABASE ${name} WITH (FORCE)`);
      });
      return { url: behind.href, proxy, query: (sql) => run(direct.href, sql) };
    },
  };
}

async function run(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const pool = new PostgresPool(url);
  try {
    return await pool.with(async (client) => (await client.query(sql)).rows);
  } finally {
    await pool.close();
  }
}

const USER = "modelwright";

/** Postgres refuses to run as root. */
function unprivileged(): { readonly uid?: number; readonly gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

async function ownServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "modelwright-postgres-"));
  const as = unprivileged();
  if (as.uid !== undefined && as.gid !== undefined) chownSync(folder, as.uid, as.gid);
  chmodSync(folder, 0o700);
  const data = join(folder, "data");
  const options = { ...as, cwd: folder, stdio: "ignore" } as const;
  execFileSync(
    join(String(BIN), "initdb"),
    ["-D", data, "-U", USER, "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
    options,
  );
  const port = await freePort();
  const server = spawn(
    join(String(BIN), "postgres"),
    ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", folder, "-F", "-c", "max_connections=50"],
    { ...as, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
  );
  await readyOf(server);
  return {
    url: `postgres://${USER}@127.0.0.1:${port}/postgres`,
    async stop() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readyOf(server: ChildProcess): Promise<void> {
  let log = "";
  return new Promise((resolve, reject) => {
    server.stderr?.on("data", (chunk: Buffer) => {
      log += chunk.toString();
      if (log.includes("database system is ready to accept connections")) resolve();
    });
    server.once("exit", () => reject(new Error(`Postgres did not start:\n${log}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Forwards connections; when taken down, it drops all of them and rejects new ones. */
export interface Proxy {
  readonly port: number;
  down(): Promise<void>;
  up(): Promise<void>;
  close(): Promise<void>;
}

async function startProxy({ hostname, port }: URL): Promise<Proxy> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  };
  const listen = (own: number): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((socket) => {
        const upstream = connect(Number(port || 5_432), hostname);
        keep(socket);
        keep(upstream);
        socket.pipe(upstream).pipe(socket);
        socket.on("close", () => upstream.destroy());
        upstream.on("close", () => socket.destroy());
      });
      server.listen(own, "127.0.0.1", () => resolve(server));
    });
  let server: Server | undefined = await listen(0);
  const own = (server.address() as { port: number }).port;
  const down = async () => {
    const closing = server;
    server = undefined;
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => (closing === undefined ? resolve(undefined) : closing.close(resolve)));
  };
  const up = async () => {
    server ??= await listen(own);
  };
  return { port: own, down, up, close: down };
}
