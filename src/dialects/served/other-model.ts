import { own } from "../../core/own.ts";
import type { Fields } from "./fields.ts";
import { asArray, asObject } from "./json.ts";

/** Fields of OpenRouter and LiteLLM that choose another model, host or credential, without underscores. */
const ROUTING: ReadonlySet<string> = new Set([
  ...["models", "provider", "route", "plugins", "preset", "fallbacks", "contextwindowfallbacks"],
  ...["contextwindowfallbackdict", "contentpolicyfallbacks", "modellist", "userconfig"],
  ...["apibase", "baseurl", "apikey", "apitype", "apiversion", "organization", "customllmprovider", "deploymentid"],
  ...["azureendpoint", "azureadtoken", "vertexproject", "vertexlocation", "vertexcredentials", "vertexaiproject"],
  ...["vertexailocation", "vertexaicredentials", "awsbedrockruntimeendpoint", "awswebidentitytoken"],
  ...["awsaccesskeyid", "awssecretaccesskey", "awssessiontoken", "awsregionname", "awsprofilename", "awsrolename"],
  ...[
    "mockresponse",
    "mocktoolcalls",
    "mocktimeout",
    "litellmparams",
    "litellmcredentialname",
    "routersettingsoverride",
  ],
  ...["extrabody", "extraheaders", "headers", "proxyserverrequest"],
]);

const ADVICE = "an entry of models.toml decides that; ask for another entry, or set it in `extra_body` of this one";

/** Refuses fields that choose where a request goes, and that the description of the API does not have. */
export function refuseRouting(body: Fields, known: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(body.sent))
    if (body.has(name) && own(known, name) === undefined && ROUTING.has(name.replaceAll("_", "").toLowerCase()))
      body.refuse(`this field chooses a model, host or key, but ${ADVICE}`, name);
}

const MODEL = /(?:^|_)models?(?:_?[nN]ames?)?$|[a-z]Models?$/;
/** Kinds of tools that the client executes. */
const FUNCTIONS: ReadonlySet<unknown> = new Set(["function", "custom"]);
/** Objects of these tools whose names are those of the client. */
const OF_FUNCTIONS =
  /^(?:parameters|parametersJsonSchema|response|responseJsonSchema|input_schema|input_examples|headers)$/;

/** Refuses a tool that asks a model that its definition names. */
export function refuseOtherModel(tool: Fields): void {
  const path = modelIn(tool.sent);
  if (path !== undefined) tool.refuse(`the tool chooses a model, but ${ADVICE}`, path);
}

/** The path of the name of a model. */
function modelIn(value: unknown, isFunction = true): string | undefined {
  const object = asObject(value) ?? {};
  const ofFunction = object.type === undefined ? isFunction : FUNCTIONS.has(object.type);
  for (const [name, inner] of Object.entries(object)) {
    if (MODEL.test(name) && inner !== null) return name;
    if (ofFunction && OF_FUNCTIONS.test(name)) continue;
    const path = Array.isArray(inner) ? modelInItems(inner, ofFunction) : modelIn(inner, ofFunction);
    if (path !== undefined) return `${name}${path.startsWith("[") ? "" : "."}${path}`;
  }
  return undefined;
}

function modelInItems(items: readonly unknown[], isFunction: boolean): string | undefined {
  for (const [index, item] of asArray(items).entries()) {
    const path = modelIn(item, isFunction);
    if (path !== undefined) return `[${index}].${path}`;
  }
  return undefined;
}
