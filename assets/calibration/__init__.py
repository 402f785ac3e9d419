"""What months have taught: the sets of coefficients, kept, made and used."""
