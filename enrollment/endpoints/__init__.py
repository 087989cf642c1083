"""The addresses that machines use: JSON, EST, revocation lists and issuers, and what they share."""
