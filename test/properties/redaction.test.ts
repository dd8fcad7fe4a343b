import { inspect } from "node:util";
import fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import type { Wire } from "../harness/wires.ts";

const KEYS: Readonly<Record<Wire, string>> = {
  openai: "sk-proj-Zq7Wm2Xe9Rt4Yb6Nc1Va8",
  "openai-responses": "9fK2+mB7/xQ4=tR8vN1zW6pL3sH5",
  anthropic: 'pa"ss\\Wo<rd>&42%of~Qk8Zt5Jy',
  google: "AIzaSyD8f2Kq7Lm4Xw9Rb1Tn6Vc3Zp5Hj0Gs8Ue",
};
const PIECE = 8;

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly header: string;
}
let answer: Answer;
const transport = async () =>
  new Response(answer.body, {
    status: answer.status,
    headers: { "content-type": answer.type, "x-request-id": answer.header.replace(/[^\x20-\x7e]/g, "") },
  });
const entries = Object.entries(KEYS).map(
  ([wire, key]) =>
    `[models.${wire}]\nname = "m"\nprovider = "host"\nbase_url = "http://127.0.0.1:9"\ncustom_llm_provider = "${wire}"\napi_key = ${JSON.stringify(key)}\nnum_retries = 0\ncircuit_breaker = false`,
);
const factory = ModelFactory.parse(entries.join("\n"), { env: {}, transport });
afterAll(() => factory.close());

/** What a server may say of a key: all of it, a piece, or one of the usual spellings. */
const echoOf = (key: string): fc.Arbitrary<string> =>
  fc.oneof(
    fc.constant(key),
    fc.constant(encodeURIComponent(key)),
    fc.constant(JSON.stringify(key).slice(1, -1)),
    fc.constant(JSON.stringify(JSON.stringify(key))),
    fc.constant(Buffer.from(key).toString("base64")),
    fc.nat(key.length - PIECE).map((from) => key.slice(0, key.length - from)),
    fc.nat(key.length - PIECE).map((from) => key.slice(from)),
  );

const padded = (key: string) =>
  fc
    .tuple(fc.string({ maxLength: 20 }), fc.nat(2_100), echoOf(key), fc.string({ maxLength: 20 }))
    .map(([before, far, echo, after]) => `${before}${far > 300 ? "" : " ".repeat(far)} ${echo} ${after}`);

/** The echo as a value or a key, at any depth. */
const nested = (key: string) =>
  fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      padded(key),
      fc.dictionary(
        fc.oneof(fc.constantFrom("error", "message", "type", "code", "detail", "param"), padded(key)),
        tie("tree"),
        {
          minKeys: 1,
          maxKeys: 3,
        },
      ),
      fc.array(tie("tree"), { minLength: 1, maxLength: 2 }),
    ),
  })).tree;

const answers = (key: string): fc.Arbitrary<Answer> =>
  fc.record({
    status: fc.constantFrom(200, 200, 400, 401, 403, 404, 429, 500, 503),
    type: fc.constantFrom("application/json", "text/html", "text/event-stream", "text/plain"),
    body: fc.oneof(
      nested(key).map((tree) => JSON.stringify({ error: tree })),
      nested(key).map((tree) => JSON.stringify(tree)),
      padded(key),
      padded(key).map((text) => `<html><title>${text}</title>`),
      nested(key).map((tree) => `data: ${JSON.stringify({ error: tree })}\n\n`),
      padded(key).map((text) => `data: ${text}\n\n`),
      fc.tuple(nested(key), fc.nat(400)).map(([tree, cut]) => JSON.stringify({ error: tree }).slice(0, cut)),
    ),
    header: padded(key),
  });

/** Everything of an error that somebody may print. */
function shownOf(error: Error): string {
  return `${inspect(error, { depth: 9, showHidden: true, customInspect: false })}\n${JSON.stringify(error)}\n${error.stack}\n${String(error.cause)}`;
}

test.each(Object.keys(KEYS) as Wire[])(
  "property 24: no error on the wire %s contains eight characters of a key, wherever a server repeats it",
  { timeout: 120_000 },
  async (wire) => {
    const key = KEYS[wire];
    const pieces = Array.from({ length: key.length - PIECE + 1 }, (_, at) => key.slice(at, at + PIECE));
    const model = factory.get(wire);
    await fc.assert(
      fc.asyncProperty(answers(key), fc.boolean(), async (given, streaming) => {
        answer = given;
        const reading = streaming ? model.stream("hi").reply : model.codegen("hi");
        const error = await reading.then(
          () => undefined,
          (thrown: Error) => thrown,
        );
        if (error === undefined) return;
        const shown = shownOf(error);
        expect(pieces.filter((piece) => shown.includes(piece))).toEqual([]);
      }),
      { numRuns: 1_000 },
    );
  },
);
