import type { Command } from "@lab/core/experiment";
import { atomicWrite } from "@lab/core/io";
import { renderSvg } from "@lab/core/plot";
import { spectrum } from "../spectrum/index.js";
import { readMatrix } from "./read-data.js";
import { spectrumFigure } from "./report.js";

/** `lab ssl spectrum`: how many dimensions embeddings use. */
export const spectrumCommand: Command = {
  path: ["ssl", "spectrum"],
  summary: "Show how many dimensions the embeddings in .npy files use",
  options: {
    file: { type: "positional", description: "Embeddings, one row a sample", required: true },
    with: { type: "string", description: "Further files on the same axis, separated by commas" },
    raw: { type: "boolean", description: "Do not bring rows to norm 1 first" },
    threshold: {
      type: "number",
      description: "Share of the largest eigenvalue that counts as collapsed",
      default: 1e-4,
    },
    picture: { type: "string", description: "SVG of the spectra" },
  },
  async run({ options, init, print, json }) {
    await init();
    const files = [
      String(options.file),
      ...(options.with === undefined ? [] : String(options.with).split(",")),
    ];
    const rows = [];
    for (const file of files) {
      const z = await readMatrix("file", file);
      const [count, columns] = z.shape;
      const result = await spectrum(z, { normalize: options.raw !== true });
      z.dispose();
      const { rankMe, effectiveRank, participationRatio, stableRank, floor } = result;
      const collapsed = result.numCollapsed(Number(options.threshold));
      const ranks = { rankMe, effectiveRank, participationRatio, stableRank };
      rows.push({ file, rows: count, columns, values: [...result.values], ...ranks, collapsed, floor });
    }
    if (options.picture !== undefined) {
      const spectra = rows.map(({ file, values, rankMe, collapsed }) => ({
        name: `${file}: RankMe ${rankMe!.toFixed(1)}, ${collapsed} collapsed`,
        values,
      }));
      await atomicWrite(String(options.picture), renderSvg(spectrumFigure(spectra, rows[0]!.floor)));
    }
    if (json) {
      print(JSON.stringify(rows.length === 1 ? rows[0] : rows));
      return 0;
    }
    for (const row of rows) {
      print(`${row.file}: ${row.rows} rows, ${row.columns} columns, ${row.collapsed} collapsed`);
      print(
        `RankMe ${row.rankMe!.toFixed(2)}, effective rank ${row.effectiveRank.toFixed(2)}, participation ratio ${row.participationRatio.toFixed(2)}, stable rank ${row.stableRank.toFixed(2)}`,
      );
    }
    return 0;
  },
};
