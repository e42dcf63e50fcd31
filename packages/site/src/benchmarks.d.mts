interface BenchRow {
  section?: string;
  name: string;
  ours: number;
  rival?: number | null;
  rivalName?: string | null;
  unit?: string;
  ratio?: number | null;
  moreIsBetter?: boolean;
  bar?: unknown;
  met?: boolean | null;
  spread?: number | readonly number[] | null;
}

/** What a package's bench writes. */
interface BenchReport {
  package: string;
  machine: unknown;
  versions: Record<string, string>;
  rows: readonly BenchRow[];
}

export function committedBenchmarks(folder: string): BenchReport[];
export function costOf(row: Pick<BenchRow, "ours" | "rival" | "unit" | "moreIsBetter">): number | undefined;
export function benchmarksPage(reports: readonly BenchReport[]): string;
