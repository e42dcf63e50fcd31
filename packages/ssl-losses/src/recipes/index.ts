export { type PreparedRecipe, type PrepareRecipeOptions, prepareRecipe } from "./prepare-recipe.js";
export { type Recipe, recipes } from "./recipes.js";
