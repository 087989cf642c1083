// Stores the browser's time zone in the cookie that the page names. Without it times are in UTC.
const name = document.querySelector("meta[name=zone-cookie]").content;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

if (/^[A-Za-z0-9_+/-]{1,64}$/.test(zone)) {
  const secure = name.startsWith("__Host-") ? "; Secure" : "";
  document.cookie = `${name}=${zone}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
}
