// Keyboard shortcuts: a key clicks the element with that aria-keyshortcuts, or data-keys for keys after g.
// Pages do not load this script when shortcuts are switched off in Preferences.
const SECONDS = 1.5;
const EDITED = "input, textarea, select, [contenteditable]:not([contenteditable=false])";
const list = document.getElementById("shortcuts");
let first = "";
let timer;

function target(keys) {
  const found = document.querySelectorAll(`[aria-keyshortcuts="${keys}"], [data-keys="${keys}"]`);
  return [...found].find((each) => each.checkVisibility()) ?? found[0];
}

function press(element) {
  if (!element.matches("input")) return element.click();
  element.focus();
  element.select();
}

function forget() {
  clearTimeout(timer);
  first = "";
}

function isShortcut(event) {
  const isChord = event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat;
  return !isChord && !event.defaultPrevented && !event.target.closest(EDITED) && !document.querySelector("dialog[open]");
}

document.addEventListener("keydown", (event) => {
  if (!isShortcut(event)) return;
  const key = event.shiftKey ? event.key : event.key.toLowerCase();
  const keys = first + key;
  forget();
  if (keys === "g") {
    first = "g ";
    timer = setTimeout(forget, SECONDS * 1000);
    return;
  }
  const element = /^(g )?[a-z/?]$/.test(keys) && target(keys);
  if (!element) return;
  event.preventDefault();
  press(element);
});

// Focuses Close: the first link would leave the page by accident. (autofocus would also act on page load.)
document.getElementById("shortcuts-button").addEventListener("click", ({ detail }) => {
  // The dialog closes the user menu, and its own end returns the focus to where it was. (A key clicks without detail.)
  if (detail || document.activeElement.id === "shortcuts-button") document.getElementById("user-button").focus();
  list.showModal();
  list.querySelector("button").focus();
});
