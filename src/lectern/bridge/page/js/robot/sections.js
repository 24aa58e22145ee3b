// Opening the place in the book that a demo shows.

import { call } from "../api.js";

const RESULTS = 50;

/**
 * Find the passage of a section.
 * @param {string} section file of the book, `#`, anchor
 * @returns {Promise<object | null>} what `PassagePanel.open` takes
 */
export async function findSection(section) {
  const [file, anchor] = section.split("#");
  const query = (anchor || file).replace(/\.\w+$/, "").replaceAll("-", " ");
  const { results } = await call("GET", `api/v1/search?k=${RESULTS}&q=${encodeURIComponent(query)}`);
  const inFile = results.filter(({ source }) => source === file || source.endsWith(`/${file}`));
  return inFile.find((result) => result.anchor === anchor) ?? inFile[0] ?? null;
}
