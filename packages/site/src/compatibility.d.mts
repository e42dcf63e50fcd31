/** The tests of a package in an environment. */
interface TestRun {
  package: string;
  environment: string;
  system: string;
  passed: number;
  failed: number;
  skipped: number;
  command: string;
}

export function committedRuns(folder: string): TestRun[];
export function compatibilityPage(runs: readonly TestRun[]): string;
