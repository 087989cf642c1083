// Copies a command. Where the clipboard is not available (plain http to another machine) it is selected instead.
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-command]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copyCommand);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.dispatchEvent(new CustomEvent("copied", { bubbles: true }));
    announce("Command copied to clipboard.");
  } catch {
    getSelection().selectAllChildren(source);
    announce("The command is selected. Copy it by hand.");
  }
});
