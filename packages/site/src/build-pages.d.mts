/** Writes every page but the reference. */
export function buildPages(site: string): Promise<void>;
