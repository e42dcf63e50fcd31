export {
  type ElasticNetClustersOptions,
  type ElasticNetClustersResult,
  elasticNetClusters,
} from "./elastic-net-clusters.js";
