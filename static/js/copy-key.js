// Copy: fetches the key's text by POST and writes it to the clipboard, alone or in a command. The page never contains it.
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

// An error with the detail of the portal's problem document (RFC 9457), or without one for other failures.
async function refusal(response) {
  const isProblem = response.headers.get("Content-Type")?.startsWith("application/problem+json");
  return Object.assign(new Error(String(response.status)), { detail: isProblem ? (await response.json()).detail : "" });
}

async function reveal(button) {
  const response = await fetch(button.formAction, {
    method: "POST",
    body: new FormData(button.form, button),
    headers: { Accept: "text/plain" },
    cache: "no-store",
  });
  if (!response.ok || response.redirected) throw await refusal(response);
  const command = document.getElementById(button.dataset.command ?? "")?.textContent;
  const text = await response.text();
  return new Blob([command?.replace("PROVISIONING_KEY", () => text) ?? text], { type: "text/plain" });
}

async function copy(button) {
  let detail = "";
  const blob = reveal(button).catch((error) => { detail = error.detail; throw error; });
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
