import type { Command } from "@lab/core/experiment";
import { ConvexHull } from "../hull/convex-hull.js";
import { readPoints } from "./read-points.js";

/** `lab hull extreme`. */
export const extreme: Command = {
  path: ["hull", "extreme"],
  summary: "indices of the extreme rows, or the onion layer of every row",
  options: {
    points: { type: "positional", description: "rows: .npy, .csv or IDX", required: true },
    layers: { type: "number", description: "print onion layers, at most that many" },
  },
  async run({ options, signal, onProgress, print, json }) {
    const hull = await ConvexHull.from(await readPoints(options.points as string), { signal });
    const found =
      options.layers === undefined
        ? await hull.extremePoints({ signal, onProgress })
        : await hull.depth({ signal, onProgress, maxLayers: options.layers as number });
    if (json) print(JSON.stringify(Array.from(found)));
    else for (const value of found) print(String(value));
    return 0;
  },
};
