"""What the words of a locality say: segments, country names, homonyms, offsets, coordinates."""
