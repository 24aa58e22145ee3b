// Two characters that are put around a quote before its passage is rendered, and that show where
// it came out. They are punctuation, because next to emphasis Markdown treats that most kindly.

/** @typedef {{open: string, close: string}} Markers */

const CANDIDATES = ["⸨⸩", "⦗⦘", "〘〙", "⟬⟭", "⦑⦒"];

/** Markers that match nothing. */
export const NO_MARKERS = { open: "\uffff", close: "\ufffe" };

/** @returns {Markers | null} markers that do not occur in the text */
export function chooseMarkers(text) {
  const pair = CANDIDATES.find(([open, close]) => !text.includes(open) && !text.includes(close));
  return pair ? { open: pair[0], close: pair[1] } : null;
}

/** Remove the markers from a text. */
export function withoutMarkers(text, { open, close }) {
  return text.replace(open, "").replace(close, "");
}

/** Put the markers that `text` has into an element that shows `text` without them. */
export function insertMarkers(element, text, { open, close }) {
  const openAt = text.indexOf(open);
  const closeAt = text.indexOf(close);
  // Back to front, so that the first insertion does not move the second place.
  if (closeAt >= 0) insertText(element, closeAt - (openAt >= 0 && openAt < closeAt ? 1 : 0), close);
  if (openAt >= 0) insertText(element, openAt, open);
}

function insertText(element, offset, character) {
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let before = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (offset <= before + node.length) {
      node.insertData(offset - before, character);
      return;
    }
    before += node.length;
  }
  element.append(character);
}
