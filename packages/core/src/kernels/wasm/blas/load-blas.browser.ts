/** A page reaches no library of the system. */
export const loadBlas: typeof import("./load-blas.node.js").loadBlas = async () => undefined;
