// Shows another state of the list without leaving the page: the parts marked data-live are replaced by those of the
// portal's own answer. "show-list" with an address asks for it; "list-shown" follows.
// Named in the Content-Security-Policy, which admits no other policy. It is for pages of the portal alone.
const policy = globalThis.trustedTypes?.createPolicy("portal-pages", { createHTML: (page) => page });
let running;

async function load(address) {
  running?.abort();
  running = new AbortController();
  const response = await fetch(address, { headers: { Accept: "text/html" }, signal: running.signal });
  // Signed out, or refused: the browser shows why.
  if (!response.ok || response.redirected) return location.assign(address);
  const text = await response.text();
  const page = new DOMParser().parseFromString(policy?.createHTML(text) ?? text, "text/html");
  if (!page.getElementById("rows")) return location.assign(address);
  replace(page);
  history.replaceState(null, "", address);
  document.dispatchEvent(new CustomEvent("list-shown"));
}

// The control of the new page that has the place of a control of the old one.
function counterpart(control) {
  const same = control.id ? document.getElementById(control.id) : null;
  const toggle = control.closest(".record")?.querySelector("[aria-controls]");
  return same ?? (toggle && document.querySelector(`[aria-controls="${toggle.getAttribute("aria-controls")}"]`));
}

function replace(page) {
  const focused = document.activeElement;
  // What somebody is setting in an open menu stays theirs.
  for (const part of document.querySelectorAll("[data-live]:not(:popover-open)")) {
    const fresh = page.getElementById(part.id);
    part.replaceChildren(...(fresh?.childNodes ?? []));
    part.toggleAttribute("popover", fresh?.hasAttribute("popover"));
  }
  const count = document.getElementById("count");
  count.textContent = page.getElementById("count").textContent;
  count.parentElement.className = page.getElementById("count").parentElement.className;
  document.title = page.title;
  const mistakes = document.getElementById("error-summary");
  if (mistakes) mistakes.focus();
  else if (!focused.isConnected) counterpart(focused)?.focus();
}

// An answer to what is no longer in the form would put the old values back.
document.addEventListener("input", ({ target }) => { if (target.form?.id === "filters") running?.abort(); });

document.addEventListener("show-list", async ({ detail: address }) => {
  const rows = document.getElementById("rows");
  rows.ariaBusy = "true";
  try {
    await load(address);
  } catch (error) {
    if (error.name === "AbortError") return;
    document.dispatchEvent(new CustomEvent("announce", { detail: "The list could not be loaded. Try again." }));
  }
  rows.ariaBusy = null;
});
