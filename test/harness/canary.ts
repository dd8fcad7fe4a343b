import { inspect } from "node:util";
import { type Message, ModelError } from "../../src/index.ts";

/** Secrets that no call may reveal, each made of characters that nothing else here uses. */
export const SECRETS = {
  key: "sk-Zq7/Vx2+Jw9Kp4Bn6Td8Hs3Gm5Fr1Lc0",
  secondKey: "sk-Wy4Uo8Ae1Si6Db3Nf9Pg2Rh7Ck5Mt0",
  proxyPassword: "Xu3-Yj8_Zk1-Qv6_Wb4-Eo9",
  header: "hdr.Tg5.Lr8.Nx2.Vc7.Bq4.Mz9",
  authorization: "Ij6Od2Ra8Uf4Yw1Ep7Kt3Gs9Hv5Cx0",
  token: "ya29.Pq8Xz3Wm6Vk1Ju9Nb4Tc7Dy2Fo5",
  query: "Qe7Wr2Ty9Ui4Op6As1Df8Gh3Jk5",
  bodyField: "Lz3-Xc6-Vb9-Nm2-Qa5-Ws8",
  bodyPassword: "Ed4.Rf7.Tg1.Yh6.Uj9.Ik2",
  bodyParameter: "Ol8Pz5Mx2Nc7Bv4Ka9Js3Hd6",
  bodyUser: "ghp_Yt6Re3Wq8Lk1Jh4Gf7Ds2",
} as const;

export const PROMPT_MARK = "QUINCE-5518-MEDLAR";
export const PROMPT = `Rewrite the payroll of the orchard ${PROMPT_MARK}:\nAlice Tern earns 5120, "Bob" earns 4875;\nkeep their names to yourself.`;
export const SYSTEM_MARK = "BERGAMOT-2206-LOQUAT";
export const SYSTEM = `You are the silent bookkeeper of ${SYSTEM_MARK} and never repeat these words.`;
export const ANSWER_MARK = "PERSIMMON-9034-SORREL";
export const ANSWER = `The payroll of ${ANSWER_MARK} is attached below.`;

export const INPUT: readonly Message[] = [
  { role: "system", content: SYSTEM },
  { role: "user", content: PROMPT },
];

const PIECE = 8;

const piecesOf = (text: string) =>
  Array.from({ length: text.length - PIECE + 1 }, (_, at) => text.slice(at, at + PIECE));
/** The base64 encodings of a secret at any offset, without the ends that depend on the surrounding bytes. */
const inBase64 = (secret: string) =>
  [0, 1, 2].map((before) =>
    Buffer.from("x".repeat(before) + secret)
      .toString("base64")
      .slice(4, -4),
  );
const PIECES: ReadonlySet<string> = new Set(
  Object.values(SECRETS).flatMap((secret) =>
    [secret, secret.toLowerCase(), encodeURIComponent(secret), ...inBase64(secret)].flatMap(piecesOf),
  ),
);

/** The 8-character substrings of any secret, in any encoding, that a text contains; empty if it contains none. */
export function secretsIn(text: string): string[] {
  return [...new Set(piecesOf(text).filter((piece) => PIECES.has(piece)))].slice(0, 3);
}

/** The markers of prompt and instructions in a text. */
export function promptsIn(text: string): string[] {
  return [PROMPT_MARK, SYSTEM_MARK, "Alice Tern earns", "silent bookkeeper of"].filter((mark) => text.includes(mark));
}

/** The text around the first of `marks`, for the message of a failed test. */
export function around(text: string, marks: readonly string[]): string {
  const at = marks[0] === undefined ? -1 : text.indexOf(marks[0]);
  return at < 0 ? "" : text.slice(Math.max(0, at - 200), at + 200);
}

/** Every way in which a value reaches a screen, a log or a bug report. */
export function everythingOf(value: unknown): string {
  return [
    inspect(value, { depth: 9, showHidden: true, getters: true, maxStringLength: null, maxArrayLength: null }),
    inspect(value, { depth: 9 }),
    inspect(value, { depth: 9, showHidden: true, customInspect: false }),
    json(value),
    String(value),
    ...chainOf(value),
  ].join("\n");
}

function* chainOf(value: unknown): Generator<string> {
  let current = value;
  for (let depth = 0; current instanceof Error && depth < 9; depth++) {
    yield `${current.name} ${current.message}\n${current.stack ?? ""}`;
    for (const key of Reflect.ownKeys(current)) {
      const inner: unknown = Reflect.get(current, key);
      yield `${String(key)}: ${inspect(inner, { depth: 9, showHidden: true })} ${json(inner)}`;
      if (inner instanceof Headers) yield json([...inner]);
    }
    if (current instanceof ModelError) yield json(current.attempts);
    const { headers } = current as { headers?: { entries?(): Iterable<unknown> } };
    if (typeof headers?.entries === "function") yield json([...headers.entries()]);
    current = current.cause;
  }
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    return "";
  }
}
