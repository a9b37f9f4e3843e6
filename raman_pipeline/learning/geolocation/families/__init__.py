"""The methods themselves, one module per kind; `registry` lists them."""
