import type { LayersModel } from "@tensorflow/tfjs-layers";

/** How each model of this module was built, so that it can be built again. */
const recipes = new WeakMap<LayersModel, () => LayersModel>();

/** Builds a model and remembers how. */
export function built(recipe: () => LayersModel): LayersModel {
  const model = recipe();
  recipes.set(model, recipe);
  return model;
}

/** The recipe of a model, where it was built here. */
export function recipeOf(model: LayersModel): (() => LayersModel) | undefined {
  return recipes.get(model);
}
