"""Which model version ran where, when, and who owns it: the catalogue file as dated links."""
