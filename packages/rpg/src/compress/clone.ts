import { batchNormLayer } from "@lab/core/nn";
import * as tf from "@tensorflow/tfjs-core";
import { input, type LayersModel } from "@tensorflow/tfjs-layers";

type Configurable = {
  fromConfig(cls: unknown, config: tf.serialization.ConfigDict): LayersModel;
};

let isRegistered = false;

/** Makes core's normalisation layer known by name, so that configurations with it can be rebuilt. */
export function registerLayers(): void {
  if (isRegistered) return;
  const output = batchNormLayer(input({ shape: [1] }), "register");
  const { sourceLayer } = output as unknown as { sourceLayer: { constructor: unknown; dispose(): void } };
  tf.serialization.registerClass(
    sourceLayer.constructor as tf.serialization.SerializableConstructor<tf.serialization.Serializable>,
  );
  sourceLayer.dispose();
  isRegistered = true;
}

/** A model of the same layers with fresh weights. */
export function emptyCopy(model: LayersModel): LayersModel {
  registerLayers();
  const copy = (model.constructor as unknown as Configurable).fromConfig(
    model.constructor,
    model.getConfig(),
  );
  return copy;
}
