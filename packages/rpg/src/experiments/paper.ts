import type { Paper } from "@lab/core/experiment";

/** The paper behind every experiment of this package. */
export const paper: Paper = {
  title: "Compact and Optimal Deep Learning with Recurrent Parameter Generators",
  authors: "J. Wang, Y. Chen, S. X. Yu, B. Cheung, Y. LeCun",
  year: 2021,
  arxiv: "2107.07110",
};
