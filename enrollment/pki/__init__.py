"""Pure: what a CSR must be, what a certificate holds, signing, revocation lists, proofs. No Django."""
