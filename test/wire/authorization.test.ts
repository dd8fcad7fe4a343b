import { describe, expect, onTestFinished, test } from "vitest";
import { ModelFactory } from "../../src/index.ts";
import { host } from "../harness/host.ts";

const NAMES = ["authorization", "x-api-key", "api-key", "x-goog-api-key"] as const;
const ROUTES: Readonly<Record<string, string>> = {
  openai: 'provider = "openai"',
  "openai-responses": 'provider = "openai"\ncustom_llm_provider = "openai-responses"',
  azure: 'provider = "azure"\napi_version = "2024-10-21"',
  anthropic: 'provider = "anthropic"',
  "anthropic with x-api-key": 'provider = "anthropic"\nauth_header = "x-api-key"',
  google: 'provider = "google"',
  "google with a bearer": 'provider = "google"\nauth_header = "bearer"',
  vertex: 'provider = "vertex"\nvertex_project = "p"',
};

describe.each(Object.entries(ROUTES))("the credentials of a request to %s", (_, route) => {
  test.each([false, true])("are only the configured header (stream: %s)", async (streaming) => {
    const server = await host();
    /** Headers with credentials, as received. */
    const sent = async (entryHeader?: string, callHeader?: string) => {
      const own = entryHeader === undefined ? "" : `extra_headers = { "${entryHeader}" = "of-the-entry" }`;
      const toml = `[models.m]\nname = "m"\n${route}\nbase_url = "${server.url}"\napi_key = "the-key"\nnum_retries = 0\n${own}`;
      const factory = ModelFactory.parse(toml, { env: {} });
      onTestFinished(() => factory.close());
      const extraHeaders = callHeader === undefined ? {} : { [callHeader]: "of-the-call" };
      await factory.get("m").safeCodegen("Hello", { extraHeaders, stream: streaming });
      const { headers } = server.arrivals.at(-1) as { headers: Record<string, string | undefined> };
      return Object.fromEntries(NAMES.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
    };

    for (const callHeader of [undefined, "x-other"]) {
      const [[, value = ""] = []] = Object.entries(await sent(undefined, callHeader));
      expect(value.replace("Bearer ", "")).toBe("the-key");
    }
    for (const name of NAMES) {
      expect(await sent(name)).toEqual({ [name]: "of-the-entry" });
      expect(await sent(name, "x-other")).toEqual({ [name]: "of-the-entry" });
      expect(await sent(name, name)).toEqual({ [name]: "of-the-call" });
      expect(await sent(undefined, name)).toEqual({ [name]: "of-the-call" });
    }
  });
});
