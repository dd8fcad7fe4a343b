/** The tables of facts that the public surface does not list: what `models --catalog` and `init` show. */
export { catalogIds, infoOf } from "../catalog/lookup.ts";
export { PROVIDERS } from "../catalog/providers.ts";
