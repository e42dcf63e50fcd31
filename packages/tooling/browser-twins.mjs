import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** For a page every `name.node.ts` gives way to its twin `name.browser.ts`; one without a twin is an error. */
export const browserTwins = {
  name: "browser-twins",
  setup({ onResolve }) {
    onResolve({ filter: /\.node\.js$/ }, ({ path, importer }) => {
      const source = join(dirname(importer), path.replace(/\.js$/, ".ts"));
      if (!existsSync(source)) return undefined; // another package's file of that name
      const twin = source.replace(/\.node\.ts$/, ".browser.ts");
      return existsSync(twin) ? { path: twin } : { errors: [{ text: `${path}: no browser twin ${twin}` }] };
    });
  },
};
