import { tex } from "@mdit/plugin-tex";
import katex from "katex";

const packages = ["core", "ssl-losses", "sparse-coding", "rpg", "da-theory", "hull", "priors", "ppuu"];

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "lab",
  entryPointStrategy: "packages",
  entryPoints: packages.map((name) => `packages/${name}`),
  packageOptions: {
    includeVersion: true,
    excludeInternal: true,
    excludePrivate: true,
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    requiredToBeDocumented: ["Function", "Class", "Interface", "TypeAlias", "Variable", "Enum"],
  },
  plugin: ["typedoc-plugin-markdown"],
  outputs: [
    { name: "html", path: "docs/api" },
    { name: "markdown", path: "docs/markdown" },
  ],
  projectDocuments: ["docs/guides/*.md"],
  treatValidationWarningsAsErrors: true,
  disableSources: true,
  markdownItLoader: (md) =>
    md.use(tex, {
      render: (formula, displayMode) =>
        katex.renderToString(formula, { displayMode, output: "mathml", throwOnError: true }),
    }),
};
