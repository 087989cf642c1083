// Search and filters: results as you type, a filter applies when it is chosen. Without it Enter and Apply submit the form.
const PAUSE = 200;
const form = document.getElementById("filters");
const menu = document.getElementById("filter-menu");
let timer;

function apply() {
  clearTimeout(timer);
  const address = new URL(location.pathname, location);
  const given = [...new FormData(form)].filter(([, value]) => value.trim());
  address.search = new URLSearchParams(given);
  document.dispatchEvent(new CustomEvent("show-list", { detail: address }));
}

function applyAndClose() {
  if (menu?.matches(":popover-open")) menu.hidePopover();
  apply();
}

// The search of the wizard is in another form: it belongs to this one by its attribute.
const search = form && [...form.elements].find(({ type }) => type === "search");

search?.addEventListener("input", (event) => {
  clearTimeout(timer);
  if (!event.isComposing) timer = setTimeout(apply, PAUSE);
});

search?.addEventListener("compositionend", () => { timer = setTimeout(apply, PAUSE); });

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  applyAndClose();
});

menu?.addEventListener("change", ({ target }) => {
  // A year that is typed digit by digit is 0002 at first.
  if (target.type !== "date" || !target.value.startsWith("0")) applyAndClose();
});

// A filter that is opened is ready to be set.
menu?.addEventListener("toggle", ({ target }) => {
  if (target.open && menu.contains(document.activeElement)) target.querySelector("input, select").focus();
}, true);
