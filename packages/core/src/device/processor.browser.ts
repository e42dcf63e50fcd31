/** Browsers tell no processor's name. */
export function processorName(): string {
  return "processor";
}
