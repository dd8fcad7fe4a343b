// The clients of `npm run bench:gateway`. node gateway-load.ts; answers each message { work, count, inFlight, target }.
import { Agent, type IncomingMessage, request } from "node:http";

/** In a stream. */
export const DELTAS = 200;
export const PACE_MS = 5;

export interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The name of the model. */
  readonly model: string;
}

export interface Load {
  /** open: streams that stay open until the next `close`. */
  readonly work: "call" | "stream" | "open" | "close";
  readonly count: number;
  readonly inFlight: number;
  readonly target: Target;
}

export type LoadAnswer = { readonly latenciesMs: readonly number[] } | { readonly error: string };

const agent = new Agent({ keepAlive: true, maxSockets: 2_000 });
const open: IncomingMessage[] = [];
const PROMPT = "Rename the field in module 17, then run the tests again. ".repeat(8);

function send({ port, path, headers, model }: Target, stream: boolean): Promise<IncomingMessage> {
  const messages = [
    { role: "system", content: "You are a careful programmer." },
    { role: "user", content: PROMPT },
  ];
  const body = JSON.stringify({ model, messages, max_completion_tokens: 1024, ...(stream && { stream: true }) });
  return new Promise((resolve, reject) => {
    const length = String(Buffer.byteLength(body));
    const all = {
      "content-type": "application/json",
      "content-length": length,
      authorization: "Bearer none",
      ...headers,
    };
    request({ agent, port, path, method: "POST", headers: all, host: "127.0.0.1" }, resolve)
      .on("error", reject)
      .end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("latin1")) text += chunk;
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${text.slice(0, 300)}`);
  return text;
}

async function ask(target: Target, stream: boolean): Promise<void> {
  const text = await textOf(await send(target, stream));
  const items = text.match(/item \d+/g)?.length ?? 0;
  const expected = stream ? DELTAS + 1 : 300;
  if (items !== expected) throw new Error(`the answer has ${items} items instead of ${expected}: ${text.slice(-300)}`);
}

/** Reads the first delta, and then nothing. */
async function hold(target: Target): Promise<void> {
  const response = await send(target, true);
  open.push(response);
  await new Promise<void>((resolve) => {
    response
      .on("error", () => {})
      .on("data", (chunk: Buffer) => {
        if (chunk.includes("item")) resolve();
      });
  });
}

const WORK: Readonly<Record<Exclude<Load["work"], "close">, (target: Target) => Promise<void>>> = {
  call: (target) => ask(target, false),
  stream: (target) => ask(target, true),
  open: hold,
};

async function run({ work, count, inFlight, target }: Load): Promise<LoadAnswer> {
  if (work === "close") {
    for (const response of open.splice(0)) response.destroy();
    return { latenciesMs: [] };
  }
  const latenciesMs: number[] = [];
  let left = count;
  const worker = async () => {
    while (left-- > 0) {
      const startMs = performance.now();
      await WORK[work](target);
      latenciesMs.push(performance.now() - startMs);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { latenciesMs };
}

if (process.send !== undefined && process.argv[1]?.endsWith("gateway-load.ts")) {
  process.on("message", (load: Load) => {
    run(load).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ error: String(error) } satisfies LoadAnswer),
    );
  });
  process.on("disconnect", () => process.exit());
}
