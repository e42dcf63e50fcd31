export {
  DictionaryLearner,
  type DictionaryLearnerOptions,
  type LearnHooks,
  type StreamOptions,
} from "./dictionary-learner.js";
