import type { Paper } from "@lab/core/experiment";

/** The paper behind every experiment of this package. */
export const paper: Paper = {
  title: "Pre-Train Your Loss: Easy Bayesian Transfer Learning with Informative Priors",
  authors: "R. Shwartz-Ziv, M. Goldblum, H. Souri, S. Kapoor, C. Zhu, Y. LeCun, A. G. Wilson",
  year: 2022,
  arxiv: "2205.10279",
};
