/** Catalog tables outside the public surface, for `models --catalog`, `catalog` and `init`. */
export {
  CachedCatalog,
  catalogPath,
  catalogText,
  readCatalogFile,
  UnreadableCatalog,
} from "../catalog/cached-catalog.ts";
export { currentModelsOf } from "../catalog/current-models.ts";
export { sameModel, stemOf } from "../catalog/identity.ts";
export { catalogIds, infoOf } from "../catalog/lookup.ts";
export { CATALOG_DATE } from "../catalog/models.generated.ts";
export { PROVIDER_HINTS, PROVIDERS } from "../catalog/providers.ts";
export { tableNames, tableOf } from "../catalog/table.ts";
