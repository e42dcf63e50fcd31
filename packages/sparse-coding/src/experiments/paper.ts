import type { Paper } from "@lab/core/experiment";

/** The paper behind every experiment of this package. */
export const paper: Paper = {
  title: "Sparse Coding with Multi-layer Decoders using Variance Regularization",
  authors: "K. Evtimova, Y. LeCun",
  year: 2022,
  arxiv: "2112.09214",
};
