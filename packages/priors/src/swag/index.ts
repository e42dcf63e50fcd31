export { SwagCollector, type SwagCollectorOptions, type SwagState } from "./swag-collector.js";
