/**
 * Parts that are loaded when a call first needs them, so that a page that asks for verdicts alone does not carry them.
 *
 * @packageDocumentation
 */
export { firstOrder } from "./cascade/first-order-stage.js";
export { gaugesOf } from "./cascade/gauges.js";
export { exactMembership } from "./exact/exact-membership.js";
export { extremeRowsOf, onionLayers } from "./extreme/onion.js";
export { lpCandidate, nnlsCandidate } from "./solver/candidates.js";
