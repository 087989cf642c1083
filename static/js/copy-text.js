// Copies the text of an element: of a key on the page that shows it once, or what the button's data-what names.
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-text]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copyText);
  const what = button.dataset.what ?? "Key";
  try {
    const command = document.getElementById(button.dataset.command ?? "")?.textContent;
    await navigator.clipboard.writeText(command?.replace("PROVISIONING_KEY", () => source.textContent) ?? source.textContent);
    button.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
    announce(`${what} copied to clipboard.`);
    if (what === "Key") document.dispatchEvent(new CustomEvent("key-stored"));
  } catch {
    getSelection().selectAllChildren(source);
    announce(`The ${what.toLowerCase()} is selected. Copy it by hand.`);
  }
});
