/** The script of the rivals in Python. */
export const rivals = new URL("rivals.py", import.meta.url);

/** What a section answers whose rival may be missing. */
export const answer = (rows, name, { missing, version }) => ({
  rows,
  skipped: missing ? [{ name, reason: missing }] : [],
  versions: missing ? {} : { [name.toLowerCase()]: version },
});
