import { DataError } from "@lab/core";
import { atomicWrite } from "@lab/core/io";
import { renderSvg } from "@lab/core/plot";
import type { CurvePoint } from "../evaluation/index.js";
import { type TracedStep, trainingReport } from "../report/index.js";
import { SparseAutoencoder } from "../training/index.js";
import type { NamedData } from "./named-data.js";

/** What a run folder says about itself. */
export interface RunConfig {
  preset: string;
  data: string;
  count?: number;
  seed: number;
}

/** Reads a JSON file of a run. */
export async function readJson<T>(path: string): Promise<T> {
  const { readFile } = await import("node:fs/promises");
  try {
    return JSON.parse(await readFile(path, "utf8")) as T;
  } catch (cause) {
    throw new DataError(
      `lab sparse: ${path} cannot be read; a folder made by "lab sparse train" was expected`,
      { path },
      { cause },
    );
  }
}

/** The trained autoencoder of a run folder, or of a file. */
export async function readModel(path: string): Promise<SparseAutoencoder> {
  const { readFile } = await import("node:fs/promises");
  const file = path.endsWith(".safetensors") ? path : `${path}/model.safetensors`;
  try {
    return await SparseAutoencoder.load(new Uint8Array(await readFile(file)));
  } catch (cause) {
    throw new DataError(
      `lab sparse: ${file} cannot be loaded; the model of "lab sparse train" was expected`,
      { path: file },
      { cause },
    );
  }
}

/** Writes the page, its numbers and the picture of the components of a run; answers the numbers. */
export async function writeReport(
  folder: string,
  model: SparseAutoencoder,
  data: NamedData,
  o: {
    trace: readonly TracedStep[];
    points?: readonly CurvePoint[];
    sigma: number;
    seed: number;
    title: string;
  },
): Promise<Record<string, unknown>> {
  const made = await trainingReport(model, data.test, {
    ...o,
    // Rows that are no squares are shown as lines.
    height: Number.isInteger(data.side) ? data.side : 1,
    width: Number.isInteger(data.side) ? data.side : data.test.shape[1],
    scale: data.scale,
  });
  await atomicWrite(`${folder}/report.html`, made.html);
  await atomicWrite(`${folder}/report.json`, JSON.stringify(made.data));
  await atomicWrite(`${folder}/components.svg`, renderSvg(made.figures[0]!));
  return made.data;
}
