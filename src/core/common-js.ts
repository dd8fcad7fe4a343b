/** The exports of a CommonJS package that was imported dynamically: some bundlers put all of them into `default`. */
export function commonJsExports<Package extends object>(loaded: Package, name: keyof Package): Package {
  return name in loaded ? loaded : (loaded as { readonly default: Package }).default;
}
