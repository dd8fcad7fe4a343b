import type { Address } from "../../core/target.ts";
import { withoutEnd } from "../../core/without-end.ts";

/** The API of a target: the Gemini API, or Vertex AI for one project and location. */
export interface GoogleAddress {
  readonly baseUrl: string;
  readonly apiVersion: string;
  readonly vertex: { readonly project: string; readonly location: string } | undefined;
}

const GEMINI_BASE_URL = "https://generativelanguage.googleapis.com";

export function googleAddress(address: Address): GoogleAddress {
  const { vertexProject, vertexLocation = "global", apiVersion } = address;
  const baseUrl = withoutEnd(address.baseUrl, "/");
  if (vertexProject === undefined) {
    return { baseUrl: baseUrl || GEMINI_BASE_URL, apiVersion: apiVersion ?? "v1beta", vertex: undefined };
  }
  const own = baseUrl !== "" && baseUrl !== GEMINI_BASE_URL;
  return {
    baseUrl: own ? baseUrl : vertexBaseUrl(vertexLocation),
    apiVersion: apiVersion ?? "v1beta1",
    vertex: { project: vertexProject, location: vertexLocation },
  };
}

/** https://docs.cloud.google.com/vertex-ai/docs/general/locations; multi-regions have other hosts. */
export function vertexBaseUrl(location: string): string {
  if (location === "global") return "https://aiplatform.googleapis.com";
  if (location === "us" || location === "eu") return `https://aiplatform.${location}.rep.googleapis.com`;
  return `https://${location}-aiplatform.googleapis.com`;
}
