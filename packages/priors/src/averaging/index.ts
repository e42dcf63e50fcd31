export { type BayesianModelAverageOptions, bayesianModelAverage } from "./bayesian-model-average.js";
