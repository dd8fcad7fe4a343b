type Part = Readonly<Record<string, unknown>>;
interface Content {
  readonly role: string;
  readonly parts: readonly Part[];
}
interface Named {
  readonly name: string;
  readonly id: string;
}

/** The rules of generateContent that parameters break, in words; written apart from the encoder. */
export function checkGenerate(params: unknown): string[] {
  const { contents, config } = params as { contents: readonly Content[]; config: Readonly<Record<string, unknown>> };
  const broken: string[] = [];
  if (contents[0]?.role !== "user") broken.push("the first content is not the user's");
  contents.forEach((content, index) => {
    if (content.role !== "user" && content.role !== "model") broken.push(`role ${content.role} at ${index}`);
    if (content.parts.length === 0) broken.push(`no parts at ${index}`);
    if (content.parts.some((part) => part["text"] === "" && part["thoughtSignature"] === undefined))
      broken.push(`empty text at ${index}`);
    const calls = namesIn(content, "functionCall");
    const next = contents[index + 1];
    const results = next === undefined ? [] : namesIn(next, "functionResponse");
    if (calls.length > 0 && calls.join() !== results.join()) broken.push(`calls without their results at ${index}`);
    if (calls.some((name) => !LEGAL_NAME.test(name.split("#")[0] ?? ""))) broken.push(`an illegal name at ${index}`);
  });
  const tools = JSON.stringify(config["tools"] ?? []);
  for (const keyword of REFUSED) if (tools.includes(`"${keyword}":`)) broken.push(`${keyword} in a declaration`);
  return broken;
}

const LEGAL_NAME = /^[A-Za-z_][A-Za-z0-9_.:-]{0,63}$/;
const REFUSED = ["$ref", "$schema", "$defs", "additionalProperties", "const", "exclusiveMinimum", "propertyNames"];

function namesIn(content: Content, kind: string): string[] {
  return content.parts.flatMap((part) => {
    const named = part[kind] as Named | undefined;
    return named === undefined ? [] : [`${named.name}#${named.id}`];
  });
}
