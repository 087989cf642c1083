// Saves the text of an element as a file. The server no longer has it.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-save-text]");
  if (!button) return;
  const text = document.getElementById(button.dataset.saveText).textContent;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text, "\n"], { type: "text/plain" }));
  link.download = button.dataset.fileName;
  link.click();
  document.dispatchEvent(new CustomEvent("key-stored"));
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
});
