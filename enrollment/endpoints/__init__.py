"""The views for machines: JSON, EST, revocation lists and issuers' certificates, and the code they share."""
