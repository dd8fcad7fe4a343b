import { afterAll, beforeAll, expect, test } from "vitest";
import { type Message, ModelFactory, type Reply } from "../../src/index.ts";
import { describeWith } from "../harness/needs.ts";
import { validateChatRequest, validateResponsesRequest } from "../harness/openai-schema.ts";
import { ANSWERS, entryFor, type Recording, saidBy, type Tree } from "../harness/recording-files.ts";
import { read } from "../harness/recording-reader.ts";
import { smallBody } from "../harness/small-answers.ts";
import { type Said, type WireServer, wireServer } from "../harness/wire-server.ts";
import { WIRES, type Wire } from "../harness/wires.ts";
import { readRequest, stringsIn } from "./request-reader.ts";

let server: WireServer;
let said: Said | undefined;
beforeAll(async () => {
  server = await wireServer(() => said);
});
afterAll(() => server.close());

/** Other providers of each wire, none of which the recordings' own entries use. */
const OTHERS: Readonly<Record<Wire, { readonly provider: string; readonly model: string }>> = {
  openai: { provider: "another-chat", model: "some-chat-model" },
  "openai-responses": { provider: "another-responses", model: "some-responses-model" },
  anthropic: { provider: "another-anthropic", model: "some-messages-model" },
  google: { provider: "another-google", model: "some-generate-model" },
};

const RESULT = "the result of call";

/** The recorded answer, the results of its calls, and the next question. */
function conversation(reply: Reply): Message[] {
  const results = reply.toolCalls.map(
    ({ id }, index) => ({ type: "tool-result", id, content: `${RESULT} ${index}` }) as const,
  );
  return [
    { role: "user", content: "The first question" },
    reply.message,
    ...(results.length > 0 ? [{ role: "tool", content: results } as const] : []),
    { role: "user", content: "The next question" },
  ];
}

function toolsFor(reply: Reply) {
  const names = new Set(reply.toolCalls.map(({ name }) => name));
  return [...names].map((name) => ({ name, description: name, parameters: { type: "object", properties: {} } }));
}

interface HandedOff {
  readonly reply: Reply;
  readonly bodies: Record<Wire | "own", Tree>;
}
const done = new Map<string, Promise<HandedOff>>();

/** Each recording is handed over once; several tests check the result. */
function handOff(recording: Recording): Promise<HandedOff> {
  const handed = done.get(recording.id) ?? handOver(recording);
  done.set(recording.id, handed);
  return handed;
}

async function handOver(recording: Recording): Promise<HandedOff> {
  const entries = WIRES.map((wire) => entryFor({ wire, ...OTHERS[wire] }, wire, server.origin)).join("");
  const factory = ModelFactory.parse(`${entryFor(recording, "own", server.origin)}${entries}`, { env: {} });
  try {
    said = saidBy(recording);
    const asked = factory.get("own");
    const reply =
      recording.events === undefined
        ? await asked.codegen("The first question")
        : await asked.stream("The first question").reply;
    const bodies: Record<string, Tree> = {};
    for (const name of ["own", ...WIRES]) {
      said = smallBody(name === "own" ? recording.wire : (name as Wire));
      const next = await factory.get(name).codegen(conversation(reply), { tools: toolsFor(reply) });
      expect(next.text).toBe("fine");
      bodies[name] = JSON.parse(server.requests.at(-1)?.body ?? "") as Tree;
    }
    return { reply, bodies: bodies as Record<Wire | "own", Tree> };
  } finally {
    await factory.close();
  }
}

function expectNothingLost(wire: Wire, body: Tree, reply: Reply): void {
  const strings = stringsIn(body);
  const { content } = reply.message;
  const texts =
    typeof content === "string" ? [content] : content.flatMap((part) => (part.type === "text" ? [part.text] : []));
  for (const text of ["The first question", "The next question", ...texts]) {
    const whole = strings.some((one) => one.includes(text));
    expect(whole, `${wire} lost: ${text.slice(0, 200)}`).toBe(true);
  }
  const { calls, results } = readRequest(wire, body);
  const plain = ({ name, arguments: args }: { name: string; arguments: unknown }) => ({ name, arguments: args });
  expect(calls.map(plain)).toEqual(reply.toolCalls.map(plain));
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
  expect(results.map(({ id }) => id)).toEqual(calls.map(({ id }) => id));
  results.forEach(({ content: given }, index) => {
    expect(given).toContain(`${RESULT} ${index}`);
  });
}

describeWith("recordings", "an answer becomes history", () => {
  for (const recording of ANSWERS) {
    test(recording.id, { timeout: 10_000 }, async () => {
      const { reply, bodies } = await handOff(recording);
      const { signatures } = read(recording);
      for (const wire of WIRES) {
        expectNothingLost(wire, bodies[wire], reply);
        for (const signature of signatures) expect(JSON.stringify(bodies[wire])).not.toContain(signature);
      }
      expectNothingLost(recording.wire, bodies.own, reply);
      for (const signature of signatures) expect(stringsIn(bodies.own)).toContain(signature);
    });
  }

  describeWith("contracts", "in requests that OpenAI's description allows", () => {
    for (const recording of ANSWERS) {
      test(recording.id, async () => {
        const { bodies } = await handOff(recording);
        validateChatRequest(bodies.openai);
        validateResponsesRequest(bodies["openai-responses"]);
        if (recording.provider === "openai" && recording.wire === "openai") validateChatRequest(bodies.own);
        if (recording.provider === "openai" && recording.wire === "openai-responses")
          validateResponsesRequest(bodies.own);
      });
    }
  });
});
