"""One message's bytes to folded words to hashed n-grams; the compiled kernel lives here."""
