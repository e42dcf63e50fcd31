import type { TensorInfo } from "@tensorflow/tfjs-core";
import type { Run } from "./wasm-kernel.js";

type Inputs = Record<string, TensorInfo>;
type Attributes = Record<string, unknown>;

const TO_LAST = [0, 2, 3, 1];
const TO_FIRST = [0, 3, 1, 2];

const reordered = (values: unknown) =>
  Array.isArray(values) && values.length === 4 ? TO_LAST.map((axis) => values[axis]) : values;

/**
 * Lets a kernel that takes channels last take them first: images, shapes and explicit padding are reordered, and the
 * result is put back where it is an image.
 *
 * @param images - Inputs that are images; filters have one layout.
 * @param isImage - Whether the result is an image.
 */
export function withChannelsFirst(
  images: readonly string[],
  isImage: boolean,
  compute: (run: Run, inputs: Inputs, attrs: Attributes) => TensorInfo,
): (run: Run, inputs: Inputs, attrs: Attributes) => TensorInfo {
  return (run, inputs, attrs) => {
    if (attrs.dataFormat !== "NCHW") return compute(run, inputs, attrs);
    const moved = Object.fromEntries(
      Object.entries(inputs).map(([name, tensor]) => [
        name,
        images.includes(name) ? run.transpose(tensor, TO_LAST) : tensor,
      ]),
    );
    const result = compute(run, moved, {
      ...attrs,
      dataFormat: "NHWC",
      pad: reordered(attrs.pad),
      ...(attrs.inputShape ? { inputShape: reordered(attrs.inputShape) } : {}),
    });
    return isImage ? run.transpose(result, TO_FIRST) : result;
  };
}
