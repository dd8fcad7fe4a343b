import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);
const LAUNCHER = join(dirname(require.resolve("tombi/package.json")), "bin/tombi");

/** No network, no colours, and no settings of whoever runs the tests. */
const ENV = {
  PATH: process.env.PATH,
  TOMBI_OFFLINE: "true",
  TOMBI_CACHE_HOME: "/nowhere",
  HOME: "/nowhere",
  NO_COLOR: "1",
};

/** Its program comes in a package for each platform, and not for every platform there is one. */
export const tombi = {
  need: "tombi",
  isThere: () => spawnSync(process.execPath, [LAUNCHER, "--version"], { env: ENV }).status === 0,
} as const;

export interface Place {
  readonly file: string;
  readonly line: number;
}

/**
 * The places that `tombi lint` finds wrong in a folder, by line, and what it says at its end. Its messages are left out:
 * it reads files side by side, and lines about one file get between those about another.
 */
export function lint(folder: string, cwd: string): { readonly wrong: readonly Place[]; readonly summary: string } {
  const { stdout, stderr } = spawnSync(process.execPath, [LAUNCHER, "lint", "--offline", folder], {
    ...{ cwd, env: ENV, encoding: "utf8" },
  });
  const output = stdout + stderr;
  const found = output.matchAll(/^\s+at (.*):(\d+):\d+$/gm);
  const wrong = [...found].map(([, file = "", line]) => ({ file, line: Number(line) }));
  const summary = output.match(/^\d+ files? .*$/gm) ?? [output];
  return { wrong: wrong.sort((left, right) => left.line - right.line), summary: summary.join("\n") };
}

type Message = { readonly id?: number; readonly method?: string; readonly params?: unknown; readonly result?: unknown };

/** Tombi as an editor talks to it: JSON-RPC over the pipes of `tombi lsp`. */
export class LanguageServer implements AsyncDisposable {
  readonly #process = spawn(process.execPath, [LAUNCHER, "lsp", "--offline"], {
    ...{ env: ENV, stdio: ["pipe", "pipe", "ignore"] as const },
  });
  readonly #waiting: { readonly isIt: (message: Message) => boolean; readonly resolve: (message: Message) => void }[] =
    [];
  #received = Buffer.alloc(0);
  #lastId = 0;

  constructor() {
    this.#process.stdout.on("data", (piece: Buffer) => this.#read(piece));
  }

  async start(root: string): Promise<void> {
    const documentation = { completionItem: { documentationFormat: ["markdown"] } };
    await this.request("initialize", {
      ...{ processId: null, rootUri: root, workspaceFolders: [{ uri: root, name: "test" }] },
      capabilities: { textDocument: { completion: documentation, hover: { contentFormat: ["markdown"] } } },
    });
    this.#send({ method: "initialized", params: {} });
  }

  /** Opens a document and waits until the server has read it. */
  async open(uri: string, text: string): Promise<void> {
    const read = this.#next(
      ({ method, params }) =>
        method === "textDocument/publishDiagnostics" && (params as { readonly uri: string }).uri === uri,
    );
    this.#send({
      method: "textDocument/didOpen",
      params: { textDocument: { uri, languageId: "toml", version: 1, text } },
    });
    await read;
  }

  async request(method: string, params: unknown): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    const answer = this.#next((message) => message.id === id && message.method === undefined);
    this.#send({ id, method, params });
    return (await answer).result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#process, "close");
    await this.request("shutdown", undefined);
    this.#send({ method: "exit" });
    this.#process.stdin.end();
    await closed;
  }

  #next(isIt: (message: Message) => boolean): Promise<Message> {
    return new Promise((resolve) => this.#waiting.push({ isIt, resolve }));
  }

  #send(message: Message): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  #read(piece: Buffer): void {
    this.#received = Buffer.concat([this.#received, piece]);
    for (let message = this.#take(); message !== undefined; message = this.#take()) {
      const asked = message.id !== undefined && message.method !== undefined;
      if (asked) this.#send({ id: message.id ?? 0, result: null });
      const at = this.#waiting.findIndex(({ isIt }) => isIt(message as Message));
      if (at >= 0) this.#waiting.splice(at, 1)[0]?.resolve(message);
    }
  }

  #take(): Message | undefined {
    const head = this.#received.indexOf("\r\n\r\n");
    if (head < 0) return undefined;
    const length = Number(/Content-Length: (\d+)/i.exec(this.#received.toString("latin1", 0, head))?.[1]);
    const end = head + 4 + length;
    if (this.#received.length < end) return undefined;
    const message = JSON.parse(this.#received.toString("utf8", head + 4, end)) as Message;
    this.#received = this.#received.subarray(end);
    return message;
  }
}
