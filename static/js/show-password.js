// Shows what is typed in the password field, and hides it again; the form always sends it as a password.
const button = document.getElementById("show-password");
const field = document.getElementById("id_password");

function show(visible) {
  field.type = visible ? "text" : "password";
  button.setAttribute("aria-pressed", String(visible));
}

button.addEventListener("click", () => show(field.type === "password"));
// Browsers keep what was typed in a field of text for the next visit.
field.form.addEventListener("submit", () => show(false));
