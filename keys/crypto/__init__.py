"""Pure cryptography and parsing: key texts, sealing, the keyring, certificates, PEM, rules for a CA. No Django."""
