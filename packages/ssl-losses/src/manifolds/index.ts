export { clusterManifolds } from "./cluster-manifolds.js";
export type { ClusterManifoldsOptions, ClusterManifoldsResult } from "./options.js";
