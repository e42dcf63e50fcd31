import type { Paper } from "@lab/core/experiment";

/** Decoupled contrastive learning. */
export const decoupledPaper: Paper = {
  title: "Decoupled Contrastive Learning",
  authors: "C.-H. Yeh, C.-Y. Hong, Y.-C. Hsu, T.-L. Liu, Y. Chen, Y. LeCun",
  year: 2022,
  arxiv: "2110.06848",
};

/** Dimensional collapse. */
export const collapsePaper: Paper = {
  title: "Understanding Dimensional Collapse in Contrastive Self-supervised Learning",
  authors: "L. Jing, P. Vincent, Y. LeCun, Y. Tian",
  year: 2022,
  arxiv: "2110.09348",
};

/** Neural manifold clustering and embedding. */
export const nmcePaper: Paper = {
  title: "Neural Manifold Clustering and Embedding",
  authors: "Z. Li, Y. Chen, Y. LeCun, F. T. Sommer",
  year: 2022,
  arxiv: "2201.10000",
};
