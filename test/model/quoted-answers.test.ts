import { expect, it } from "vitest";
import { z } from "zod";
import { modelAt, serving } from "../harness/ask.ts";
import { failureOf } from "../harness/outcomes.ts";

const answering = (text: string) =>
  serving(() => ({
    body: JSON.stringify({
      id: "1",
      choices: [{ index: 0, message: { content: text }, finish_reason: "stop" }],
      usage: {},
    }),
    headers: { "content-type": "application/json" },
  }));

it("an answer that is not JSON is in `partial`, not in the message", async () => {
  const server = await answering("Salary of Alice Tern is 5120");
  const error = await failureOf(modelAt("openai", server.origin).object(z.object({ a: z.number() }), "Hello"));
  expect(error).toMatchObject({ code: "invalid_output", partial: { text: "Salary of Alice Tern is 5120" } });
  expect(error.message).toContain("not JSON");
  expect(error.message).not.toMatch(/Salary|Alice|5120/);
});

it("a message of the schema that quotes the answer is left out of the error, and its place is kept", async () => {
  const server = await answering('{"a":"Alice Tern","b":5120}');
  const schema = z.object({
    a: z.string().refine(() => false, { error: ({ input }) => `wrong: ${input}` }),
    b: z.string(),
  });
  const error = await failureOf(modelAt("openai", server.origin).object(schema, "Hello"));
  expect(error.message).toMatch(/a: is not valid; b: .*expected string/);
  expect(error.message).not.toContain("Alice");
});
