import type { Paper } from "@lab/core/experiment";

/** The paper behind every experiment of this package. */
export const paper: Paper = {
  title: "Learning in high dimension always amounts to extrapolation",
  authors: "Balestriero, Pesenti, LeCun",
  year: 2021,
  arxiv: "2110.09485",
};
