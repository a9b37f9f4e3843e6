"""Reading locality texts: segments, country names, homonyms, offsets, coordinates."""
