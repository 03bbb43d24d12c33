// What leaves the page: to the clipboard, or as a file.

import { element } from "./elements.js";

/** @param {string} text */
export async function copyText(text) {
  if (!text) return; // What was copied before stays.
  const focused = document.activeElement;
  try {
    await navigator.clipboard.writeText(text);
  } catch { // Only pages of a secure origin have a clipboard.
    const field = /** @type {HTMLTextAreaElement} */ (element("textarea", "adm-live"));
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  }
}

/** @param {string} name @param {Uint8Array} bytes of a CSV */
export function downloadCsv(name, bytes) {
  const link = /** @type {HTMLAnchorElement} */ (element("a", "", { download: name }));
  link.href = URL.createObjectURL(new Blob([/** @type {BlobPart} */ (bytes)], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
