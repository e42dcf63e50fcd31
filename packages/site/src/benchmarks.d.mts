interface BenchRow {
  section: string;
  name: string;
  ours: number;
  unit: string;
  spread: number;
  moreIsBetter: boolean;
  rival?: number;
  rivalName?: string;
  ratio?: number;
  bar?: string;
  met?: boolean;
  note?: string;
}

/** What a package's bench writes. */
interface BenchReport {
  package: string;
  machine: string;
  versions: Record<string, string>;
  rows: readonly BenchRow[];
  skipped: readonly { section: string; name: string; reason: string }[];
  peakMegabytes: Record<string, number>;
}

export function committedBenchmarks(folder: string): BenchReport[];
export function costOf(row: Pick<BenchRow, "ratio" | "moreIsBetter">): number | undefined;
export function benchmarksPage(reports: readonly BenchReport[]): string;
