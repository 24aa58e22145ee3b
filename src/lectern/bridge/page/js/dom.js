// Building elements. Nothing on this page ever turns text into HTML.

/**
 * Make an element.
 * @param {string} tag
 * @param {Record<string, any>} properties `class`, `on*` listeners, attributes
 * @param {...(Node | string)} children strings become text
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** Switch a control off, or on again. Unlike `disabled` this leaves the focus where it is; listeners ask `isOff`. */
export function switchOff(control, off) {
  control.setAttribute("aria-disabled", String(off));
}

/** Whether a control is switched off. */
export function isOff(control) {
  return control.getAttribute("aria-disabled") === "true";
}

/** Join a trail of headings for people. */
export function joinTrail(heading) {
  return heading.join(" › ");
}
