import type { AnswerWriter } from "./answer-writer.ts";
import type { Connection } from "./connection.ts";
import type { RateVerdict } from "./rate-limiter.ts";
import { chatChunk, SMALL_BODY, SMALL_STREAM } from "./small-answers.ts";
import type { FaultScript, FaultStep, RateLimits } from "./step.ts";

/** The connection of one request, and the server functions that its script may use. */
export interface Stage {
  readonly connection: Connection;
  readonly answer: AnswerWriter;
  /** Whether the server options fix line ends and segments, so that steps do not change them. */
  readonly fixedLineEnd: boolean;
  readonly fixedSegments: boolean;
  readonly arrived: (name: string, requests: number) => Promise<void>;
  readonly rate: (limits: RateLimits) => RateVerdict;
  readonly tunnel: () => Promise<void>;
}

/** A step that returns `over` ends the script. */
type Play<Name extends FaultStep[0]> = (
  stage: Stage,
  step: Extract<FaultStep, readonly [Name, ...unknown[]]>,
) => unknown;

/** Plays the script until its end or the end of the connection; closes the connection unless it is kept alive. */
export async function playScript(script: FaultScript, stage: Stage): Promise<void> {
  for (const step of script) {
    if (stage.connection.closed.aborted) return;
    if ((await playStep(stage, step)) === "over") return;
  }
  await stage.answer.begin();
  if (!stage.answer.staysOpen) await stage.connection.finish();
}

const PLAYS: { readonly [Name in FaultStep[0]]: Play<Name> } = {
  status: ({ answer }, [, code, headers]) => answer.status(code, headers),
  json: ({ answer, connection }, [, body]) => complete(answer, connection, body),
  okjson: ({ answer, connection }) => complete(answer, connection, SMALL_BODY),
  sse: ({ answer }, [, framing]) => answer.events(framing),
  data: ({ answer }, [, body]) => answer.event(dataLines(body)),
  event: ({ answer }, [, name, body]) => answer.event([`event: ${name}`, ...dataLines(body)]),
  raw: ({ answer }, [, text]) => answer.body(Buffer.from(text)),
  "raw!": ({ connection }, [, text]) => connection.write(Buffer.from(text)),
  hex: ({ answer }, [, bytes]) => answer.body(bytesOf(bytes)),
  hexdata: ({ answer }, [, bytes]) => answer.event([Buffer.concat([Buffer.from("data: "), bytesOf(bytes)])]),
  split({ connection, fixedSegments }, [, bytes, gapMs = 0]) {
    if (!fixedSegments) Object.assign(connection, { segmentBytes: bytes, gapMs });
  },
  eol({ answer, fixedLineEnd }, [, lineEnd]) {
    if (!fixedLineEnd) answer.lineEnd = lineEnd;
  },
  gzip: ({ answer }, [, mode = "flush"]) => answer.gzip(mode),
  wait: ({ connection }, [, ms]) => connection.wait(ms),
  async hang({ answer, connection }) {
    await answer.begin();
    await connection.hang();
    connection.destroy();
    return "over";
  },
  async rst({ connection }) {
    await connection.reset();
    return "over";
  },
  async fin({ answer, connection }) {
    await answer.begin();
    await connection.finish();
    return "over";
  },
  async end({ answer, connection }) {
    await answer.end();
    if (!answer.staysOpen) await connection.finish();
    return "over";
  },
  repeat: (stage, [, times, step, gapMs = 0]) => repeated(stage, times, step, gapMs),
  bigdelta: ({ answer }, [, bytes]) => answer.event(dataLines(chatChunk("x".repeat(bytes)))),
  async okstream({ answer, connection }, [, wire = "openai"]) {
    await answer.events(undefined);
    for (const { name, data } of SMALL_STREAM[wire])
      await answer.event([...(name === undefined ? [] : [`event: ${name}`]), ...dataLines(data)]);
    await answer.end();
    if (!answer.staysOpen) await connection.finish();
    return "over";
  },
  barrier: ({ arrived }, [, name, requests]) => arrived(name, requests),
  async rate({ answer, connection, rate }, [, limits]) {
    const { admitted, headers, message } = rate(limits);
    answer.addHeaders(headers);
    if (admitted) return undefined;
    await answer.status(429);
    return complete(answer, connection, {
      error: { message, type: "requests", param: null, code: "rate_limit_exceeded" },
    });
  },
  async proxy407({ answer, connection }) {
    await answer.status(407, { "proxy-authenticate": 'Basic realm="fault-server"', "content-length": "0" });
    await connection.finish();
    return "over";
  },
  async tunnel({ tunnel }) {
    await tunnel();
    return "over";
  },
};

async function playStep(stage: Stage, step: FaultStep): Promise<unknown> {
  const play = PLAYS[step[0]] as (stage: Stage, step: FaultStep) => unknown;
  return play(stage, step);
}

async function complete(answer: AnswerWriter, connection: Connection, body: unknown): Promise<"over"> {
  await answer.json(body);
  if (!answer.staysOpen) await connection.finish();
  return "over";
}

async function repeated(stage: Stage, times: number, step: FaultStep, gapMs: number): Promise<void> {
  const play = async () => {
    for (let done = 0; done < times && !stage.connection.closed.aborted; done += 1) {
      await playStep(stage, step);
      if (gapMs > 0) await stage.connection.wait(gapMs);
    }
  };
  await (gapMs > 0 ? play() : stage.connection.together(play));
}

function dataLines(body: unknown): string[] {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return text.split(/\r\n|\r|\n/).map((line) => `data: ${line}`);
}

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex.replace(/\s/g, ""), "hex");
}
