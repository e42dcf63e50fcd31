import type { LayersModel, SymbolicTensor } from "@tensorflow/tfjs-layers";

/** Layers that hand every column on. */
const PASSING = new Set([
  "Activation",
  "ReLU",
  "Flatten",
  "Dropout",
  "GlobalAveragePooling1D",
  "GlobalAveragePooling2D",
  "BatchNormalization",
  "LabBatchNorm",
]);

/** Whether the output of a model is a sum of branches, up to layers that hand every column on. */
export function endsInSum(model: LayersModel): boolean {
  let tensor: SymbolicTensor | undefined = model.outputs[0];
  while (tensor) {
    const kind = tensor.sourceLayer.getClassName();
    if (kind === "Add") return true;
    if (!PASSING.has(kind)) return false;
    tensor = tensor.inputs[0];
  }
  return false;
}
