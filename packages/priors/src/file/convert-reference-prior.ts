import { DataError } from "@lab/core";
import { nodeModule, readNpy, readSafetensors } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import { GaussianPrior } from "../gaussian/index.js";
import { layoutSize, type ParameterLayout } from "../layout/index.js";
import { readTorchTensor } from "./torch-file.js";

/** Files of the authors' release. */
export interface ReferenceFiles {
  /** `<prefix>_mean`: `[P]`. */
  mean: string;
  /** `<prefix>_variance`: `[P]`. */
  variance: string;
  /** `<prefix>_covmat`: `[K, P]`; absent for a diagonal prior. */
  covmat?: string;
}

interface Values {
  data: Float32Array;
  shape: readonly number[];
}

/** A tensor of a `.pt`, `.npy` or safetensors file with a single tensor. */
async function readValues(path: string): Promise<Values> {
  if (path.endsWith(".npy")) {
    const { data, shape } = await readNpy(path);
    return { data: Float32Array.from(data as ArrayLike<number>), shape };
  }
  if (path.endsWith(".safetensors")) {
    const reader = readSafetensors(path);
    const [name, ...others] = reader.names();
    if (name === undefined || others.length > 0) {
      throw new DataError(
        `convertReferencePrior: ${path} holds ${reader.names().length} tensors; one was expected`,
        { path },
      );
    }
    return {
      data: Float32Array.from((await reader.array(name)) as Float32Array),
      shape: reader.info(name).shape,
    };
  }
  const { readFile } = nodeModule<typeof import("node:fs/promises")>(
    "node:fs/promises",
    "convertReferencePrior",
  );
  return readTorchTensor(await readFile(path), path);
}

/**
 * A prior from the files of the authors' release (`.pt` as `torch.save` writes them, `.npy` or safetensors). Node only.
 *
 * Use it with `scale(s, { floor, convention: "reference" })` to get their covariance.
 *
 * @param files - See {@link ReferenceFiles}.
 * @param layout - Names and shapes in the order of their vectors. Defaults to one flat vector.
 * @returns The prior; it belongs to the caller.
 * @throws {@link DataError} when a file is not such a tensor, or its length is not that of the layout.
 */
export async function convertReferencePrior(
  files: ReferenceFiles,
  layout?: ParameterLayout,
): Promise<GaussianPrior> {
  const mean = await readValues(files.mean);
  const variance = await readValues(files.variance);
  const size = layout ? layoutSize(layout) : mean.data.length;
  for (const [path, values] of [
    [files.mean, mean],
    [files.variance, variance],
  ] as const) {
    if (values.data.length === size) continue;
    throw new DataError(
      `convertReferencePrior: ${path} holds ${values.data.length} values; ${size} were expected`,
      { path },
    );
  }
  const base = { mean: mean.data, variance: variance.data, ...(layout ? { layout } : {}) };
  if (files.covmat === undefined) return GaussianPrior.from(base);
  const covmat = await readValues(files.covmat);
  if (covmat.shape.length !== 2 || covmat.shape[1] !== size) {
    throw new DataError(
      `convertReferencePrior: ${files.covmat} has shape [${covmat.shape.join(",")}]; [K,${size}] was expected`,
      { path: files.covmat },
    );
  }
  const deviations = tf.tensor2d(covmat.data, [covmat.shape[0]!, size]);
  try {
    return GaussianPrior.from({ ...base, deviations });
  } finally {
    deviations.dispose();
  }
}
