import type { Progress } from "@lab/core";

/** Shows progress: a bar on a terminal, a line now and then elsewhere. */
export interface ProgressReporter {
  /** Names what the following updates are about. */
  label(text: string): void;
  update(progress: Progress): void;
  /** Takes the bar off the terminal, so that a line can be printed. */
  clear(): void;
}

const REDRAW_MS = 80;
const LINE_EVERY_MS = 10_000;
const BAR = 24;

function figures(metrics: Progress["metrics"]): string {
  return Object.entries(metrics ?? {})
    .map(([name, value]) => `${name} ${Number.isInteger(value) ? value : value.toPrecision(4)}`)
    .join("  ");
}

function describe(label: string, { done, total, message, metrics }: Progress): string {
  const share = total
    ? ` ${String(Math.floor((100 * Math.min(done, total)) / total)).padStart(3)} %`
    : ` ${done}`;
  return [label, share.trim(), message, figures(metrics)].filter(Boolean).join("  ");
}

function bar({ done, total }: Progress): string {
  if (!total) return "";
  const filled = Math.round((BAR * Math.min(done, total)) / total);
  return `${"█".repeat(filled)}${"░".repeat(BAR - filled)} `;
}

/** A reporter on standard error, so that results can be piped. */
export function progressReporter({ silent = false } = {}): ProgressReporter {
  const out = process.stderr;
  const isTerminal = out.isTTY === true;
  let label = "";
  let last = 0;
  let isDrawn = false;
  const clear = () => {
    if (isDrawn) out.write("\r\x1b[2K");
    isDrawn = false;
  };
  return {
    label: (text) => {
      label = text;
      last = 0;
    },
    update: (progress) => {
      const now = Date.now();
      if (silent || now - last < (isTerminal ? REDRAW_MS : LINE_EVERY_MS)) return;
      last = now;
      if (!isTerminal) {
        out.write(`${describe(label, progress)}\n`);
        return;
      }
      const line = `${bar(progress)}${describe(label, progress)}`;
      out.write(`\r\x1b[2K${line.slice(0, (out.columns || 80) - 1)}`);
      isDrawn = true;
    },
    clear,
  };
}
