// Copy and Show: the key's text is fetched by POST. Copy writes it to the clipboard, alone or in a command; Show displays
// it for 60 seconds, or until the page is left or hidden. The page never contains it before.
const SECONDS = 60;
const timers = new Map();
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

// The text; an error has the detail of the portal's problem document (RFC 9457), or none for other failures.
async function reveal(button) {
  const response = await fetch(button.formAction, {
    method: "POST",
    body: new FormData(button.form, button),
    headers: { Accept: "text/plain" },
    cache: "no-store",
  });
  if (response.ok && !response.redirected) return response.text();
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  throw Object.assign(new Error(String(response.status)), { detail: isProblem ? (await response.json()).detail : "" });
}

async function toCopy(button) {
  const text = await reveal(button);
  const command = document.getElementById(button.dataset.command ?? "")?.textContent;
  return new Blob([command?.replace("PROVISIONING_KEY", () => text) ?? text], { type: "text/plain" });
}

async function copy(button) {
  let detail = "";
  const blob = toCopy(button).catch((error) => { detail = error.detail; throw error; });
  button.setAttribute("aria-busy", "true");
  try {
    // The call gets a promise and is not awaited first: Safari allows the clipboard only in the click handler.
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    button.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
    announce("Key copied to clipboard.");
  } catch {
    announce(detail || "The key could not be copied. Download it instead, or show it and copy by hand.");
  } finally {
    button.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  // Without clipboard access (plain http) the form is submitted and the browser shows the text.
  if (!button || !navigator.clipboard?.write) return;
  event.preventDefault();
  copy(button);
});

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

async function show(button, box) {
  box.textContent = await reveal(button);
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
