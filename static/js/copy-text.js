// Copy what stands in an element of this page: the once-only page of a new key.
const say = (text) => document.dispatchEvent(new CustomEvent("say", { detail: text }));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-text]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copyText);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.dataset.done = "";
    say("Key copied to clipboard.");
    setTimeout(() => { delete button.dataset.done; }, 2000);
  } catch {
    getSelection().selectAllChildren(source);
    say("The key is selected. Copy it by hand.");
  }
});
