import fc from "fast-check";
import type { Message } from "../../src/core/message.ts";
import { PIXEL } from "./contract.ts";

export const call = (id: string, name = "f") => ({ type: "tool-call", id, name, arguments: { a: 1 } }) as const;
export const result = (id: string, content = "r") => ({ type: "tool-result", id, content }) as const;

const chunk = fc.oneof(fc.constantFrom("", " ", "\n\n", "hello", "tail \n"), fc.string());
const ids = fc.array(fc.constantFrom("a", "b", "a.b", "a b", "", "ü", "call_1"), { maxLength: 3 });
const reasoning = fc.record({
  type: fc.constant("reasoning" as const),
  text: chunk,
  signature: fc.base64String({ minLength: 4 }),
  owner: fc.constantFrom("anthropic", "google"),
  redacted: fc.boolean(),
});
const user: fc.Arbitrary<Message> = fc.oneof(
  chunk.map((content) => ({ role: "user" as const, content })),
  chunk.map((text) => ({
    role: "user" as const,
    content: [
      { type: "text" as const, text },
      { type: "image" as const, data: PIXEL },
    ],
  })),
);
const exchange = fc
  .tuple(fc.array(reasoning, { maxLength: 2 }), chunk, ids, fc.boolean(), fc.boolean())
  .map(([thoughts, text, calls, reversed, apart]): Message[] => {
    const assistant = {
      role: "assistant",
      content: [...thoughts, { type: "text", text }, ...calls.map((id) => call(id))],
    } as const;
    const results = calls.map((id, index) => result(id, `${index}`));
    if (reversed && new Set(calls).size === calls.length) results.reverse();
    if (results.length === 0) return [assistant];
    const tools = apart
      ? results.map((one) => ({ role: "tool", content: [one] }) as const)
      : [{ role: "tool", content: results } as const];
    return [assistant, ...tools];
  });
/** Conversations of any shape whose tool calls are answered: empty texts, foreign signatures, odd ids, any order. */
export const history = fc
  .array(
    fc.oneof(
      user.map((one) => [one]),
      exchange,
      chunk.map((content): Message[] => [{ role: "system", content }]),
    ),
    { maxLength: 8 },
  )
  .map((groups) => groups.flat());
