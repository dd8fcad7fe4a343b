/** A name that stands for all models of a provider with `discover = true`: it has the provider's settings. */
export function anyModelOf(provider: string): string {
  return `${provider}/*`;
}
