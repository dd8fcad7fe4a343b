export interface DataUrl {
  /** Empty if the URL has none. */
  readonly mediaType: string;
  /** Base64. */
  readonly data: string;
}

/** The parts of a `data:` URL with base64 data; undefined for any other URL. */
export function readDataUrl(url: string): DataUrl | undefined {
  const comma = url.startsWith("data:") ? url.indexOf(",") : -1;
  if (comma < 0) return undefined;
  const [mediaType = "", ...parameters] = url.slice("data:".length, comma).split(";");
  return parameters.at(-1) === "base64" ? { mediaType, data: url.slice(comma + 1) } : undefined;
}
