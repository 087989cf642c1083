// Copies the text of an element, on the page that shows a new key once.
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-text]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copyText);
  try {
    const command = document.getElementById(button.dataset.command ?? "")?.textContent;
    await navigator.clipboard.writeText(command?.replace("PROVISIONING_KEY", () => source.textContent) ?? source.textContent);
    button.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
    announce("Key copied to clipboard.");
    document.dispatchEvent(new CustomEvent("key-stored"));
  } catch {
    getSelection().selectAllChildren(source);
    announce("The key is selected. Copy it by hand.");
  }
});
