import { existsSync, readdirSync } from "node:fs";
import { tex } from "@mdit/plugin-tex";
import katex from "katex";

// A documented package has a typedoc.json, which names its entry points.
const packages = readdirSync("packages").filter((name) => existsSync(`packages/${name}/typedoc.json`));

// Packages name core's errors in their @throws without importing them; every page lies in a folder beside `classes`.
const ERRORS =
  /^(LabError|ArgumentError|ShapeError|DataError|NumericalError|NotPositiveDefiniteError|BackendError|BackendUnavailableError|NotInitializedError)$/;
const linkErrors = (app) => {
  app.converter.addUnknownSymbolResolver(({ symbolReference }) => {
    const name = symbolReference?.path?.map(({ path }) => path).join(".");
    return name && ERRORS.test(name)
      ? { target: `../classes/_lab_core.index.${name}.html`, caption: name }
      : undefined;
  });
};

/** @type {Partial<import("typedoc").TypeDocOptions>} */
export default {
  name: "lab",
  favicon: "packages/site/static/favicon.svg",
  entryPointStrategy: "packages",
  entryPoints: packages.map((name) => `packages/${name}`),
  packageOptions: {
    includeVersion: true,
    excludeInternal: true,
    excludePrivate: true,
    validation: { notExported: true, invalidLink: true, notDocumented: true },
    requiredToBeDocumented: ["Function", "Class", "Interface", "TypeAlias", "Variable", "Enum"],
  },
  plugin: ["typedoc-plugin-markdown", linkErrors],
  outputs: [
    { name: "html", path: "docs/api" },
    { name: "markdown", path: "docs/markdown" },
  ],
  projectDocuments: ["docs/guides/*.md"],
  treatValidationWarningsAsErrors: true,
  disableSources: true,
  disableGit: true,
  highlightLanguages: [
    "bash",
    "console",
    "css",
    "html",
    "javascript",
    "json",
    "jsonc",
    "sh",
    "ts",
    "tsx",
    "typescript",
    "py",
    "bibtex",
  ],
  readme: "none",
  markdownItLoader: (md) =>
    md.use(tex, {
      render: (formula, displayMode) =>
        katex.renderToString(formula, { displayMode, output: "mathml", throwOnError: true }),
    }),
};
