import { describe, expect, it } from "vitest";
import type { WireMarks } from "../../src/dialects/served/marks.ts";
import { MESSAGES_ROWS } from "./marks/anthropic-rows.ts";
import { GENERATE_ROWS } from "./marks/google-rows.ts";
import { CHAT_ROWS, RESPONSES_ROWS } from "./marks/openai-rows.ts";
import { type Json, listOf, type NamedRow, type WireRows } from "./marks/rows.ts";
import { type World, world } from "./world.ts";

/** A chat model that takes an effort and audio. */
const THINKING =
  '[models.thinking]\nbase_url = "BASE/v1"\napi_key = "k"\nname = "gpt-5"\nprovider = "openai"\ncapabilities = { audio = true }\n';

interface Outcome {
  readonly status: number;
  readonly error: string;
  readonly adjustments: string;
  /** What the upstream got, also if it refused it. */
  readonly body: Json | undefined;
}

async function asked<Marks extends WireMarks>(
  { post, simulator }: World,
  rows: WireRows<Marks>,
  model: string,
  row: NamedRow,
): Promise<Outcome> {
  const before = simulator.requests.length;
  const sent = model === rows.other ? withoutModel(row.body) : row.body;
  const response = await post(rows.path(model), { ...rows.base(model), ...sent });
  const text = await response.text();
  return {
    status: response.status,
    error: response.ok ? "" : text,
    adjustments: response.headers.get("x-modelwright-adjustments") ?? "",
    body: simulator.requests.slice(before)[0]?.body as Json | undefined,
  };
}

function withoutModel({ model: _, ...rest }: Json): Json {
  return rest;
}

/** The path of a name in the adjustments. */
function pathOf({ kind, name }: NamedRow): RegExp {
  if (kind === "fields") return new RegExp(`(^|; |\\.)${name}: `);
  return kind === "tools" ? /tools\[0\]/ : /messages\[\d\]/;
}

async function check<Marks extends WireMarks>(rows: WireRows<Marks>, entry: string): Promise<readonly string[]> {
  const made = await world({ toml: THINKING, isUnchecked: true });
  const wrong: string[] = [];
  for (const row of listOf(rows)) {
    const same = await asked(made, rows, entry, row);
    const other = await asked(made, rows, rows.other, row);
    try {
      checkRow(row, same, other);
    } catch (error) {
      wrong.push(`${row.kind} ${row.name} (${row.mark}): ${(error as Error).message.slice(0, 700)}`);
    }
  }
  return wrong;
}

function checkRow(row: NamedRow, same: Outcome, other: Outcome): void {
  const { kind, mark, name, body, upstream = body, words } = row;
  if (mark === "refused") {
    // The errors of OpenAI have a field for it, those of others only words.
    const field = new RegExp(`"param":"${name}"|"(?:\\w+\\.)?${name}: `);
    const named = expect.stringMatching(kind === "fields" ? field : name);
    expect([same.status, same.error, other.status]).toEqual([400, named, 400]);
    return;
  }
  expect(same).toMatchObject({ status: 200, error: "" });
  if (mark === "ignored") {
    expect([same.body?.[name], same.adjustments, other.body?.[name]]).toEqual([undefined, "", undefined]);
    return;
  }
  expect(same.body).toMatchObject(upstream);
  expect(other).toMatchObject(row.isMedia ? { status: 400 } : { status: 200, error: "" });
  if (mark === "same wire") {
    expect(same.adjustments).toBe("");
    expect(other.adjustments).toMatch(pathOf(row));
  } else if (words !== undefined && !row.isMedia) expect(JSON.stringify(other.body)).toContain(words);
}

describe("each name that a wire format has", () => {
  it("reaches the upstream as chat completions mark it", async () => {
    expect(await check(CHAT_ROWS, "openai")).toEqual([]);
  });

  it("reaches the upstream as the Responses API marks it", async () => {
    expect(await check(RESPONSES_ROWS, "openai-responses")).toEqual([]);
  });

  it("reaches the upstream as the Messages API marks it", async () => {
    expect(await check(MESSAGES_ROWS, "anthropic")).toEqual([]);
  });

  it("reaches the upstream as generateContent marks it", async () => {
    expect(await check(GENERATE_ROWS, "google")).toEqual([]);
  });
});
