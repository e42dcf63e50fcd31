/** The document in which figures are built: the page's own. */
export function figureDocument(): Document {
  return document;
}
