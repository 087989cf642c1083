"""Key texts as they arrive: one table of them for the server and the edge."""

from __future__ import annotations

from keys.crypto.tokens import Token

Vectors = dict[str, str]
_SEEN_AS_NOTHING = (
    "\u200b\u200c\u200d\u2060\ufeff\xad\u180e\u200e\u200f\u061c\u2061\u2064\u206a\u206f\ufff9\ufffb"
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufe00\ufe0f\ufffc\u034f\u3164\u180b"
    "\U000e0001\U000e0020\U000e007f\U000e0100\U000e01ef\U0001d173"
)
_SPACES = " \t\r\n\x0b\x0c\x85\xa0\u1680\u2000\u2003\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_PAIRS = (
    '""', "''", "``", "\u201c\u201d", "\u2018\u2019", "\xab\xbb", "\u201e\u201c", "\u201e\u201d", "\u201a\u2018",
    "\xbb\xab",
    "\u2039\u203a", "\u203a\u2039", "\u300c\u300d", "\u300e\u300f", "\u301d\u301f", "\u201d\u201d", "\uff02\uff02",
    "<>", "()",
    "[]", "{}", "||", "**", "\u275d\u275e", "\u2032\u2032", "\u2033\u2033", "\xb4\xb4",
)  # fmt: skip


def read(token: Token) -> Vectors:
    """Texts that mean the key, whatever is around or in them."""
    key, domain = token.text, token.domain
    code = key.rpartition("|")[2]
    wrapped = [key[at : at + 40] for at in range(0, len(key), 40)]
    found = {f"U+{ord(each):04X} everywhere": each + each.join(key) + each for each in _SEEN_AS_NOTHING + _SPACES}
    found |= {f"in {pair!a}": f"{pair[0]}{key}{pair[1]}" for pair in _PAIRS}
    found |= {
        f"with a final {end!a}": key + end for end in (".", ",", ";", ":", "!", "\u2026", ".\u201d", "\u201d.", ").")
    }
    found |= {
        f"{how} domain": f"1|{field}|{code}"
        for how, field in {
            "capital": domain.upper(), "capitalized": domain.title(), "linked by mail": f"{domain}<http://{domain}/>",
            "linked without slash": f"{domain}<https://{domain}>", "linked in brackets": f"{domain} (http://{domain}/)",
            "Markdown": f"[{domain}](http://{domain}/)", "Markdown https": f"[{domain}](https://{domain})",
            "Slack": f"<http://{domain}|{domain}>", "address": f"http://{domain}/", "bracketed address": f"<http://{domain}>",
            "safe link": f"{domain}<https://safe.example/?url=http%3A%2F%2F{domain}%2F&d=05%7C01%7C>",
            "quoted": f"\u201e{domain}\u201c", "linked capital": f"{domain.title()}<http://{domain}/>",
        }.items()
    }  # fmt: skip
    return found | {
        "as it is": key,
        "in full width": "".join(chr(ord(each) + 0xFEE0) for each in key),
        "with full-width bars": key.replace("|", "\uff5c"),
        "in a Markdown table": key.replace("|", "\\|"),
        "a Markdown row": "| " + key.replace("|", "\\|") + " |",
        "a table cell": f"| {key} |",
        "escaped punctuation": key.replace("|", "\\|").replace(".", "\\.").replace("+", "\\+").replace("=", "\\="),
        "percent bars": key.replace("|", "%7C"),
        "lower-case percent bars": key.replace("|", "%7c"),
        "one percent bar": key.replace("|", "%7C", 1),
        "wrapped": "\r\n".join(wrapped),
        "wrapped and indented": "\n   ".join(wrapped) + "\n",
        "a quoted e-mail": "> " + "\n> ".join(wrapped),
        "a bullet": f"- {key}",
        "another bullet": f"\u2022 {key}",
        "a setting": f"PROVISIONING_KEY={key}",
        "a quoted setting": f'export PROVISIONING_KEY="{key}"',
        "YAML": f"provisioning_key: '{key}'",
        "JSON": f'{{"provisioning_key": "{key}"}}',
        "a label": f"Provisioning key: {key}",
        "a German label": f"Schl\xfcssel f\xfcr Berlin: {key}",
        "a Japanese label": f"\u30ad\u30fc\uff1a{key}",
        "percent-encoded": key.replace("|", "%7C").replace("+", "%2B").replace("/", "%2f").replace("=", "%3D"),
        "with a comment": f"# the key of Berlin, 5 uses\n{key}\n",
        "with a comment and a setting": f"; Berlin\n\nPROVISIONING_KEY={key}\n# end\n",
        "with other lines": f"PORTAL_URL=https://portal.example.com\nPROVISIONING_KEY={key}\nOPTIONS=--watch\n",
        "in a message": f"Hello,\nhere is the key:\n\n{key}\n\nRegards\n",
        "with another key in a comment": f"#{key[:60]}x{key[61:]}\n{key}",
    }


def refused(token: Token) -> dict[str, tuple[str, str]]:
    """Texts that are refused, and what the refusal says of them."""
    key, domain = token.text, token.domain
    code = key.rpartition("|")[2]
    other = "B" if code[60] != "B" else "C"
    place = len(key) - 60
    return {
        "empty": ("", "the text is empty"),
        "blank": (" \u200b\n", "the text is empty"),
        "words": ("password", "There is no key in the text"),
        "too long": (" " * 2048 + key, "at most 2,048"),
        "two": (f"{key}\n{key}", "There are 2 keys in the text. Send one."),
        "cut at the end": (key[:-10], "10 characters are missing after the last"),
        "one cut": (key[:place] + key[place + 1 :], "1 character is missing after the last"),
        "cut at the start": (key[2:], r"has two \|, this text 1"),
        "one too many": (key[:place] + "A" + key[place:], "1 character is too many after the last"),
        "grown at the end": (key + "A", "Remove the 1 character after the key"),
        "words before": (f"$env:KEY = {key}", "Remove the 9 characters before the key"),
        "words behind": (f"{key} please", "Remove the 6 characters after the key"),
        "quote inside": (key[:place] + '"' + key[place:], rf"Remove QUOTATION MARK .* at character {place + 1}:"),
        "umlaut inside": (f"{key[:place]}\xe9{key[place + 1 :]}", rf"Copy it again: .* at character {place + 1}"),
        "zero inside": (f"{key[:place]}\0{key[place:]}", rf"Remove the character U\+0000 at character {place + 1}:"),
        "surrogate": ("\ud800" + key, r"Remove the character U\+D800 at character 1:"),
        "broken bars": (key.replace("|", "\xa6"), r"Write \| instead of BROKEN BAR \(U\+00A6\) at character 2, "),
        "typographic hyphen": (key.replace(".", "\u2011", 1), r"no key holds NON-BREAKING HYPHEN \(U\+2011\) at"),
        "Cyrillic letter": (key.replace("a", "\u0430", 1), r"Copy it again: no key holds CYRILLIC SMALL LETTER A "),
        "character of HTML": (key.replace("|", "&#124;"), "Copy it again: no key holds AMPERSAND"),
        "shortened": (f"{key[:place]}\u2026{key[-20:]}", "Copy it again: no key holds HORIZONTAL ELLIPSIS"),
        "URL-safe": (f"{key[:place]}_{key[place + 1 :]}", rf"no key holds LOW LINE .* at character {place + 1}\."),
        "another version": ("2" + key[1:], "does not begin as a key does"),
        "another digit": ("\u0661" + key[1:], "ARABIC-INDIC DIGIT ONE"),
        "another character": (f"1|{domain}|{code[:60]}{other}{code[61:]}", "A character of the key is wrong"),
        "another domain": (f"1|other.example.com|{code}", "A character of the key is wrong"),
        "another link": (f"1|other.example.com<http://{domain}/>|{code}", "Copy it again: no key holds LESS-THAN SIGN"),
        "no domain": (f"1||{code}", "A character of the key is wrong"),
        "three bars": (f"1||{domain}|{code}", r"has two \|, this text 3"),
    }  # fmt: skip
