// Asks for the password before Show, Copy and Download, then goes on with what was asked: reveal-key.js dispatches
// "ask-password" with a mistake, or none, and `again`, which takes the password.
const dialog = document.getElementById("ask-password");
const input = dialog.querySelector("input[type=password]");
const mistake = document.getElementById("ask-password-mistake");
let again;

document.addEventListener("ask-password", (event) => {
  event.preventDefault();
  again = event.detail.again;
  mistake.textContent = event.detail.mistake;
  input.setAttribute("aria-invalid", String(Boolean(event.detail.mistake)));
  dialog.showModal();
  input.focus();
});

// Called at once, because browsers allow the clipboard only in the handler of a press.
dialog.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const typed = input.value;
  dialog.close();
  again(typed);
});
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
dialog.addEventListener("close", () => { input.value = ""; });
