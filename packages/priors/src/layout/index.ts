export {
  blocksOf,
  checkSameLayout,
  flatLayout,
  type LayoutEntry,
  layoutOf,
  layoutSize,
  type ParameterLayout,
  sizeOf,
  splitFlat,
} from "./parameter-layout.js";
