// Show: displays the key's text for 60 seconds, or until the page is left or hidden.
const SECONDS = 60;
const timers = new Map();
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

function label(button, text) {
  button.querySelector("span").textContent = text;
  button.setAttribute("aria-label", `${text}${button.dataset.name}`);
}

function hide(box) {
  const button = document.querySelector(`[data-show="${box.id}"]`);
  clearTimeout(timers.get(box));
  timers.delete(box);
  box.textContent = "";
  box.hidden = true;
  label(button, "Show key");
}

// An error with the detail of the portal's problem document (RFC 9457), or without one for other failures.
async function refusal(response) {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  return Object.assign(new Error(String(response.status)), { detail: isProblem ? (await response.json()).detail : "" });
}

async function show(button, box) {
  const response = await fetch(button.formAction, {
    method: "POST",
    body: new FormData(button.form, button),
    headers: { Accept: "text/plain" },
    cache: "no-store",
  });
  if (!response.ok || response.redirected) throw await refusal(response);
  box.textContent = await response.text();
  box.hidden = false;
  label(button, "Hide key");
  timers.set(box, setTimeout(hide, SECONDS * 1000, box));
  announce(`Key shown for ${SECONDS} seconds.`);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-show]");
  if (!button) return;
  event.preventDefault();
  button.dataset.name ??= button.getAttribute("aria-label").slice("Show key".length);
  const box = document.getElementById(button.dataset.show);
  if (timers.has(box)) return hide(box);
  try {
    await show(button, box);
  } catch (error) {
    announce(error.detail || "The key could not be shown. Reload the page and try again.");
  }
});

const hideAll = () => [...timers.keys()].forEach(hide);
addEventListener("pagehide", hideAll);
document.addEventListener("visibilitychange", () => { if (document.hidden) hideAll(); });
