import { DataError } from "@lab/core";
import { nodeModule, readNpy, readSafetensors } from "@lab/core/io";
import * as tf from "@tensorflow/tfjs-core";
import type { LayersModel } from "@tensorflow/tfjs-layers";
import { GaussianPrior } from "../gaussian/index.js";
import { layoutSize, type ParameterLayout } from "../layout/index.js";
import { readTorchTensor } from "./torch-file.js";
import { torchOrder } from "./torch-order.js";

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
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new DataError(
      `convertReferencePrior: ${path} cannot be read; a file of torch.save was expected`,
      { path },
      { cause },
    );
  }
  return readTorchTensor(bytes, path);
}

/**
 * A prior from the files of the authors' release (`.pt` as `torch.save` writes them, `.npy` or safetensors). Node only.
 *
 * Use it with `scale(s, { floor, convention: "reference" })` to get their covariance.
 *
 * @param files - See {@link ReferenceFiles}.
 * @param layout - Names and shapes in the order of their vectors, or the model whose twin in PyTorch they are of (its layers
 *   named as those of `@lab/core/nn`): order and axes are then brought to the model's, and a last layer that the vectors lack
 *   is left out. Defaults to one flat vector.
 * @returns The prior; it belongs to the caller.
 * @throws {@link DataError} when a file is not such a tensor, or its length is not that of the layout; {@link ArgumentError}
 *   when it is not that of the model.
 */
export async function convertReferencePrior(
  files: ReferenceFiles,
  layout?: ParameterLayout | LayersModel,
): Promise<GaussianPrior> {
  const mean = await readValues(files.mean);
  const variance = await readValues(files.variance);
  const order =
    layout && !("entries" in layout)
      ? torchOrder("convertReferencePrior", layout, mean.data.length)
      : undefined;
  const own = order ? order.layout : (layout as ParameterLayout | undefined);
  const size = own ? layoutSize(own) : mean.data.length;
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
  const covmat = files.covmat === undefined ? undefined : await readValues(files.covmat);
  if (covmat && (covmat.shape.length !== 2 || covmat.shape[1] !== size)) {
    throw new DataError(
      `convertReferencePrior: ${files.covmat} has shape [${covmat.shape.join(",")}]; [K,${size}] was expected`,
      { path: files.covmat! },
    );
  }
  const inOrder = ({ data }: Values) => order?.reorder(data) ?? data;
  const deviations = covmat && tf.tensor2d(inOrder(covmat), [covmat.shape[0]!, size]);
  try {
    return GaussianPrior.from({
      mean: inOrder(mean),
      variance: inOrder(variance),
      ...(own && { layout: own }),
      ...(deviations && { deviations }),
    });
  } finally {
    deviations?.dispose();
  }
}
