import { PROVIDERS, type ProviderRow } from "../../src/catalog/providers.ts";
import { keyOf } from "../../src/core/request.ts";
import { code, GENERATED, markdownTable, page } from "./markdown.ts";

/** docs/reference/providers.md */
export function providersPage(): string {
  return page(
    "# Providers",
    GENERATED,
    `${PROVIDERS.length} values of \`provider\`. The key is read from the first variable that is set, unless the entry has an \`api_key\`. Any other server needs four lines: see [models.toml](../guide/models-toml.md#a-server-of-your-own).`,
    markdownTable(["provider", "wire", "address", "key", "API"], PROVIDERS.map(providerCells)),
    "## Provider differences",
    "A setting in *not supported* is left out of requests to this provider and reported in `reply.adjustments`. With `strict = true` it is an error.",
    markdownTable(["provider", "not supported", "limits", "more"], PROVIDERS.map(quirkCells).filter(isTelling)),
  );
}

function providerCells(row: ProviderRow): string[] {
  const { id, label, dialect, baseUrl, baseUrlShape, docs } = row;
  const address = baseUrl ?? (id === "simulator" ? "a free port on loopback" : `your own: ${code(baseUrlShape ?? "")}`);
  return [
    `${code(id)} ${label}`,
    id === "simulator" ? "that of the model" : dialect,
    baseUrl === undefined ? address : code(baseUrl),
    keyCell(row),
    `[docs](${docs})`,
  ];
}

function keyCell({ keyEnv, keyless, tokenHook }: ProviderRow): string {
  const names = keyEnv.map(code).join(" or ");
  if (names === "") return "none";
  if (tokenHook === true) return `${names}, or a token hook`;
  return keyless === true ? `none; ${names} if set` : names;
}

function quirkCells({ id, quirks, headers = {}, ownHeaders = {} }: ProviderRow): string[] {
  const { lacks = [], maxTemperature, maxStops, reasoningField, jsonMode, toolIds, defaults, streamUsage } = quirks;
  const computed = Object.values(quirks.headersByRequest ?? {}).flatMap((group) => Object.keys(group));
  const sent = [...new Set([...Object.keys(headers), ...computed])];
  const limits = [
    ...(maxTemperature === undefined ? [] : [`temperature up to ${maxTemperature}`]),
    ...(maxStops === undefined ? [] : [`${maxStops} stop ${maxStops === 1 ? "sequence" : "sequences"}`]),
  ];
  const more = [
    ...(jsonMode === "json_object" ? ["schemas are sent as plain JSON mode"] : []),
    ...(reasoningField === undefined ? [] : [`reasoning in ${code(reasoningField)}`]),
    ...(toolIds === undefined ? [] : ["tool ids of nine characters"]),
    ...(defaults === undefined
      ? []
      : [
          `sends ${Object.entries(defaults)
            .map(([key, value]) => code(`${keyOf(key)} = ${value}`))
            .join(", ")} by default`,
        ]),
    ...(streamUsage === false ? ["usage is sent without being requested"] : []),
    ...(sent.length === 0 ? [] : [`sends ${sent.map(code).join(", ")}`]),
    ...Object.entries(ownHeaders).map(
      ([name, meaning]) => `needs ${code(name)} in ${code("extra_headers")}: ${meaning}`,
    ),
  ];
  return [code(id), lacks.map((name) => code(keyOf(name))).join(", "), limits.join(", "), more.join(", ")];
}

function isTelling([, ...cells]: readonly string[]): boolean {
  return cells.some((cell) => cell !== "");
}
