export function resultsPage(results: readonly object[]): string;
