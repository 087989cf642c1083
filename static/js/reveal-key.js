// Copy, Show and Download: the key's text is fetched by POST. Copy writes it to the clipboard, alone or in a command; Show displays
// it for 60 seconds, or until the page is left or hidden. The page never contains it before.
const SECONDS = 60;
const timers = new Map();
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

// The answer with the text; an error has the detail and the code of the portal's problem document (RFC 9457), or none
// for other failures.
async function reveal(button, password) {
  const body = new FormData(button.form, button);
  if (password) body.set("password", password);
  const response = await fetch(button.formAction, { method: "POST", body, headers: { Accept: "text/plain" }, cache: "no-store" });
  if (response.ok && !response.redirected) return response;
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  const { detail = "", code = "" } = isProblem ? await response.json() : {};
  throw Object.assign(new Error(String(response.status)), { detail, code });
}

// What to do about an error: ask for the password where the portal wants it (ask-password.js), else show the reason.
function answer({ detail, code = "" }, otherwise, password, again) {
  const asked = { mistake: password ? detail : "", again };
  const isAsked = code.startsWith("password_")
    && !document.dispatchEvent(new CustomEvent("ask-password", { detail: asked, cancelable: true }));
  if (!isAsked) announce(detail || otherwise);
}

async function toCopy(button, password) {
  const text = await (await reveal(button, password)).text();
  const command = document.getElementById(button.dataset.command ?? "")?.textContent;
  return new Blob([command?.replace("PROVISIONING_KEY", () => text) ?? text], { type: "text/plain" });
}

async function copy(button, password) {
  let refused = {};
  const blob = toCopy(button, password).catch((error) => { refused = error; throw error; });
  button.setAttribute("aria-busy", "true");
  try {
    // The call gets a promise and is not awaited first: Safari allows the clipboard only in the click handler.
    await navigator.clipboard.write([new ClipboardItem({ "text/plain": blob })]);
    button.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
    announce("Key copied to clipboard.");
  } catch {
    const otherwise = "The key could not be copied. Download it instead, or show it and copy by hand.";
    answer(refused, otherwise, password, (typed) => copy(button, typed));
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

async function show(button, box, password) {
  try {
    box.textContent = await (await reveal(button, password)).text();
  } catch (error) {
    const otherwise = "The key could not be shown. Reload the page and try again.";
    return answer(error, otherwise, password, (typed) => show(button, box, typed));
  }
  box.hidden = false;
  label(button, "Hide key");
  timers.set(box, setTimeout(hide, SECONDS * 1000, box));
  announce(`Key shown for ${SECONDS} seconds.`);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show]");
  if (!button) return;
  event.preventDefault();
  button.dataset.name ??= button.getAttribute("aria-label").slice("Show key".length);
  const box = document.getElementById(button.dataset.show);
  if (timers.has(box)) return hide(box);
  show(button, box);
});

const hideAll = () => [...timers.keys()].forEach(hide);
addEventListener("pagehide", hideAll);
document.addEventListener("visibilitychange", () => { if (document.hidden) hideAll(); });

// Download is a form, but where the answer could be the page that asks for the password.
async function download(button, password) {
  const link = document.createElement("a");
  try {
    const response = await reveal(button, password);
    link.download = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))[1];
    link.href = URL.createObjectURL(await response.blob());
  } catch (error) {
    const otherwise = "The key could not be downloaded. Reload the page and try again.";
    return answer(error, otherwise, password, (typed) => download(button, typed));
  }
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".is-download, [data-download]");
  if (!button || !document.getElementById("ask-password")) return;
  event.preventDefault();
  download(button);
});
