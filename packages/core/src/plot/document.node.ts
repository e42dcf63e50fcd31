import { parseHTML } from "linkedom";

let made: Document | undefined;

/** The document in which figures are built: a light one without a browser. */
export function figureDocument(): Document {
  made ??= parseHTML("<!doctype html><html><body></body></html>").document as unknown as Document;
  return made;
}
